"""``covalent doctor``: what is wrong on this machine, with the server, and with each executor's account; and what mends it.

What an executor has to look at is beside the executor: its ``examination()``.
"""
