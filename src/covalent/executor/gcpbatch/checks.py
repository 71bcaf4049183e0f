"""What must exist before a job is submitted: asked at once, each with its remedy, in as few calls as that takes."""

from __future__ import annotations

from typing import Final

from ...errors import ExecutorError
from ..batch.concurrently import Once
from ..batch.executor import open_bucket
from .options import JobOptions
from .session import TIMEOUT_S, Account, Clients, bucket

#: Seconds for which what was found in order is not asked for again.
VALID_S: Final = 600.0

#: Nothing lies there.
_NOWHERE: Final = "there-is-nothing-here/"


class Checks:
    """Those of one project and region."""

    def __init__(self, clients: Clients, account: Account) -> None:
        self._clients, self._account = clients, account
        self._found: Once[None] = Once(VALID_S)

    async def check(self, options: JobOptions) -> None:
        """:raises ExecutorError: naming the setting and what to do"""
        await self._found.get("region", self.check_region)
        place = options.bucket, options.prefix
        await self._found.get(place, lambda: self.check_bucket(*place))

    async def check_region(self) -> None:
        """Credentials, project, API, permission and region, all in one call: each of them that is wrong has an answer of its own.

        :raises ExecutorError: if one is wrong
        """
        request = {"parent": self._account.parent, "page_size": 1}
        what = f"looking for Google Batch in the project {self._account.project} (project_id), {self._account.region} (region)"
        await self._clients.batch(what, lambda client: client.list_jobs(request, retry=None, timeout=TIMEOUT_S))

    async def check_bucket(self, name: str, prefix: str) -> None:
        """:raises ExecutorError: if it is not there, or may not be listed"""
        store = open_bucket(bucket(name, prefix))
        try:
            async for _ in store.list(_NOWHERE):
                break
        except ExecutorError as error:
            if error.retryable:
                raise
            raise ExecutorError(f"{error} The bucket is the one in bucket_name.", trouble=error.trouble) from error
