"""What must exist before a job is submitted: asked at once, each with its remedy, in as few calls as that takes."""

from __future__ import annotations

from typing import Final

from ...errors import BucketNotFoundError, ExecutorError
from ...troubles import Trouble
from ..batch.concurrently import Once
from ..batch.executor import open_bucket
from .account import Account
from .border import RefusedError
from .options import JobOptions
from .pools import Pool, Pools
from .session import Clients, bucket

#: Seconds for which what was found in order is not asked for again.
VALID_S: Final = 600.0

#: Nothing lies there.
_NOWHERE: Final = "there-is-nothing-here/"

#: How identities are given to pools: nowhere but in Azure's own management.
_GIVE: Final = (
    "Give it one (in Azure's portal: the pool's page, Identity) with the role 'Storage Blob Data Contributor' on the blob container: tasks "
    "read and write there as that identity."
)


class Checks:
    """Those of one account."""

    def __init__(self, clients: Clients, pools: Pools, account: Account) -> None:
        self._clients, self._pools, self._account = clients, pools, account
        self._found: Once[None] = Once(VALID_S)

    async def check(self, options: JobOptions) -> None:
        """:raises ExecutorError: naming the setting and what to do"""
        await self._found.get("sign in", self._clients.sign_in)  # The one clear word on credentials that are no good.
        await self.check_pool(options)
        place = options.storage_host, options.container, options.prefix
        await self._found.get(place, lambda: self.check_bucket(*place))

    async def client_id(self, options: JobOptions) -> str:
        """Of the identity that tasks use; empty for the pool's only one, whichever that is.

        :raises ExecutorError: if the pool does not have it
        """
        if not options.identity.startswith("/"):
            return options.identity
        pool = await self._pool(options)
        return "" if pool is None else _identity(pool, options.identity)

    async def close(self) -> None:
        await self._found.close()

    async def _pool(self, options: JobOptions) -> Pool | None:
        """None if it may not be asked for, and is taken to be there."""
        name = options.pool
        try:
            return await self._pools.get(name)
        except RefusedError as error:
            if error.is_denied:
                return None
            if error.status == 404:
                raise ExecutorError(
                    f"There is no pool {name!r} in the Batch account {self._account.url}. Create it, or correct pool_id.",
                    trouble=Trouble.MISSING_POOL,
                ) from error
            raise

    async def check_pool(self, options: JobOptions) -> Pool | None:
        """The pool, if it can run such tasks; None if nobody may ask.

        :raises ExecutorError: if it cannot
        """
        name = options.pool
        pool = await self._pool(options)
        if pool is None:
            return None
        if pool.state == "deleting":
            raise ExecutorError(
                f"The pool {name!r} is being deleted. Name another one in pool_id.", trouble=Trouble.BAD_POOL
            )
        if not pool.has_containers:
            raise ExecutorError(
                f"The pool {name!r} cannot run containers, which every task needs. Create one with a container configuration (type "
                "DockerCompatible) and an image that supports it, such as microsoft-dsvm ubuntu-hpc, and name that in pool_id.",
                trouble=Trouble.BAD_POOL,
            )
        if options.slots > pool.task_slots_per_node:
            raise ExecutorError(
                f"A task takes {options.slots} slots, but nodes of the pool {name!r} have {pool.task_slots_per_node}, so it would wait for "
                "ever. Ask for fewer in slots, or create a pool with a higher taskSlotsPerNode.",
                trouble=Trouble.WRONG_SETTING,
            )
        _identity(pool, options.identity)
        return pool

    async def check_bucket(self, host: str, container: str, prefix: str) -> None:
        """:raises ExecutorError: if it is not there, or may not be listed"""
        store = open_bucket(bucket(self._account, host, container, prefix))
        try:
            async for _ in store.list(_NOWHERE):
                break
        except BucketNotFoundError as error:
            raise ExecutorError(
                f"There is no blob container {container!r} in the storage account {host}. Create it, or correct container_name and "
                f"storage_account_name. ({error})",
                trouble=error.trouble,
            ) from error
        except ExecutorError as error:
            if error.trouble is not Trouble.NO_PERMISSION:
                raise
            raise ExecutorError(
                f"{error} On Azure that is the role 'Storage Blob Data Contributor' on the container {container!r}, which takes some "
                "minutes to count.",
                trouble=error.trouble,
            ) from error


def _identity(pool: Pool, wanted: str) -> str:
    """The client id of the identity that tasks use; empty for the only one.

    :param wanted: resource id or client id; empty for the only one
    :raises ExecutorError: if the pool does not have it
    """
    known = pool.identities
    if not known:
        raise ExecutorError(
            f"The pool {pool.id!r} has no user-assigned managed identity. {_GIVE}", trouble=Trouble.MISSING_ROLE
        )
    names = ", ".join(one.resource_id for one in known)
    if not wanted:
        if len(known) > 1:
            raise ExecutorError(
                f"The pool {pool.id!r} has several managed identities. Name one of them in user_assigned_identity: {names}.",
                trouble=Trouble.WRONG_SETTING,
            )
        return known[0].client_id
    for one in known:
        if wanted.lower() in (one.resource_id.lower(), one.client_id.lower()):
            return one.client_id
    raise ExecutorError(
        f"The pool {pool.id!r} does not have the identity {wanted!r}. Correct user_assigned_identity; it has: {names}.",
        trouble=Trouble.MISSING_ROLE,
    )
