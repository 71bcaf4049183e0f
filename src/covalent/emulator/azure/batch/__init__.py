"""Azure Batch on this machine: its REST API 2025-06-01 as azure-batch speaks it.

Whoever serves it constructs a :class:`~.application.BatchApplication`, calls ``start(endpoint)``, hands it requests, and calls ``stop()``::

    batch = BatchApplication(
        BatchSettings(account="covalent", pools=[PoolSettings(id="covalent-pool", nodes=2)]),
        host=host, faults=Faults(hold_reason=HOLD_REASON), calls=calls,
        authenticate=lambda request: "client",       # or raises RefusalError
        variables=lambda pool: {"AZURE_POD_IDENTITY_AUTHORITY_HOST": …, "COVALENT_AZURE_STORAGE_ENDPOINT": …},
    )

===================  =====================================================================
:mod:`.application`  the border: who asks, faults, counts, which operation
:mod:`.wire`         calls and answers
:mod:`.schema`       requests, parsed with azure-batch's own models
:mod:`.checks`       what the service demands beyond their types
:mod:`.odata`        ``$filter``, ``$select`` and pages
:mod:`.job_api`      operations on jobs; :mod:`.task_api`, :mod:`.file_api`, :mod:`.pool_api`
:mod:`.jobs`         a job; :mod:`.tasks`, :mod:`.pools`
:mod:`.scheduler`    what runs when, and on which node
:mod:`.attempts`     one attempt of a task; :mod:`.outcomes`: how it ended
===================  =====================================================================
"""

from __future__ import annotations

from .application import API_VERSION, BatchApplication
from .settings import HOLD_REASON, BatchSettings, PoolSettings

__all__ = ["API_VERSION", "HOLD_REASON", "BatchApplication", "BatchSettings", "PoolSettings"]
