"""The store over SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

from ..errors import StoreError
from ..model import (
    AttemptInfo,
    Blob,
    Changes,
    DispatchInfo,
    Event,
    ExecutorSpec,
    Graph,
    Outcome,
    Snapshot,
    TaskInfo,
)
from ..states import Status
from . import create, elsewhere, executor_use, leases, migrations, purge, reading
from .base import CancelWish, ExecutorUse, GraphPreviews, Leftovers, PurgeReport, Store
from .commit import Commits
from .database import Database


class SqlStore(Store):
    """Says which work is one transaction. What the work is stands in the modules beside this one, and in their SQL."""

    def __init__(self, database: Database[Any]) -> None:
        self._database = database
        self._commits = Commits(database)

    def migrate(self) -> None:
        migrations.migrate(self._database)

    def close(self) -> None:
        self._database.close()

    # Writing

    def create_dispatch(
        self,
        info: DispatchInfo,
        graph: Graph,
        values: dict[str, bytes],
        owner: str,
        *,
        secrets: Mapping[str, bytes] = MappingProxyType({}),
        keepers: Collection[int] = (),
    ) -> bool:
        return self._database.write(
            partial(
                create.create_dispatch,
                info=info,
                graph=graph,
                values=values,
                owner=owner,
                keepers=keepers,
                secrets=secrets,
            )
        )

    def commit(self, changes: Sequence[Changes]) -> None:
        self._commits.commit(changes)

    def commit_at_once(self, changes: Sequence[Changes]) -> bool:
        return self._commits.commit_at_once(changes)

    def set_child(self, dispatch_id: str, node_id: int, child_id: str) -> None:
        self._database.write(partial(create.set_child, dispatch_id=dispatch_id, node_id=node_id, child_id=child_id))

    def replace_outcome(self, dispatch_id: str, node_id: int, attempt: int, outcome: Outcome) -> None:
        self._database.write(
            partial(
                elsewhere.replace_outcome,
                dispatch_id=dispatch_id,
                node_id=node_id,
                attempt=attempt,
                outcome=outcome,
            )
        )

    def purge(self, dispatch_ids: Sequence[str] | None) -> PurgeReport:
        report = self._database.write(partial(purge.purge, dispatch_ids=dispatch_ids))
        with suppress(StoreError):  # What was purged is gone; the next purge gives its room back too.
            self._database.tidy()
        return report

    def forget_leftovers(self, group_ids: Sequence[str]) -> None:
        self._database.write(partial(elsewhere.forget_leftovers, group_ids=group_ids))

    # Leases

    def acquire(self, owner: str, at: float, stale_s: float) -> list[str]:
        return self._database.write(partial(leases.acquire, owner=owner, at=at, stale_s=stale_s))

    def claim(self, dispatch_id: str, owner: str) -> bool:
        return self._database.write(partial(leases.claim, dispatch_id=dispatch_id, owner=owner))

    def request_cancel(self, dispatch_id: str, node_ids: Sequence[int] | None) -> None:
        self._database.write(partial(leases.request_cancel, dispatch_id=dispatch_id, node_ids=node_ids))

    def cancels(self, owner: str) -> list[CancelWish]:
        return self._database.read(partial(leases.cancels, owner=owner))

    # Reading

    def unreferenced(self, digests: Sequence[str]) -> list[str]:
        return self._database.read(partial(reading.unreferenced, digests=digests))

    def leftovers(self, limit: int) -> list[Leftovers]:
        return self._database.read(partial(elsewhere.leftovers, limit=limit))

    def executors(self, dispatch_id: str, limit: int) -> list[ExecutorSpec]:
        return self._database.read(partial(elsewhere.executors, dispatch_id=dispatch_id, limit=limit))

    def secrets(self, ids: Collection[str], dispatch_id: str | None = None) -> dict[str, bytes]:
        return self._database.read(partial(reading.secrets, ids=ids, dispatch_id=dispatch_id))

    def dispatch(self, dispatch_id: str) -> DispatchInfo:
        return self._database.read(partial(reading.dispatch, dispatch_id=dispatch_id))

    def dispatches(
        self,
        *,
        limit: int = 100,
        before: str | None = None,
        roots_only: bool = True,
        executor: str | None = None,
        search: str = "",
        statuses: Iterable[Status] = (),
    ) -> list[DispatchInfo]:
        return self._database.read(
            partial(
                reading.dispatches,
                limit=limit,
                before=before,
                statuses=tuple(statuses),
                search=search,
                executor=executor,
                roots_only=roots_only,
            )
        )

    def executor_use(self) -> list[ExecutorUse]:
        return self._database.read(executor_use.executor_use)

    def graph(self, dispatch_id: str) -> Graph:
        return self._database.read(partial(reading.graph, dispatch_id=dispatch_id))

    def previews(self, dispatch_id: str) -> GraphPreviews:
        return self._database.read(partial(reading.previews, dispatch_id=dispatch_id))

    def placement(self, dispatch_id: str, group_id: str) -> tuple[ExecutorSpec, Any] | None:
        return self._database.read(partial(reading.placement, dispatch_id=dispatch_id, group_id=group_id))

    def tasks(
        self, dispatch_id: str, *, after: int = -1, limit: int = 1000, statuses: Iterable[Status] = ()
    ) -> list[TaskInfo]:
        return self._database.read(
            partial(reading.tasks, dispatch_id=dispatch_id, after=after, limit=limit, statuses=tuple(statuses))
        )

    def task(self, dispatch_id: str, node_id: int) -> TaskInfo:
        return self._database.read(partial(reading.task, dispatch_id=dispatch_id, node_id=node_id))

    def attempts(self, dispatch_id: str, node_id: int) -> list[AttemptInfo]:
        return self._database.read(partial(reading.attempts, dispatch_id=dispatch_id, node_id=node_id))

    def events(
        self,
        dispatch_id: str,
        *,
        node_id: int | None = None,
        after: int = 0,
        limit: int = 1000,
    ) -> list[Event]:
        return self._database.read(
            partial(reading.events, dispatch_id=dispatch_id, node_id=node_id, after=after, limit=limit)
        )

    def payloads(self, dispatch_id: str, digests: Iterable[str]) -> dict[str, Blob]:
        return self._database.read(partial(reading.payloads, dispatch_id=dispatch_id, digests=tuple(digests)))

    def outputs(self, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, Blob]:
        return self._database.read(partial(reading.outputs, dispatch_id=dispatch_id, node_ids=tuple(node_ids)))

    def output_previews(self, dispatch_id: str, node_ids: Iterable[int]) -> dict[int, str]:
        return self._database.read(partial(reading.output_previews, dispatch_id=dispatch_id, node_ids=tuple(node_ids)))

    def snapshot(self, dispatch_id: str) -> Snapshot:
        return self._database.read(partial(reading.snapshot, dispatch_id=dispatch_id), consistent=True)
