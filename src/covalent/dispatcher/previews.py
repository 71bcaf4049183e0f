"""What people see of the arguments and results of dispatches and tasks: text that others made, as nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..model import DispatchInfo, Mark, TaskInfo
from ..states import Status
from .details import Details, Seen
from .threads import StoreThreads

#: How many marks in a result are replaced by values, and the characters that it may grow to.
MARKS: Final = 16
LIMIT: Final = 4000

#: How many sublattices deep a value is looked for.
DEPTH: Final = 8

_BREAKS: Final = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Both are empty where nothing is known."""

    arguments: str = ""
    result: str = ""


class Previews:
    """Puts together what the store has of them."""

    def __init__(self, threads: StoreThreads, details: Details) -> None:
        self._threads, self._details = threads, details

    async def of_dispatch(self, info: DispatchInfo, depth: int = DEPTH) -> Shown:
        """Before it has completed, its result has marks where values will be."""
        kept = await self._threads.read(self._threads.store.previews, info.id)
        result, marks = kept.result_preview[:LIMIT], kept.result_marks
        if info.status is Status.COMPLETED and marks:
            wanted = list(dict.fromkeys(mark.node_id for mark in marks[:MARKS]))
            outputs = {node_id: await self._output(info.id, node_id, depth) for node_id in wanted}
            result = fill(result, marks, outputs)
        return Shown(arguments=kept.arguments_preview[:LIMIT], result=result)

    async def of_task(self, dispatch_id: str, task: TaskInfo, attempts: Sequence[Seen]) -> Shown:
        """:param attempts: all of them"""
        if task.child_id is not None:
            return await self._of_child(task.child_id, DEPTH)
        last = attempts[-1].attempt.outcome if attempts else None
        if last is not None:
            return Shown(arguments=last.inputs_preview, result=last.output_preview)
        # Its value may be that of another dispatch's task.
        found = await self._threads.read(self._threads.store.output_previews, dispatch_id, [task.node_id])
        return Shown(result=found.get(task.node_id, ""))

    async def _of_child(self, child_id: str, depth: int) -> Shown:
        info = await self._threads.read(self._threads.store.dispatch, child_id)
        shown = await self.of_dispatch(info, depth - 1)
        return shown if info.status is Status.COMPLETED else replace(shown, result="")

    async def _output(self, dispatch_id: str, node_id: int, depth: int) -> str:
        store = self._threads.store
        found = await self._threads.read(store.output_previews, dispatch_id, [node_id])
        if node_id in found:
            return found[node_id]
        task = await self._threads.read(store.task, dispatch_id, node_id)
        if task.child_id is not None:
            return (await self._of_child(task.child_id, depth)).result if depth else ""
        attempts = await self._threads.read(store.attempts, dispatch_id, node_id)
        return (await self.of_task(dispatch_id, task, await self._details.see(dispatch_id, attempts[-1:]))).result


def fill(text: str, marks: Sequence[Mark], outputs: Mapping[int, str]) -> str:
    """The text with outputs in place of marks, as long as there is room; alone, an output keeps its lines."""
    parts, at, length = [], 0, len(text)
    for mark in marks:
        output = outputs.get(mark.node_id, "")
        if not output or not at <= mark.start < mark.end <= len(text):
            continue
        if mark.end - mark.start < len(text):
            output = _BREAKS.sub(" ", output)
        if length + len(output) > LIMIT:
            continue
        parts += [text[at : mark.start], output]
        at, length = mark.end, length + len(output)
    return "".join((*parts, text[at:]))
