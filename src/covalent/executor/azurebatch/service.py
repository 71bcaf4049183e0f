"""The calls to Azure Batch, as the engine of all clouds wants them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ...errors import ExecutorError
from ..batch.concurrently import each
from ..batch.remembered import Remembered
from ..batch.service import Job, JobState, JobView, Limits, LogPage, ReasonPattern, TaskView, WaitPattern
from ..batch.submission import DISPATCH_TAG
from . import bodies, logs
from .account import Account
from .checks import Checks
from .ending import end_task
from .jobs import Jobs
from .listing import Listed, are_idle, tasks_of
from .names import GroupRef, dispatch_prefix, group_name, line_name, task_id
from .options import JobOptions
from .pools import Pools
from .reasons import LIMITS, REASONS, WAITS
from .session import Clients
from .views import JobFacts, TaskViews, job_view
from .watch import Watch

log = logging.getLogger(__name__)

#: Calls of one kind that are under way at once.
CALLS: Final = 8


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
        self._memory: Remembered[int] = Remembered()  #: What tasks were given, by the group's name.
        self._views: Remembered[TaskViews] = Remembered()  #: Of groups that have not ended.

    async def close(self) -> None:
        await self._checks.close()
        await self._pools.close()
        await self._clients.close()

    async def check(self, options: JobOptions) -> None:
        await self._checks.check(options)

    async def submit(self, job: Job) -> str:
        return await self._submit(job, None)

    async def find(self, job: Job) -> str | None:
        """A group of which a part is there, and whose job goes on, gets the rest: it is there, or it is not."""
        group = group_name(job.name)
        for facts in await self._jobs.of(dispatch_prefix(job.tags.get(DISPATCH_TAG, job.name))):
            there = await tasks_of(self._clients, facts.id, [group], select="id")
            if not there or group not in there:
                continue
            if len(there[group]) < job.size and facts.is_open:
                return await self._submit(job, facts.id)
            await self._jobs.settle(group, facts)
            return str(GroupRef(facts.id, group, job.size))
        await self._jobs.settle(group, None)
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
            await end_task(self._clients, job, task_id(group, index))
            return
        ended = await self._jobs.end(job, group, reason)
        self._watch.hurry(job)
        log.info(
            "job %s: ended %d running and %d waiting tasks of %s%s",
            job, ended.running, ended.waiting, group, ", and the job" if ended.is_job else "",
        )  # fmt: skip

    async def logs(self, ref: str, index: int, cursor: str) -> LogPage:
        """``cursor`` is how much was read of the two files."""
        job, group, _ = GroupRef.parse(ref)
        return await logs.read(self._clients, job, task_id(group, index), cursor)

    async def log_end(self, ref: str, index: int) -> bytes:
        job, group, _ = GroupRef.parse(ref)
        return await logs.read_end(self._clients, job, task_id(group, index))

    async def status(self, ref: str) -> tuple[str, int]:
        """The state of a group's tasks in Azure's words, and the exit code of one that failed, else 0; -1 while there is none.

        :raises ExecutorError: if Azure does not know them
        """
        found = GroupRef.parse(ref)
        listed = (await tasks_of(self._clients, found.job, [found.group]) or {}).get(found.group)
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
        """Delete the jobs of a dispatch: Azure keeps them for ever, and those that were not told to end count against the quota.

        :raises ExecutorError: if one cannot be deleted
        """
        jobs = [job.id for job in await self._jobs.of(dispatch_prefix(dispatch_id))]
        await each(jobs, self._jobs.delete, CALLS)

    async def _submit(self, job: Job, begun: str | None) -> str:
        """:param begun: the job of Azure's that has a part of it"""
        content = bodies.job_content(job, await self._checks.client_id(job.options))
        group = group_name(job.name)
        line = line_name(job.tags.get(DISPATCH_TAG, job.name), bodies.encode(content))
        found = await self._jobs.add(line, content, group, list(bodies.collections(job, group)), begun)
        if (memory_mib := job.options.memory_after(job.out_of_memory)) is not None:
            self._memory[group] = memory_mib
        return str(GroupRef(found, group, job.size))

    async def _described(self, refs: Sequence[GroupRef]) -> list[JobView]:
        """Groups of one job; those that are not there are left out."""
        job = refs[0].job
        there = await tasks_of(self._clients, job, [ref.group for ref in refs])
        if there is None:
            return []
        found = [(ref, there[ref.group]) for ref in refs if there.get(ref.group)]
        idle = {ref for ref, listed in found if are_idle(listed)}
        is_odd = bool(idle) or any(len(listed) < ref.size for ref, listed in found)
        tasks = [task for _, listed in found for _, task in listed]
        facts = await self._watch.facts(job, tasks, is_odd=is_odd)
        reason = await self._watch.reason(facts) if idle else ""
        return [self._group_view(ref, listed, facts, reason if ref in idle else "") for ref, listed in found]

    def _group_view(self, ref: GroupRef, listed: Listed, facts: JobFacts | None, reason: str) -> JobView:
        known = self._views.pop(str(ref), None) or TaskViews()
        view = job_view(ref, known.of(ref, listed, facts), self._memory.get(ref.group), reason)
        if not view.state.is_final:
            self._views[view.ref] = known
        return view
