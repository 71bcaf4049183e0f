"""Cloud resources for an executor: Terraform modules, and running Terraform or OpenTofu on them.

===================  =============================================================
:mod:`.modules`      which modules there are, and what sets each apart
:mod:`.variables`    what a module can be told: read from its ``variables.tf``
:mod:`.program`      Terraform or OpenTofu on this machine
:mod:`.workspace`    the directory of one deployment: files, state, lock
:mod:`.running`      one command of the program, so that its end is never missed
:mod:`.events`       what the program reports while it works
:mod:`.trouble`      what it says when something is wrong, and what to do about it
:mod:`.results`      what it tells of a deployment
:mod:`.deployment`   plan, apply, destroy, and what is there
===================  =============================================================
"""
