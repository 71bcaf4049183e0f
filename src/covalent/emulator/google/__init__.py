"""Google Cloud on this machine: Batch, Cloud Logging as far as Batch writes to it, Cloud Storage, and the metadata of jobs' machines.

====================  ============================================================
:mod:`.gate`          every call passes it: who asks, faults, counts
:mod:`.grpc_border`   Batch and Logging over gRPC, with the libraries' own types
:mod:`.application`   the same over REST, Cloud Storage, metadata, all over HTTP
:mod:`.refusal`       errors in the form that each protocol has
:mod:`.identity`      service accounts, and the tokens of their jobs
:mod:`.metadata`      a machine's metadata server
:mod:`.batch`         jobs, their tasks and their attempts
:mod:`.logs`          what tasks print
:mod:`.filters`       the language in which lists are filtered
:mod:`.storage`       buckets and objects, behind the XML API and the JSON API
:mod:`.server`        puts it together and serves it until it is stopped
====================  ============================================================
"""
