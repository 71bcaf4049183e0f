"""What the executors of all clouds share: the way from the dispatcher's contract into the engine."""

from __future__ import annotations

import contextlib
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BucketNotFoundError, ConfigError, CovalentError, ExecutorError
from ...model import GroupMetadata, Outcome, ServiceJob, TaskRef, TaskUpdate
from ...runner.cloud.names import group_prefix
from ...troubles import Trouble
from ..base import AsyncBaseExecutor, Resources
from .handle import Handle, manifest_order
from .service import BatchService

if TYPE_CHECKING:
    from ...objects import RemoteStore
    from .engine import Engine
    from .stale import Leftovers
    from .tracking import TrackedGroup

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Where an executor's objects lie."""

    uri: str  #: With prefix and without a slash at the end, for example ``s3://bucket/covalent``.
    #: Keyword arguments for the store class of obstore that the scheme stands for.
    options: dict[str, Any]


class BatchExecutor(AsyncBaseExecutor):
    """A cloud's executor implements the abstract methods; sending, polling, receiving, cancelling, logs and purging are done here."""

    @abstractmethod
    def account(self) -> Hashable:
        """The same for executors that can share one client and one poller: service, credentials, region."""

    @abstractmethod
    async def connect(self) -> BatchService:
        """A service for :meth:`account`; called once for each in a dispatcher.

        :raises ExecutorError: if there are no usable credentials
        """

    @abstractmethod
    def bucket(self) -> Bucket:
        """Where its objects lie."""

    @abstractmethod
    def job_options(self) -> Any:
        """The cloud's own settings for a job: a frozen, hashable dataclass that its service understands.

        :raises ExecutorError: if a setting is one that the cloud would refuse
        """

    @abstractmethod
    def time_limit_s(self) -> float | None:
        """Seconds that one attempt may run, counted by the runner; None means for ever."""

    @abstractmethod
    def poll_interval_s(self) -> float:
        """The longest time between two looks at a job."""

    def service_job(self, ref: str, index: int | None) -> ServiceJob:
        """What the service calls a job, and where its console shows it. Light: no client, no network.

        :param ref: as :meth:`.service.BatchService.submit` returned it
        :param index: of a task in it; None if it is the only one
        """
        return ServiceJob(id=ref if index is None else f"{ref}:{index}")

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> AsyncBaseExecutor:
        executor = super().from_options(options)
        assert isinstance(executor, BatchExecutor)
        try:
            executor.job_options()
        except ConfigError as error:
            raise ExecutorError(str(error)) from None
        return executor

    # The dispatcher's contract

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> Any:
        return await self._send(refs, resources, metadata, is_new=True)

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> Any:
        if handle is None:
            return await self._send(refs, resources, metadata, is_new=False)
        try:
            # What an earlier run of the dispatch in this dispatcher has not stored is found again in the bucket.
            (await self.engine()).forget(metadata.group_id)
        except CovalentError as error:
            log.warning("group %s goes on without news: %s", metadata.group_id, error)
        return handle

    async def poll(self, metadata: GroupMetadata, handle: Any) -> TrackedGroup:
        group = await self._followed(metadata, handle)
        await group.wait()
        return group

    async def receive(self, metadata: GroupMetadata, data: TrackedGroup) -> list[TaskUpdate]:
        return data.take()

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        if not refs:
            return False
        engine = await self.engine()
        return await engine.cancel(await self._followed(metadata, handle), refs)

    async def withdraw(self, metadata: GroupMetadata) -> None:
        # Without an engine nothing is being sent.
        with contextlib.suppress(CovalentError):
            (await self.engine()).withdraw(metadata.group_id)

    async def forget(self, metadata: GroupMetadata, handle: Any) -> None:
        (await self.engine()).forget(metadata.group_id)

    async def read_log(self, metadata: GroupMetadata, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        engine = await self.engine()
        group = engine.followed(metadata.group_id)
        return b"" if group is None else await engine.read_log(group, ref, stream, offset, limit)

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        try:
            return await (await self.engine()).why(metadata.group_id, ref)
        except CovalentError as error:
            return f"The service cannot be asked: {error}"

    def job(self, handle: Any, ref: TaskRef) -> ServiceJob | None:
        if handle is None:
            return None
        group = Handle.from_json(handle)
        if ref not in group.refs:
            return None
        place = group.refs.index(ref)
        job = next(job for job in group.jobs if job.first <= place < job.first + job.size)
        return self.service_job(job.ref, place - job.first if job.size > 1 else None)

    def can_read(self, uri: str) -> bool:
        return uri.startswith(f"{self.bucket().uri}/")

    async def download(self, uri: str) -> AsyncIterator[bytes]:
        store = await self.objects()
        key = store.key(uri)
        if key is None:
            raise ExecutorError(f"{uri} does not lie in {store.root}, the bucket of this executor.")
        async for piece in store.stream(key):
            yield piece

    async def complete(self, outcome: Outcome) -> Outcome:
        if outcome.details is None:
            return outcome
        from .outcomes import with_details

        return await with_details(await self.objects(), outcome)

    async def purge(self, group_ids: Sequence[str]) -> None:
        store = await self.objects()
        # A bucket that is gone holds nothing any more.
        with contextlib.suppress(BucketNotFoundError):
            for group_id in group_ids:
                await store.delete_all(group_prefix(group_id))

    async def leftovers(self, before: float) -> Leftovers:
        """What was left behind where its settings point; for ``covalent gc``, outside a dispatcher.

        :param before: Unix seconds; what was used later is left alone
        :raises ExecutorError: if there are no usable credentials, or the cloud's libraries are not installed
        """
        bucket = await self._open_bucket()  # First, for it says which library is missing.
        from .stale import Leftovers

        return Leftovers(bucket, before)

    # What it needs for that

    async def engine(self) -> Engine:
        """The engine of its account.

        :raises ExecutorError: outside a dispatcher, or if there are no usable credentials
        """
        return await self.bound().shared(("batch", self.account()), self._make_engine)

    async def objects(self) -> RemoteStore:
        """Its bucket.

        :raises ExecutorError: outside a dispatcher, or if its settings are wrong
        """
        return await self.bound().shared(("objects", self.account(), self.bucket().uri), self._open_bucket)

    async def _make_engine(self) -> Engine:
        from .engine import Engine

        return Engine(await self.connect())

    async def _open_bucket(self) -> RemoteStore:
        return open_bucket(self.bucket())

    async def _send(
        self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, *, is_new: bool
    ) -> dict[str, Any]:
        from .patience import Patience

        try:
            from .staging import Order
        except ImportError as error:
            raise _without_obstore(error) from None
        options = self.job_options()
        engine = await Patience().insist(self.engine)
        store = await self.objects()
        order = Order(
            refs=manifest_order(refs),
            resources=resources,
            metadata=metadata,
            depot=engine.depot(store),
            options=options,
            time_limit_s=self.time_limit_s(),
        )
        return (await engine.send(order, is_new=is_new)).to_json()

    async def _followed(self, metadata: GroupMetadata, handle: Any) -> TrackedGroup:
        engine, store = await self.engine(), await self.objects()
        group = engine.followed(metadata.group_id)
        if group is None:
            wanted = frozenset(metadata.node_ids)
            group = engine.follow(metadata, Handle.from_json(handle), store, wanted, self.poll_interval_s())
        return group


def open_bucket(bucket: Bucket) -> RemoteStore:
    """A store for it.

    :raises ExecutorError: if its settings are wrong, or obstore is not installed
    """
    try:
        from ...objects import RemoteStore
    except ImportError as error:
        raise _without_obstore(error) from None
    return RemoteStore(bucket.uri, bucket.options)


def _without_obstore(error: ImportError) -> ExecutorError:
    return ExecutorError(
        f"Objects in buckets need obstore, which cannot be imported ({error}). Install covalent-batch with the extra of your cloud, "
        "aws, azure or gcp, where the server runs, and say 'covalent restart'.",
        trouble=Trouble.MISSING_PACKAGE,
    )
