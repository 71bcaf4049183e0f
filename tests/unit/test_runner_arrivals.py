"""Classes and modules that come by value stay with the dispatch that they came with."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import cloudpickle
import pytest
from cloudpickle import cloudpickle as by_value

from covalent.runner.arrivals import Arrivals

PROGRAM = """
import enum, sys
from pathlib import Path
import covalent as ct
from covalent.workflow.packing import Packer

given = int(sys.argv[1])

class Mode(enum.Enum):
    BEST = given

class Left:
    name = "left"

class Right:
    name = "right"

class Either(Left if given == 1 else Right):
    if given == 1:
        first = True

@ct.electron
def look():
    return Mode.BEST.value, Either.name, hasattr(Either, "first")

@ct.electron
def use():
    import beside
    return beside.VALUE

Path(sys.argv[2]).write_bytes(Packer().pack({"look": look, "use": use}[sys.argv[3]]).data)
"""


def packed(folder: Path, value: int, name: str) -> bytes:
    """A function of a script, as the script with this argument dispatches it."""
    (folder / "program.py").write_text(PROGRAM)
    (folder / "beside.py").write_text(f"VALUE = {value}\n")
    command = [sys.executable, "-B", "program.py", str(value), "packed", name]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    return (folder / "packed").read_bytes()


def opened(data: bytes) -> Callable[..., Any]:
    return cast("Callable[..., Any]", pickle.loads(data))


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrivals]:
    monkeypatch.setattr(by_value, "_DYNAMIC_CLASS_TRACKER_BY_ID", by_value._DYNAMIC_CLASS_TRACKER_BY_ID)
    monkeypatch.setattr(by_value, "_PICKLE_BY_VALUE_MODULES", set())
    yield Arrivals()
    sys.modules.pop("beside", None)


def test_dispatches_of_one_script_do_not_share_classes(arrivals: Arrivals, tmp_path: Path) -> None:
    first, second = packed(tmp_path, 1, "look"), packed(tmp_path, 2, "look")
    functions = {}
    for dispatch_id, data in (("first", first), ("second", second)):
        arrivals.enter(dispatch_id)
        functions[dispatch_id] = opened(data)
        arrivals.leave()
    assert functions["first"]() == (1, "left", True)
    assert functions["second"]() == (2, "right", False)


def test_tasks_of_one_dispatch_share_classes(arrivals: Arrivals, tmp_path: Path) -> None:
    data = packed(tmp_path, 1, "look")
    kinds = []
    for dispatch_id in ("first", "other", "first"):
        arrivals.enter(dispatch_id)
        kinds.append(opened(data))
        arrivals.leave()
    enums = [inside(function) for function in kinds]
    assert (enums[0] is enums[2], enums[0] is enums[1]) == (True, False)


def inside(function: Any) -> object:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__globals__["Mode"]


def test_modules_that_came_with_a_task_are_gone_after_it(arrivals: Arrivals, tmp_path: Path) -> None:
    use = opened(packed(tmp_path, 5, "use"))
    installed = ModuleType("beside")
    for before in (None, installed):
        if before is not None:
            sys.modules["beside"] = before
        arrivals.enter("first")
        assert use() == 5
        arrivals.leave()
        assert sys.modules.get("beside") is before
        assert "beside" not in cloudpickle.list_registry_pickle_by_value()
