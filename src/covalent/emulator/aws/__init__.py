"""AWS on this machine: Batch as it is described here, everything else by moto.

====================  ============================================================
:mod:`.application`   takes a request: who asks for what, faults, counts
:mod:`.operation`     which service and which operation a request is for
:mod:`.signature`     Signature Version 4, checked as the real services check it
:mod:`.refusal`       errors in the form that each service's protocol has
:mod:`.batch`         jobs, their definitions and their attempts
:mod:`.moto_border`   the only module that knows moto
:mod:`.server`        puts it together and serves it until it is stopped
====================  ============================================================
"""
