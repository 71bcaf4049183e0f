"""What there is on the Azure on this machine that :mod:`.azure_fixtures` makes, and an executor's settings for it."""

from __future__ import annotations

from typing import Any, Final

POOL, CONTAINER, STORAGE = "covalent-pool", "covalent", "covalentbatch"

OPTIONS: Final[dict[str, Any]] = {
    "tenant_id": "tenant-id",
    "client_id": "client-id",
    "client_secret": "client-secret",
    "batch_account_url": "https://covalent.eastus.batch.azure.com",
    "storage_account_name": STORAGE,
    "pool_id": POOL,
}
