"""Executors: what there is, what they have to do, how they have done of late."""

from __future__ import annotations

import statistics

from ...config import executor_defaults
from ...errors import CovalentError
from ...executor.registry import executor_class, known_executors
from ...store.base import ExecutorUse
from ..masking import masked_settings
from ..routing import api_router
from ..schemas import ExecutorFailureView, ExecutorTaskView, ExecutorView
from ..state import State, problems

router = api_router("executors")


@router.get("/executors", responses=problems())
async def executors(state: State) -> list[ExecutorView]:
    """Every executor that is installed here or was used of late."""
    read = state.dispatcher.threads.read
    use = {found.name: found for found in await state.executor_use.get()}
    nothing = {"counts": {}, "groups": 0, "under_way": (), "waits_s": (), "failed": ()}
    names = sorted({*await read(known_executors), *use})
    return [await read(_view, use.get(name) or ExecutorUse(name=name, **nothing)) for name in names]  # type: ignore[arg-type]


def _view(use: ExecutorUse) -> ExecutorView:
    class_name, about, settings, problem = "", "", {}, ""
    try:
        kind = executor_class(use.name)
        class_name, about = kind.__name__, _first_sentence(kind.__doc__)
        settings = masked_settings(use.name, executor_defaults(use.name))
    except CovalentError as error:
        problem = str(error)
    return ExecutorView(
        name=use.name,
        class_name=class_name,
        about=about,
        problem=problem,
        settings=settings,
        counts=use.counts,
        groups=use.groups,
        tasks=[ExecutorTaskView.of(task) for task in use.under_way],
        median_wait_s=statistics.median(use.waits_s) if use.waits_s else None,
        failures=[ExecutorFailureView.of(task) for task in use.failed],
    )


def _first_sentence(doc: str | None) -> str:
    return " ".join((doc or "").strip().split("\n\n")[0].split())
