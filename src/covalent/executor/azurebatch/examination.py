"""What ``covalent doctor`` looks at on Azure Batch."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ...errors import ExecutorError
from ...troubles import Trouble
from ..batch.examination import SET_CLOCK, BatchExamination
from ..examination import Check, Finding, failed, ok, warning
from .account import Account
from .checks import Checks
from .pools import Pool, Pools, reason_of
from .session import Clients

if TYPE_CHECKING:
    from .executor import AzureBatchExecutor

_SET: Final = "covalent config set executors.azurebatch"
_BLOB_ROLE: Final = (
    "az role assignment create --role 'Storage Blob Data Contributor' --assignee CLIENT_ID --scope ID_OF_THE_CONTAINER"
)
_BATCH_ROLE: Final = (
    "az role assignment create --role 'Azure Batch Job Submitter' --assignee CLIENT_ID --scope ID_OF_THE_BATCH_ACCOUNT"
)

#: Tasks run as an identity of the pool, which no data-plane call can give it.
_POOL_IDENTITY: Final = (
    "covalent deploy up azurebatch, or in the portal: the page of the pool, Identity; then "
    "covalent config set executors.azurebatch.user_assigned_identity ID"
)


class _Id(msgspec.Struct):
    id: str


class AzureExamination(BatchExamination):
    packages = ("azure-batch", "azure-core", "azure-identity", "obstore")
    extra = "azure"
    to_write = _BLOB_ROLE
    to_delete = _BLOB_ROLE
    mends: Mapping[Trouble, str] = MappingProxyType(
        {
            Trouble.NO_CREDENTIALS: "az login, or set tenant_id, client_id and client_secret in [executors.azurebatch]; then "
            "covalent restart",
            Trouble.EXPIRED_CREDENTIALS: f"az ad app credential reset --id CLIENT_ID, then {_SET}.client_secret -",
            Trouble.WRONG_CREDENTIALS: f"Correct tenant_id and client_id, and {_SET}.client_secret -",
            Trouble.UNREACHABLE: f"Check the network and HTTPS_PROXY, and {_SET}.batch_account_url URL (storage_account_name)",
            Trouble.WRONG_CLOCK: SET_CLOCK,
            Trouble.NO_PERMISSION: _BLOB_ROLE,
            Trouble.MISSING_ROLE: _BATCH_ROLE,
            Trouble.MISSING_BUCKET: f"az storage container create --name NAME --account-name ACCOUNT, or {_SET}.container_name NAME",
            Trouble.MISSING_POOL: f"covalent deploy up azurebatch, or {_SET}.pool_id ID",
            Trouble.WRONG_SETTING: f"{_SET}.user_assigned_identity ID, or {_SET}.slots N",
            Trouble.BAD_POOL: f"covalent deploy up azurebatch, or {_SET}.pool_id ID",
            Trouble.MISSING_API: "az provider register --namespace Microsoft.Batch",
            Trouble.MISSING_PROJECT: f"{_SET}.batch_account_url https://ACCOUNT.REGION.batch.azure.com",
            Trouble.MISSING_IMAGE: f"{_SET}.base_image_uri NAME",
            Trouble.MISSING_PACKAGE: "pip install 'covalent-batch[azure]'",
        }
    )

    def __init__(self, executor: AzureBatchExecutor, account: Account) -> None:
        super().__init__(executor)
        self._settings = executor
        self._account = account
        self._options = executor.job_options()
        self._clients: Clients | None = None
        self._pool: Pool | None = None
        self._token = ""

    async def close(self) -> None:
        if self._clients is not None:
            await self._clients.close()
        await super().close()

    def addresses(self) -> Sequence[str]:
        return (self._account.url, str(self.executor.bucket().options["endpoint"]))

    async def sign_in(self) -> Finding:
        self._clients = await self._settings.open_clients()
        self._token = await self._clients.token()
        return ok("Azure has issued a token.")

    async def identity(self) -> Finding:
        who = _named(_claims(self._token)) or self._account.client_id or "whoever is signed in"
        await self._ready.some("/jobs", "looking for jobs", _Id, maxresults="1", select="id")
        return ok(f"{who}, who may use the Batch account {self._account.url}.")

    async def bucket(self) -> Finding:
        options = self._options
        await self._checks.check_bucket(options.storage_host, options.container, options.prefix)
        return ok(f"The blob container {options.container} is in {options.storage_host}.")

    def service_checks(self) -> Sequence[Check]:
        return (
            Check(name="pool", look=self.pool, needs=("identity",)),
            Check(name="pool identity", look=self.pool_identity, needs=("pool",)),
            Check(name="nodes", look=self.nodes, needs=("pool",)),
            Check(name="quota", look=self.quota, needs=("pool",)),
        )

    async def pool(self) -> Finding:
        try:
            self._pool = await self._checks.check_pool(self._options)
        except ExecutorError as error:
            if error.trouble is not Trouble.MISSING_ROLE:
                raise
            return failed(str(error), _POOL_IDENTITY, error.trouble)
        if self._pool is None:
            return self.unasked(f"the pool {self._options.pool}")
        return ok(f"The pool {self._pool.id} is {self._pool.state} and runs containers.")

    async def pool_identity(self) -> Finding:
        client_id = await self._checks.client_id(self._options)
        return ok(
            f"Tasks use {client_id or 'the only identity of the pool'}; whether it may write blobs, only a task tells."
        )

    async def nodes(self) -> Finding:
        assert self._pool is not None
        pool = self._pool
        if pool.nodes:
            return ok(f"The pool has {pool.nodes} nodes.")
        if pool.enable_auto_scale and not (pool.auto_scale_run and pool.auto_scale_run.error):
            return ok("The pool has no nodes at the moment; its formula adds some when there are tasks.")
        return warning(
            f"Tasks would wait: {reason_of(pool)}.",
            f"az batch pool resize --pool-id {pool.id} --target-dedicated-nodes 1, or give it a formula that is right",
            Trouble.BAD_POOL,
        )

    async def quota(self) -> Finding:
        assert self._pool is not None
        refused = [str(one) for one in self._pool.resize_errors]
        if refused:
            return failed(
                f"Azure could not resize the pool: {'; '.join(refused)}.",
                "Ask for a higher quota (portal: the Batch account, Quotas), or use another VM size",
                Trouble.QUOTA,
            )
        return ok("Azure has refused the pool no nodes.")

    def image_name(self) -> str:
        return self._options.image

    @property
    def _ready(self) -> Clients:
        assert self._clients is not None
        return self._clients

    @property
    def _checks(self) -> Checks:
        return Checks(self._ready, Pools(self._ready), self._account)


def _claims(token: str) -> dict[str, Any]:
    """What a token says of its owner; nothing if it is not one that can be read. Nobody relies on it, so it is not verified."""
    parts = token.split(".")
    try:
        middle = parts[1] + "=" * (-len(parts[1]) % 4)
        found = msgspec.json.decode(base64.urlsafe_b64decode(middle), type=dict[str, Any])
    except (IndexError, ValueError, binascii.Error, msgspec.MsgspecError):
        return {}
    return found


def _named(claims: Mapping[str, Any]) -> str:
    """Who that is, for people."""
    name = next(
        (claims[key] for key in ("upn", "unique_name", "app_displayname", "appid", "oid") if claims.get(key)), ""
    )
    return f"{name}, in the directory {claims['tid']}" if name and claims.get("tid") else str(name)
