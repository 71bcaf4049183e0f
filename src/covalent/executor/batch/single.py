"""One task by itself, with or without a dispatcher, on the same engine as all others."""

from __future__ import annotations

import asyncio
import platform
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, overload

from ...errors import ExecutorError, IntegrityError, ObjectNotFoundError, TaskError
from ...model import Blob, Environment, GroupMetadata, NodeKind, Outcome, TaskRef, TaskSpec
from ...runner.cloud.names import OutcomeName, outcomes_prefix
from ...serialize import digest, dumps, loads
from ...states import Status
from ..base import Runtime
from ..runtime import loop_runtime
from .executor import BatchExecutor
from .handle import SINGLE_PREFIX, Handle

#: The length of a group's name, and more.
POINTER_BYTES: Final = 200


@dataclass(kw_only=True, slots=True)
class _SingleTask:
    """A task from its staging to its outcome."""

    spec: TaskSpec
    metadata: GroupMetadata
    handle: Any = None
    outcome: Outcome | None = None

    @property
    def refs(self) -> tuple[TaskRef, ...]:
        return (TaskRef(node_id=self.spec.node_id, attempt=self.spec.attempt),)

    # It is its own :class:`covalent.executor.base.Resources`: all that it needs is in the specification.

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        return [self.spec for _ in refs]

    def path(self, blob: Blob) -> Path:
        raise ExecutorError(
            f"The value {blob.digest[:12]} is in no file: a task that runs by itself carries its values."
        )

    async def fetch(self, blob: Blob) -> Path:
        return self.path(blob)


class SingleTaskExecutor(BatchExecutor):
    """Runs single tasks for whoever asks. ``task_metadata`` has ``dispatch_id`` and ``node_id``, which name the task.

    Without a dispatcher its connections belong to the running event loop and are closed with it.
    """

    cache_dir: Any

    def bound(self) -> Runtime:
        return self.runtime or loop_runtime(Path(self.cache_dir))

    async def run(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        task_metadata: Mapping[str, Any],
    ) -> Any:
        """Run a function as a job, once, and return what it returns. What it prints is printed here when it has ended.

        :raises ExecutorError: if the job cannot be submitted
        :raises TaskError: if it did not complete; or the function's own exception, from such an error
        """
        key = _key(task_metadata)
        with self.task_context(*key):
            await self.stage_task(function, args, kwargs, task_metadata)
            job_id = await self.submit_task(task_metadata)
            try:
                await self._ended(self._single(task_metadata))
            except asyncio.CancelledError:
                await asyncio.shield(self._cancel_one(task_metadata, job_id))
                raise
            try:
                result, stdout, stderr = await self.query_result(task_metadata)
            finally:
                # From now on it is in the bucket for whoever asks.
                self._singles.pop(key, None)
        sys.stdout.write(stdout)
        sys.stderr.write(stderr)
        return result

    async def stage_task(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        task_metadata: Mapping[str, Any],
    ) -> None:
        """Take a call that :meth:`submit_task` is to submit.

        :raises PickleError: if it cannot be pickled
        """
        dispatch_id, node_id = _key(task_metadata)
        spec = TaskSpec(
            node_id=node_id,
            attempt=1,
            name=getattr(function, "__name__", type(function).__name__),
            kind=NodeKind.TASK,
            function=_blob(dumps(function, "function")),
            args=_blob(dumps((tuple(args), dict(kwargs)), "arguments")),
            inputs=(),
            environment=Environment(),
        )
        metadata = GroupMetadata(
            dispatch_id=dispatch_id,
            group_id=f"{SINGLE_PREFIX}{uuid.uuid4().hex}",
            node_ids=(node_id,),
            python=platform.python_version(),
        )
        self._singles[dispatch_id, node_id] = _SingleTask(spec=spec, metadata=metadata)

    async def submit_task(self, task_metadata: Mapping[str, Any], identity: Mapping[str, Any] | None = None) -> str:
        """Submit what :meth:`stage_task` took; return the service's id of the job.

        :param identity: whose account is meant, if that is to be checked
        :raises ExecutorError: if nothing was staged, or the service refuses it
        """
        task = self._single(task_metadata)
        if identity is not None:
            await self.check_identity(identity)
        store = await self.objects()
        await store.put(_pointer_key(task_metadata), task.metadata.group_id.encode())
        task.handle = await self.send(task.refs, task, task.metadata)
        job_id = Handle.from_json(task.handle).jobs[0].ref
        record = self.task_record(_key(task_metadata))
        record.handle, record.status = job_id, Status.SUBMITTED
        return job_id

    async def check_identity(self, identity: Mapping[str, Any]) -> None:
        """:raises ExecutorError: if its credentials are another account's"""

    async def get_status(self, job_id: str) -> tuple[str, int]:
        """The state of a job in the service's words, and its exit code; -1 while there is none.

        :raises ExecutorError: if the service does not know the job
        """
        service = (await self.engine()).service
        view = (await service.describe([job_id])).get(job_id)
        if view is None:
            raise ExecutorError(f"The service does not know the job {job_id}.")
        code = next((task.exit_code for task in view.tasks or ()), None)
        return view.state.value, -1 if code is None else code

    async def query_result(self, task_metadata: Mapping[str, Any]) -> tuple[Any, str, str]:
        """What a task that has ended returned, and what it wrote to standard output and standard error.

        :raises ExecutorError: if there is no such task, or it has not ended
        :raises TaskError: if it did not complete; or the function's own exception, from such an error
        """
        known = self._singles.get(_key(task_metadata))
        outcome = known.outcome if known and known.outcome else await self._stored_outcome(task_metadata)
        outcome = await self.complete(outcome)
        if outcome.status is not Status.COMPLETED or outcome.output is None:
            await self._raise(outcome)
        value = loads(await self._bytes(outcome.output))
        stdout, stderr = [(await self._bytes(b)).decode(errors="replace") for b in (outcome.stdout, outcome.stderr)]
        return value, stdout, stderr

    @overload
    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool: ...

    @overload
    async def cancel(self, task_metadata: Mapping[str, Any], job_handle: str) -> bool: ...

    async def cancel(self, *given: Any, **named: Any) -> bool:
        """End attempts of a group, as the dispatcher asks for it, or one job by its id. True if something was ended."""
        first = given[0] if given else named.get("metadata")
        if isinstance(first, GroupMetadata):
            return await super().cancel(*given, **named)
        return await self._cancel_one(*given, **named)

    # What these have in common

    @property
    def _singles(self) -> dict[tuple[str, int], _SingleTask]:
        found: dict[tuple[str, int], _SingleTask] = vars(self).setdefault("_single_tasks", {})
        return found

    def _single(self, task_metadata: Mapping[str, Any]) -> _SingleTask:
        key = _key(task_metadata)
        if key not in self._singles:
            raise ExecutorError(
                f"Nothing was staged for task {key[1]} of {key[0]}. Call stage_task() or run() with its function."
            )
        return self._singles[key]

    async def _cancel_one(self, task_metadata: Mapping[str, Any], job_handle: str) -> bool:
        self.task_record(_key(task_metadata)).is_cancel_requested = True
        service = (await self.engine()).service
        view = (await service.describe([job_handle])).get(job_handle)
        if view is None or view.state.is_final:
            return False
        from .causes import CANCEL_REASON

        await service.cancel(job_handle, None, CANCEL_REASON)
        return True

    async def _ended(self, task: _SingleTask) -> None:
        """Return once the task's outcome is known."""
        while task.outcome is None:
            data = await self.poll(task.metadata, task.handle)
            for update in await self.receive(task.metadata, data):
                task.outcome = task.outcome or update.outcome
        await self.forget(task.metadata, task.handle)

    async def _stored_outcome(self, task_metadata: Mapping[str, Any]) -> Outcome:
        """The outcome of the latest run of a task, from the bucket."""
        from .outcomes import completed, read_outcome

        dispatch_id, node_id = _key(task_metadata)
        store = await self.objects()
        try:
            group_id = (await store.get(_pointer_key(task_metadata), limit=POINTER_BYTES)).decode()
        except ObjectNotFoundError:
            raise ExecutorError(
                f"Nothing is known of task {node_id} of {dispatch_id}: it was not submitted by run() or submit_task()."
            ) from None
        names = [OutcomeName.parse(text) async for page in store.list(outcomes_prefix(group_id)) for text in page]
        if not names:
            raise ExecutorError(
                f"Task {node_id} of {dispatch_id} has not ended, or has left no outcome. "
                "get_status() tells how its job is."
            )
        name = min(names, key=lambda name: name.size is None)
        if name.size is not None:
            return completed(store, group_id, name)
        return await read_outcome(store, group_id, name, None)

    async def _raise(self, outcome: Outcome) -> NoReturn:
        failure = outcome.failure
        error = TaskError(outcome.message, cause=outcome.cause, remote_traceback=failure.traceback if failure else "")
        if failure is None or failure.pickled is None:
            raise error
        raised = loads(await self._bytes(failure.pickled))
        raise raised from error

    async def _bytes(self, blob: Blob | None) -> bytes:
        """The content of a blob, checked against its digest; empty if there is none."""
        if blob is None:
            return b""
        if blob.data is not None:
            return blob.data
        assert blob.uri is not None
        data = b"".join([piece async for piece in self.download(blob.uri)])
        if digest(data) != blob.digest:
            raise IntegrityError(blob.digest)
        return data


def _key(task_metadata: Mapping[str, Any]) -> tuple[str, int]:
    try:
        return str(task_metadata["dispatch_id"]), int(task_metadata["node_id"])
    except (KeyError, TypeError, ValueError):
        raise ExecutorError(f"task_metadata must have a dispatch_id and a node_id, not {task_metadata!r}") from None


def _pointer_key(task_metadata: Mapping[str, Any]) -> str:
    """Where it is written which group a task was last submitted as."""
    dispatch_id, node_id = _key(task_metadata)
    return f"singles/{digest(f'{dispatch_id}/{node_id}'.encode())}"


def _blob(data: bytes) -> Blob:
    return Blob(digest=digest(data), size=len(data), data=data)
