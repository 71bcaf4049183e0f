"""Classes of the user's own modules stay the same class, from process to process and back."""

from __future__ import annotations

import abc
import dataclasses
import enum
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import covalent as ct
from covalent.serialize import dumps, loads
from covalent.workflow.packing import Packer
from tests.unit import travelling
from tests.unit.travelling import Color, Point


def run(code: str, folder: Path, *arguments: str) -> str:
    (folder / "program.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "program.py", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_value_that_comes_home_is_of_the_class_that_it_left_with() -> None:
    point, color, nested = loads(dumps([Point(1), Color.RED, Point.Inner()]))
    assert type(point) is Point
    assert color is Color.RED
    assert type(nested) is Point.Inner
    assert point == Point(1)


def test_what_comes_home_overwrites_nothing() -> None:
    away = dumps([Point(1), travelling.Counter()])
    before = Point.scaled
    travelling.FACTOR, travelling.Counter.made = 5, 7
    try:
        point, counter = loads(away)
        assert (point.scaled(), counter.made, Point.scaled is before) == (5, 7, True)
    finally:
        travelling.FACTOR, travelling.Counter.made = 2, 0


SHAPES = """
import dataclasses, enum
class Color(enum.Enum):
    RED = 1
@dataclasses.dataclass
class Point:
    x: int
    class Inner: ...
"""

LEAVE = """
import sys
from pathlib import Path
from covalent.serialize import dumps
import shapes
class Mine:
    kind = "left"
Path(sys.argv[1]).write_bytes(dumps([shapes.Point(1), shapes.Color.RED, shapes.Point.Inner(), Mine()]))
"""

ARRIVE = """
import sys
from pathlib import Path
from covalent.serialize import loads
class Mine:
    kind = "arrived"
point, color, inner, mine = loads(Path(sys.argv[1]).read_bytes())
import shapes
print(type(point) is shapes.Point, color is shapes.Color.RED, type(mine) is Mine)
"""

LEAVE_AND_ARRIVE = """
import enum, sys
from pathlib import Path
from covalent.serialize import dumps, loads
class Mine: ...
class Kind(enum.Enum):
    A = 1
left = Path(sys.argv[1])
if left.exists():
    mine, kind = loads(left.read_bytes())
    print(type(mine) is Mine, kind is Kind.A)
else:
    left.write_bytes(dumps([Mine(), Kind.A]))
"""

ELSEWHERE = """
import sys, pickle
from pathlib import Path
a, b = (pickle.loads(Path(name).read_bytes()) for name in sys.argv[1:])
print([type(x) is type(y) for x, y in zip(a, b)], a[:2] == b[:2], "shapes" in sys.modules)
"""


def test_another_process_that_has_the_module_uses_its_classes(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    run(LEAVE, tmp_path, "left")
    # A class of another script is another class, though it has the same name.
    assert run(ARRIVE, tmp_path, "left") == "True True False"


def test_the_same_script_run_again_knows_its_classes(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    run(LEAVE_AND_ARRIVE, tmp_path, "left")
    assert run(LEAVE_AND_ARRIVE, tmp_path, "left") == "True True"


def test_values_from_two_processes_are_of_one_class_where_there_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    run(LEAVE, tmp_path, "first")
    run(LEAVE, tmp_path, "second")
    (tmp_path / "away").mkdir()
    found = run(ELSEWHERE, tmp_path / "away", "../first", "../second")
    # Nested classes have no lasting name.
    assert found == "[True, True, False, True] True False"


SUBLATTICE = """
import pickle, sys
from pathlib import Path
import covalent as ct
import shapes
@ct.electron
@ct.lattice
def flow(point):
    return isinstance(point, shapes.Point)
submission = ct.lattice(lambda: flow(shapes.Point(1))).build_graph()
node = submission.graph.nodes[0]
function = submission.graph.functions[node.function].digest
Path("task").write_bytes(pickle.dumps((submission.values[function], submission.values[node.args])))
"""

WORKER = """
import pickle
from pathlib import Path
from covalent.serialize import decode_submission, loads
function, args = map(pickle.loads, pickle.loads(Path("task").read_bytes()))
submission = decode_submission(function(*args[0]))
print(loads(submission.values[submission.graph.output]))
"""


def test_a_worker_that_could_import_a_module_still_takes_what_travelled(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    run(SUBLATTICE, tmp_path)
    assert run(WORKER, tmp_path) == "True"


def test_the_running_script_is_not_run_again_because_a_task_imports_it(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def late():\n    import program\n    return program\n")
    code = "print('ran')\nimport helper\nfrom covalent.serialize import dumps\ndumps(helper.late)\n"
    assert run(code, tmp_path) == "ran"


def _packed(function: Callable[..., Any]) -> bytes:
    return Packer().pack(ct.electron(function)).data


def _opened(data: bytes) -> Callable[..., Any]:
    """The function as a worker opens it."""
    return cast("Callable[..., Any]", pickle.loads(data))


def test_a_function_that_stays_open_keeps_the_classes_that_it_came_with() -> None:
    unit = 10

    class Scale:
        factor = 1

        def of(self, value: int) -> int:
            return value * self.factor * unit

    def scaled(value: int) -> int:
        return Scale().of(value)

    before = _packed(scaled)
    Scale.factor, unit = 2, 100
    after = _packed(scaled)
    first, second = _opened(before), _opened(after)
    assert [first(1), second(1), first(1), second(1)] == [10, 200, 10, 200]


def test_what_a_task_sets_in_a_class_is_undone_for_the_next() -> None:
    class Counter:
        count = 0

    def count() -> int:
        Counter.count += 1
        return Counter.count

    opened = _opened(_packed(count))
    assert [opened(), opened()] == [1, 1]


def test_classes_of_all_kinds_come_with_a_function_and_travel_on_with_it() -> None:
    class Shape(enum.Enum):
        ROUND = 1

        def name_of_box(self) -> str:
            return Box.__name__

    class Sized(abc.ABC):
        @property
        @abc.abstractmethod
        def size(self) -> int: ...

    @dataclasses.dataclass(slots=True)
    class Box(Sized):
        shape: Shape = Shape.ROUND

        @property
        def size(self) -> int:
            return self.shape.value

        def twin(self) -> Box:
            return Box(self.shape)

    def compare() -> tuple[bool, str, int]:
        return Box().twin() == Box(), Box().shape.name_of_box(), Box().size

    opened = _opened(_packed(compare))
    again = _opened(_packed(opened))
    assert [opened(), again(), opened()] == [(True, "Box", 1)] * 3


EDITED = """
import enum, sys
from collections import namedtuple
from pathlib import Path
from covalent.serialize import dumps, loads
REMARK = {remark}
class Base:
    {base}
class Point(Base): ...
class Kind(enum.Enum):
    ONE = {one}
Pair = namedtuple("Pair", "x y")
file = Path("values")
if file.exists():
    point, kind = loads(file.read_bytes())
    print(type(point) is Point, type(kind) is Kind)
file.write_bytes(dumps([Point(), Kind.ONE]))
"""


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"remark": 2}, "True True"),
        ({"base": "def more(self): ..."}, "False True"),
        ({"one": "len('ab')"}, "True False"),
    ],
)
def test_an_edited_script_has_the_classes_that_were_not_edited(
    change: dict[str, object], same: str, tmp_path: Path
) -> None:
    before: dict[str, object] = {"remark": 1, "base": "...", "one": 1}
    assert run(EDITED.format(**before), tmp_path) == ""
    assert run(EDITED.format(**before | change), tmp_path) == same


def test_an_enum_of_the_same_text_and_other_values_is_another(tmp_path: Path) -> None:
    code = EDITED.format(remark=1, base="...", one="len(sys.argv)")
    assert run(code, tmp_path) == ""
    assert run(code, tmp_path, "more") == "True False"
    assert run(code, tmp_path, "more") == "True True"
