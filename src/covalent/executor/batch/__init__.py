"""One engine for all batch services: staging, submission with intent, one poller for each account, collection, causes, logs.

A cloud adds a :class:`~covalent.executor.batch.service.BatchService`, which holds calls and tables only, and a subclass of
:class:`~covalent.executor.batch.executor.BatchExecutor`, which holds its settings.
"""
