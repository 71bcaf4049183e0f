"""Batch services on this machine, for trying a workflow without an account, and for tests.

:mod:`.aws` emulates AWS. What the clouds have in common lies here: a small HTTP server, faults on request, counts of calls, and the hosts
that run jobs as processes or in containers. Everything binds to the loopback interface unless told otherwise.
"""
