"""Images of one's own for tasks on batch services: with packages in them, built and pushed with podman or docker.

===================  ======================================================================
:mod:`.recipe`       what goes into an image, as a Containerfile
:mod:`.check`        runs inside an image while it is built: whether tasks can run there
:mod:`.repository`   the name of an image in a registry, and whose registry that is
:mod:`.sign_in`      a name and a password for a registry, from the credentials of an executor
:mod:`.engine`       podman or docker on this machine
:mod:`.trouble`      what they say when something is wrong, and what to do about it
:mod:`.settings`     what an executor's configuration says of its image
===================  ======================================================================
"""
