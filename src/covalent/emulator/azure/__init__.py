"""Azure on this machine: Batch, Blob Storage, the sign-in of applications, and the managed identities of pools.

====================  ================================================================
:mod:`.batch`         jobs, tasks and pools
:mod:`.storage`       blobs: Azurite, and a gateway before it
:mod:`.identity`      who may do what, and tokens that show it
:mod:`.gate`          what every call passes: faults, counts
:mod:`.refusal`       what services answer when they do not do what they were asked
:mod:`.application`   all but blobs, on one address
:mod:`.server`        puts it together and serves it until it is stopped
====================  ================================================================
"""
