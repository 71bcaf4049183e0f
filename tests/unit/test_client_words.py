"""How clients say in words how far a dispatch is."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest

from covalent.client import wait
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


def test_a_notebook_without_widgets_shows_a_line_and_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    display = pytest.importorskip("IPython.display")
    shown: list[str] = []

    class Line:
        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            shown.append(data["text/plain"])

    def show(data: dict[str, str], **how: Any) -> Line:
        assert how == {"raw": True, "display_id": True}
        shown.append(data["text/plain"])
        return Line()

    monkeypatch.setattr(display, "display", show)
    monkeypatch.setattr(wait, "_in_notebook", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with wait._progress(lambda: "why") as show_state:
            show_state(info(RUNNING=2, COMPLETED=3))
            show_state(info(RUNNING=1, COMPLETED=4))  # Too soon after the one before to be seen.
    assert shown == ["", "flow  3/5  2 running", ""]
