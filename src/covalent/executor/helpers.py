"""What every executor has beside its contract with the dispatcher: for those who write executors, or use one by itself."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from ..errors import ExecutorError
from ..states import Status

if TYPE_CHECKING:
    import asyncio  # Here, and in the methods: it takes longer to import than all else that a script needs of executors.


class HasDispatchId(Protocol):
    """What :meth:`ExecutorHelpers.get_dispatch_context` takes."""

    @property
    def dispatch_id(self) -> str: ...


D = TypeVar("D", bound=HasDispatchId)

#: Of the task at hand: dispatch and node.
_current: Final[ContextVar[tuple[str, int | None]]] = ContextVar("covalent_current_task", default=("", None))


@dataclass(kw_only=True, slots=True)
class TaskRecord:
    """What is kept of one task on an executor that runs it without a dispatcher."""

    handle: Any = None
    status: Status | None = None
    is_cancel_requested: bool = False


class ExecutorHelpers:
    """A part of every :class:`~covalent.executor.base.AsyncBaseExecutor`. What it keeps of tasks, it keeps in this object."""

    _records: dict[tuple[str, int | None], TaskRecord]

    async def setup(self, task_metadata: Mapping[str, Any]) -> None:
        """Called before :meth:`run` by whoever runs a task with it: a place for what must be prepared."""

    async def teardown(self, task_metadata: Mapping[str, Any]) -> None:
        """Called after :meth:`run`, however that ended."""

    def from_dict(self, object_dict: Mapping[str, Any]) -> Self:
        """Take over what :meth:`to_dict` of another one gave, in place of what was set on this one; return this one.

        :raises ExecutorError: if a setting is unknown or has a wrong value
        """
        other = type(self).from_options(dict(object_dict))  # type: ignore[attr-defined]
        kept = {name: value for name, value in vars(self).items() if name in ("runtime", "_records")}
        vars(self).clear()
        vars(self).update(vars(other) | kept)
        return self

    # The task at hand

    @contextmanager
    def task_context(self, dispatch_id: str, node_id: int | None) -> Iterator[TaskRecord]:
        """The calls below are about this task until the context ends."""
        token = _current.set((dispatch_id, node_id))
        try:
            yield self.task_record()
        finally:
            _current.reset(token)

    def get_dispatch_context(self, dispatch_info: D) -> AbstractContextManager[D]:
        """The calls below are about this dispatch until the context ends.

        :param dispatch_info: anything with the attribute ``dispatch_id``
        """
        return self._dispatch_context(dispatch_info)

    @contextmanager
    def _dispatch_context(self, dispatch_info: D) -> Iterator[D]:
        with self.task_context(dispatch_info.dispatch_id, None):
            yield dispatch_info

    def task_record(self, key: tuple[str, int | None] | None = None) -> TaskRecord:
        """What is kept of a task, by dispatch and node; of the one at hand unless it is named."""
        records: dict[tuple[str, int | None], TaskRecord] = vars(self).setdefault("_records", {})
        return records.setdefault(key or _current.get(), TaskRecord())

    async def set_job_handle(self, handle: Any) -> Any:
        """Keep what the backend calls the task at hand; return it.

        :raises ExecutorError: if it is not plain JSON
        """
        try:
            json.dumps(handle, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ExecutorError(f"A job handle must be plain JSON, not {handle!r}: {error}") from None
        self.task_record().handle = handle
        return handle

    async def set_job_status(self, status: Status | str) -> bool:
        """Keep where the task at hand stands; False if :meth:`validate_status` does not let it pass."""
        if not self.validate_status(status):
            return False
        self.task_record().status = Status(status)
        return True

    def validate_status(self, status: Status | str) -> bool:
        """Whether an executor may report this status. Override it to let fewer pass."""
        return str(status) in Status.__members__

    async def get_cancel_requested(self) -> bool:
        """Whether somebody has asked for the end of the task at hand."""
        return self.task_record().is_cancel_requested

    async def get_version_info(self) -> dict[str, str]:
        """The versions of Python and of Covalent under which tasks are handed over."""
        from .. import __version__

        return {"python": platform.python_version(), "covalent": __version__}

    # Odds and ends

    async def write_streams_to_file(
        self, stream_strings: Iterable[str], filepaths: Iterable[str], dispatch_id: str, results_dir: str
    ) -> None:
        """Append each text to its file. Relative paths are below the dispatch's directory in ``results_dir``; empty ones are skipped."""
        import asyncio

        base = Path(results_dir) / dispatch_id
        for content, path in zip(stream_strings, filepaths, strict=True):
            if path:
                await asyncio.to_thread(_append, base, path, content)

    @staticmethod
    async def run_async_subprocess(cmd: str) -> tuple[asyncio.subprocess.Process, bytes, bytes]:
        """Run a command in a shell to its end: the process, its standard output, its standard error."""
        import asyncio

        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_shell(cmd, stdout=pipe, stderr=pipe)
        stdout, stderr = await process.communicate()
        return process, stdout, stderr


def _append(base: Path, name: str, content: str) -> None:
    path = base.expanduser() / Path(name).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(content)
