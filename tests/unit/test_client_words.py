"""How clients say in words how far a dispatch is."""

from __future__ import annotations

from covalent.client.describe import counted
from covalent.client.wait import _state
from covalent.model import DispatchInfo
from covalent.states import Status


def info(not_run: int = 0, **counts: int) -> DispatchInfo:
    return DispatchInfo(
        id="d",
        name="flow",
        status=Status.RUNNING,
        created_at=1.0,
        tasks=sum(counts.values()),
        counts=counts,
        not_run=not_run,
    )


def test_what_never_ran_is_told_apart_from_what_failed():
    assert counted(info(COMPLETED=4, FAILED=3)) == "7 (4 completed, 3 failed)"
    assert counted(info(COMPLETED=4, FAILED=3, not_run=2)) == "7 (4 completed, 1 failed, 2 did not run)"


def test_beside_the_bar_is_what_runs_and_what_went_wrong_itself():
    assert _state(info(RUNNING=2, FAILED=3, not_run=2)) == "2 running, 1 failed"
    assert _state(info(NEW_OBJECT=2)) == "running"
