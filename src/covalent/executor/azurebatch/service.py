"""The calls to Azure Batch, as the engine of all clouds wants them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

from ...errors import ExecutorError
from ..batch.concurrently import each
from ..batch.remembered import Remembered
from ..batch.service import Job, JobState, JobView, Limits, LogPage, ReasonPattern, TaskView, WaitPattern
from ..batch.submission import DISPATCH_TAG
from . import bodies, logs
from .border import RefusedError
from .checks import Checks
from .jobs import OVER, Jobs
from .names import GroupRef, dispatch_prefix, group_name, line_name, task_id, task_of
from .options import JobOptions
from .pools import Pools
from .reasons import LIMITS, REASONS, WAITS
from .session import Account, Clients, part
from .views import TASK_FIELDS, JobFacts, Task, job_view
from .watch import Watch

log = logging.getLogger(__name__)

#: Calls of one kind that are under way at once.
CALLS: Final = 8

#: What is answered where a task has ended.
_ENDED: Final = OVER | {"TaskCompleted", "TaskNotFound"}

Listed = list[tuple[int, Task]]


class AzureBatchService:
    """One account. Implements :class:`covalent.executor.batch.service.BatchService`. A reference is described in :mod:`.names`."""

    limits: Limits = LIMITS
    scheme = "az"
    reasons: Sequence[ReasonPattern] = REASONS
    waits: Sequence[WaitPattern] = WAITS

    def __init__(self, clients: Clients, account: Account) -> None:
        self._clients = clients
        self._pools = Pools(clients)
        self._checks = Checks(clients, self._pools, account)
        self._watch = Watch(clients, self._pools)
        self._jobs = Jobs(clients)
        self._begun: Remembered[str] = Remembered()  #: Jobs that have a part of a group, by the group's name.
        self._memory: Remembered[int] = Remembered()  #: What tasks were given, by the group's name.

    async def close(self) -> None:
        await self._checks.close()
        await self._pools.close()
        await self._clients.close()

    async def check(self, options: JobOptions) -> None:
        await self._checks.check(options)

    async def submit(self, job: Job) -> str:
        content = bodies.job_content(job, await self._checks.client_id(job.options))
        group = group_name(job.name)
        line = line_name(job.tags.get(DISPATCH_TAG, job.name), bodies.encode(content))
        tasks = list(bodies.collections(job, group))
        found = await self._jobs.add(line, content, tasks, self._begun.pop(group, None))
        if (memory_mib := job.options.memory_after(job.out_of_memory)) is not None:
            self._memory[group] = memory_mib
        return str(GroupRef(found, group, job.size))

    async def find(self, job: Job) -> str | None:
        group = group_name(job.name)
        for facts in await self._jobs.of(dispatch_prefix(job.tags.get(DISPATCH_TAG, job.name))):
            there = await self._tasks(facts.id, [group], select="id") or {}
            if len(there.get(group, ())) >= job.size:
                await self._finished(facts)
                return str(GroupRef(facts.id, group, job.size))
            if group in there:
                self._begun[group] = facts.id
        return None

    async def describe(self, refs: Sequence[str]) -> Mapping[str, JobView]:
        by_job: dict[str, list[GroupRef]] = {}
        for ref in map(GroupRef.parse, refs):
            by_job.setdefault(ref.job, []).append(ref)
        found = await each(by_job.values(), self._described, CALLS)
        return {view.ref: view for views in found for view in views}

    async def tasks(self, ref: str, states: Collection[JobState]) -> Sequence[TaskView]:
        view = (await self.describe([ref])).get(ref)
        return [task for task in (view.tasks or () if view else ()) if task.state in states]

    async def cancel(self, ref: str, index: int | None, reason: str) -> None:
        job, group, _ = GroupRef.parse(ref)
        if index is not None:
            await self._end(job, task_id(group, index))
            return
        async with self._jobs.alone(job):
            there = await self._tasks(job, None, select="id,state", filter="state ne 'completed'") or {}
            ours = [task for _, task in there.pop(group, ())]
            if not ours:
                return
            if there:
                # The job goes on: it has other groups.
                await each([task.id for task in ours], partial(self._end, job), CALLS)
            else:
                await self._end_job(job, reason)
        self._watch.hurry(job)
        running = sum(task.state == "running" for task in ours)
        log.info(
            "job %s: ended %d running and %d waiting tasks of %s%s",
            job, running, len(ours) - running, group, "" if there else ", and the job",
        )  # fmt: skip

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        """``cursor`` is how much was read of the two files."""
        job, group, _ = GroupRef.parse(ref)
        return await logs.read(self._clients, job, task_id(group, index), cursor)

    async def status(self, ref: str) -> tuple[str, int]:
        """The state of a group's tasks in Azure's words, and the exit code of one that failed, else 0; -1 while there is none.

        :raises ExecutorError: if Azure does not know them
        """
        found = GroupRef.parse(ref)
        listed = (await self._tasks(found.job, [found.group]) or {}).get(found.group)
        if not listed:
            raise ExecutorError(
                f"Azure Batch does not know the tasks {ref}: their job was deleted, or is another account's."
            )
        states = {task.state for _, task in listed}
        state = next((one for one in ("running", "preparing", "active") if one in states), "completed")
        codes = [task.execution_info.exit_code for _, task in listed]
        known = [code for code in codes if code is not None]
        return state, next(filter(None, known), 0 if known else -1)

    async def purge(self, dispatch_id: str) -> None:
        """Delete jobs of a dispatch that have ended: Azure keeps them for ever.

        :raises ExecutorError: if one cannot be deleted
        """
        ended = [job.id for job in await self._jobs.of(dispatch_prefix(dispatch_id)) if job.is_over]
        await each(ended, self._jobs.delete, CALLS)

    # What the calls have in common.

    async def _described(self, refs: Sequence[GroupRef]) -> list[JobView]:
        """Groups of one job; those that are not there are left out."""
        job = refs[0].job
        there = await self._tasks(job, [ref.group for ref in refs])
        if there is None:
            return []
        wanted = {ref.group for ref in refs}
        idle = {group for group, listed in there.items() if group in wanted and _is_idle(listed)}
        tasks = [task for group in wanted for _, task in there.get(group, ())]
        facts = await self._watch.facts(job, tasks, is_idle=bool(idle))
        reason = await self._watch.reason(facts) if idle else ""
        return [
            job_view(ref, there[ref.group], facts, self._memory.get(ref.group), reason if ref.group in idle else "")
            for ref in refs
            if there.get(ref.group)
        ]

    async def _tasks(
        self,
        job: str,
        groups: Sequence[str] | None,
        *,
        select: str = TASK_FIELDS,
        filter: str = "",  # noqa: A002
    ) -> dict[str, Listed] | None:
        """Tasks of a job by group; None if there is no such job.

        :param groups: those that are wanted; if it is one, no other is asked for
        """
        params = {"select": select, "maxresults": "1000"}
        if groups is not None and len(groups) == 1:
            params["filter"] = f"startswith(id,'{groups[0]}-')"
        elif filter:
            params["filter"] = filter
        try:
            found = await self._clients.items(
                f"/jobs/{part(job)}/tasks", f"listing the tasks of the job {job}", Task, **params
            )
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        listed: dict[str, Listed] = {}
        for task in found:
            group, index = task_of(task.id) or (task.id, 0)
            listed.setdefault(group, []).append((index, task))
        return listed

    async def _finished(self, job: JobFacts) -> None:
        """Have a job end with its tasks that whoever made it could not tell so any more."""
        if job.is_endless:
            async with self._jobs.alone(job.id):
                await self._jobs.finish(job.id)

    async def _end(self, job: str, task: str) -> None:
        path = f"/jobs/{part(job)}/tasks/{part(task)}/terminate"
        await self._post_unless_over(path, f"ending the task {task} of the job {job}")

    async def _end_job(self, job: str, reason: str) -> None:
        body = bodies.encode({"terminateReason": reason})
        await self._post_unless_over(f"/jobs/{part(job)}/terminate", f"ending the job {job}", body)

    async def _post_unless_over(self, path: str, what: str, body: bytes | None = None) -> None:
        try:
            await self._clients.call("POST", path, what, body=body)
        except RefusedError as error:
            if error.code not in _ENDED:
                raise


def _is_idle(listed: Listed) -> bool:
    """Whether tasks wait, and none runs."""
    states = {task.state for _, task in listed}
    return "active" in states and not states & {"preparing", "running"}
