"""Batch services on this machine, for trying a workflow without an account, and for tests.

:mod:`.aws` emulates AWS, :mod:`.google` Google Cloud, :mod:`.azure` Azure. What they have in common lies here: a small HTTP server, faults
on request, counts of calls, slots in which jobs run one after another, and the hosts that run them as processes or in containers.
Everything binds to the loopback interface unless told otherwise.
"""
