"""The settings of the local executor, and its way into the pool of workers. Light: the pool is imported when a task is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import ConfigError, ExecutorError
from ...model import GroupMetadata, Requested, TaskRef, TaskUpdate
from ..base import AsyncBaseExecutor, Resources
from .settings import check, checked_retries, checked_time_limit, configuration

if TYPE_CHECKING:
    from ..examination import Examination
    from .pool import LocalPool


class LocalExecutor(AsyncBaseExecutor):
    """Runs tasks in warm processes on the machine of the server.

    What is not set here is taken from ``[executors.local]`` of the server's configuration. That section also sets ``workers``, the number
    of processes for all tasks together: one for each processor unless it says otherwise.

    :param time_limit: seconds that one attempt may run, from the start of the task; None means for ever
    :param retries: how often a task runs again that failed by its own fault or by its time limit; 0 unless configured
    :raises ExecutorError: if a value is wrong
    """

    short_name: ClassVar[str] = "local"
    bound_to_machine: ClassVar[bool] = True

    def __init__(self, *, time_limit: float | None = None, retries: int | None = None) -> None:
        self.time_limit = checked_time_limit(time_limit)
        self._retries = checked_retries(retries)
        self._pool: LocalPool | None = None
        self._defaults: Mapping[str, Any] | None = None

    @classmethod
    def check_setting(cls, key: str, value: Any) -> None:
        check(key, value)

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> LocalExecutor:
        executor = super().from_options(options)
        assert isinstance(executor, cls)
        try:
            executor.retry_budget()
            executor.time_limit_s()
        except ConfigError as error:
            raise ExecutorError(str(error)) from None
        return executor

    def to_dict(self) -> dict[str, Any]:
        options = {"time_limit": self.time_limit, "retries": self._retries}
        return {name: value for name, value in options.items() if value is not None}

    def retry_budget(self) -> int:
        """:raises ConfigError: if the configuration is wrong"""
        return self._retries if self._retries is not None else checked_retries(self._configured("retries")) or 0

    def time_limit_s(self) -> float | None:
        """The time limit that applies.

        :raises ConfigError: if the configuration is wrong
        """
        return self.time_limit if self.time_limit is not None else checked_time_limit(self._configured("time_limit"))

    def requested(self) -> Requested:
        return Requested(time_limit_s=self.time_limit_s())

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> str:
        pool = await self._bound_pool()
        await pool.submit(refs, resources, metadata, self.time_limit_s())
        return metadata.group_id

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> str:
        # What an earlier dispatcher's workers have begun or finished is in their journals; all else runs now.
        return await self.send(refs, resources, metadata)

    async def poll(self, metadata: GroupMetadata, handle: Any) -> None:
        await (await self._bound_pool()).wait(metadata.group_id)

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        return (await self._bound_pool()).take(metadata.group_id)

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return await (await self._bound_pool()).cancel(metadata.group_id, refs)

    async def forget(self, metadata: GroupMetadata, handle: Any) -> None:
        (await self._bound_pool()).forget(metadata.group_id)

    async def read_log(self, metadata: GroupMetadata, ref: TaskRef, stream: str, offset: int, limit: int) -> bytes:
        return await (await self._bound_pool()).read_log(metadata.group_id, ref, stream, offset, limit)

    def examination(self) -> Examination:
        from .examination import LocalExamination

        return LocalExamination()

    async def _bound_pool(self) -> LocalPool:
        if self._pool is None:
            from .pool import shared_pool

            self._pool = await shared_pool(self.bound())
        return self._pool

    def _configured(self, name: str) -> Any:
        if self._defaults is None:
            self._defaults = configuration()
        return self._defaults.get(name)
