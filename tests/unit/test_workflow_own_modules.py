"""The user's own modules travel with the tasks; nothing is needed where those run but cloudpickle."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cloudpickle
import pytest

import covalent as ct
from covalent.errors import WorkflowError
from covalent.serialize import dumps, loads
from covalent.serialize.modules import is_own
from tests.unit.bare_process import run_project


def test_functions_classes_and_globals_of_modules_beside_the_script_travel(tmp_path: Path) -> None:
    files = {
        "helpers.py": """
            import dataclasses, enum, functools, typing
            FACTOR = 3
            Meters = typing.NewType("Meters", int)
            T = typing.TypeVar("T")
            class Color(enum.Enum):
                RED = 1
            @dataclasses.dataclass
            class Point:
                x: int
                def scaled(self):
                    return Point(self.x * FACTOR)
            @functools.lru_cache(maxsize=None)
            def fib(n):
                return n if n < 2 else fib(n - 1) + fib(n - 2)
            def same(value: T, unit: Meters) -> T:
                return value
            """,
        "main.py": """
            import covalent as ct
            import helpers
            from helpers import Color, Point, fib
            OFFSET = 100
            @ct.electron
            def work(point, color):
                assert color is Color.RED and isinstance(point, Point) and isinstance(point, helpers.Point)
                return helpers.same(point, 1).scaled().x + fib(10) + helpers.fib(3) + OFFSET
            @ct.lattice
            def flow(x):
                return work(Point(x), Color.RED)
            """,
    }
    assert run_project(tmp_path, files, "flow(2)") == 6 + 55 + 2 + 100


def test_packages_with_submodules_and_relative_imports_travel(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "from .a import top",
        "pkg/a.py": """
            from . import b
            from .inner.deep import deep
            def top(x):
                from .c import late
                import pkg.inner.deep as again
                return b.double(x) + deep() + late() + again.deep()
            """,
        "pkg/b.py": "def double(x):\n    return 2 * x",
        "pkg/c.py": "from .b import double\ndef late():\n    return double(1000)",
        "pkg/inner/__init__.py": "",
        "pkg/inner/deep.py": "from .. import b\ndef deep():\n    return b.double(10)",
        "main.py": """
            import covalent as ct
            import pkg
            @ct.electron
            def work(x):
                return pkg.top(x) + pkg.b.double(1)
            @ct.lattice
            def flow(x):
                return work(x)
            """,
    }
    assert run_project(tmp_path, files, "flow(1)") == 2 + 20 + 2000 + 20 + 2


def test_own_modules_that_a_task_imports_itself_travel_and_their_objects_travel_on(tmp_path: Path) -> None:
    files = {
        "shapes.py": "class Square:\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2",
        "main.py": """
            import covalent as ct
            @ct.electron
            def make(a):
                import shapes
                return shapes.Square(a)
            @ct.electron
            def measure(square):
                return square.area()
            @ct.lattice
            def flow(a):
                return measure(make(a))
            """,
    }
    assert run_project(tmp_path, files, "flow(3)") == 9


def test_electrons_in_own_modules_are_plain_functions_inside_a_task(tmp_path: Path) -> None:
    files = {
        "steps.py": """
            import threading
            import covalent as ct
            lock = threading.Lock()
            @ct.electron
            def inner(x):
                return x + 1
            @ct.lattice
            def inner_flow(x):
                return inner(x) * 2
            """,
        "main.py": """
            import covalent as ct
            import steps
            @ct.electron
            def outer(x):
                return steps.inner(x) + steps.inner_flow(x)
            @ct.lattice
            def flow(x):
                return [outer(steps.inner(x)), steps.inner(0)]
            """,
    }
    assert run_project(tmp_path, files, "flow(1)") == [3 + 6, 1]


def test_what_only_other_parts_of_a_module_need_is_not_needed_where_a_task_runs(tmp_path: Path) -> None:
    files = {
        "site-packages/only_here.py": "def show():\n    return 1",
        "plots.py": """
            import only_here
            import covalent as ct
            def plot():
                return only_here.show()
            def mean(values):
                return sum(values) / len(values)
            """,
        "main.py": """
            import sys
            sys.path.append("site-packages")
            import covalent as ct
            import plots
            @ct.electron
            def work(values):
                return (lambda: plots.mean(values))()
            @ct.lattice
            def flow():
                return work([1, 2])
            """,
    }
    assert run_project(tmp_path, files, "flow()") == 1.5


def test_modules_that_import_one_another_and_are_both_mentioned_travel(tmp_path: Path) -> None:
    files = {
        "left.py": "import right\ndef f(x):\n    return right.left.g(x) if x else right.g(x)\ndef g(x):\n    return x + 1",
        "right.py": "import left\nimport covalent as ct\nDEPS = ct.DepsPip('x')\ndef g(x):\n    return left.g(x) * 10",
        "main.py": """
            import covalent as ct
            import left, right
            @ct.electron
            def work(x):
                return left.f(x) + right.g(x) + left.right.left.g(x)
            @ct.lattice
            def flow():
                return [work(0), work(1)]
            """,
    }
    assert run_project(tmp_path, files, "flow()") == [10 + 10 + 1, 2 + 20 + 2]


def test_parts_of_a_module_that_are_looked_up_by_name_travel(tmp_path: Path) -> None:
    files = {
        "models.py": "import covalent as ct\ndef linear(x):\n    return x\ndef square(x):\n    return x * x",
        "main.py": """
            import covalent as ct
            import models
            @ct.electron
            def work(name, x):
                return getattr(models, name)(x)
            @ct.electron
            def given(module, x):
                return module.square(x)
            @ct.lattice
            def flow(x):
                return [work("square", x), given(models, x)]
            """,
    }
    assert run_project(tmp_path, files, "flow(3)") == [9, 9]


def test_methods_that_are_electrons_take_their_object_along(tmp_path: Path) -> None:
    files = {
        "main.py": """
            import covalent as ct
            class Model:
                def __init__(self, w):
                    self.w = w
                @ct.electron
                def predict(self, x):
                    return self.w * x
                @ct.electron
                @staticmethod
                def zero():
                    return 0
                @classmethod
                @ct.electron
                def named(cls):
                    return cls.__name__
            @ct.lattice
            def flow(w):
                model = Model(w)
                return [model.predict(2), Model.zero(), model.zero(), Model.named()]
            """,
    }
    assert run_project(tmp_path, files, "flow(5)") == [10, 0, 0, "Model"]


def load_module(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_what_cannot_travel_of_a_module_is_left_out_and_says_so_when_it_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked.py").write_text(
        "import threading\nlock = threading.Lock()\nvalue = 7\ndef use():\n    return lock.locked()\n"
    )
    module = load_module(tmp_path / "locked.py", "locked", monkeypatch)
    travelled = loads(dumps(module))
    assert travelled.value == 7
    with pytest.raises(AttributeError, match=r"locked\.lock did not travel with the task: cannot pickle"):
        _ = travelled.lock
    with pytest.raises(AttributeError, match=r"locked\.use did not travel"):
        travelled.use()
    with pytest.raises(AttributeError, match=r"locked\.nothing is not here"):
        _ = travelled.nothing


def test_modules_that_refer_to_one_another_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ring_a.py").write_text("import sys\ndef b():\n    return sys.modules['ring_b'].name\nname = 'a'\n")
    (tmp_path / "ring_b.py").write_text("import ring_a\nname = 'b'\n")
    a = load_module(tmp_path / "ring_a.py", "ring_a", monkeypatch)
    b = load_module(tmp_path / "ring_b.py", "ring_b", monkeypatch)
    a.ring_b = b  # type: ignore[attr-defined]
    travelled = loads(dumps(a))
    assert travelled is not a
    assert travelled.ring_b.ring_a is travelled


@pytest.mark.parametrize("name", ["json", "cloudpickle", "covalent", "covalent.model", "_thread", "no_such_module"])
def test_what_is_installed_or_ours_is_not_the_users_own(name: str) -> None:
    assert not is_own(name)


def test_installed_modules_are_pickled_by_name_and_cloudpickle_is_left_as_it_was() -> None:
    before = cloudpickle.list_registry_pickle_by_value()
    assert len(dumps(json_like := sys.modules["json"].dumps)) < 60, json_like
    dumps(run_project)
    assert cloudpickle.list_registry_pickle_by_value() == before


def test_deps_module_lets_an_installed_module_travel() -> None:
    @ct.electron(deps_module=[ct.DepsModule("colorsys"), "textwrap"])
    def light(r: float) -> float:
        import colorsys

        return colorsys.rgb_to_hls(r, 0, 0)[1]

    @ct.lattice
    def flow(r: float) -> float:
        return light(r)

    submission = flow.build_graph(0.5)
    payload = submission.values[submission.graph.functions[0].digest]
    assert b"rgb_to_yiq" in payload
    code = (
        "import pickle, sys\n"
        "sys.modules['colorsys'] = None\n"
        "print(pickle.loads(sys.stdin.buffer.read())(0.5))\n"
        "assert sys.modules['colorsys'].__spec__ is None and sys.modules['textwrap'].__spec__ is None\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], input=payload, capture_output=True, check=True, timeout=60
    )
    assert float(done.stdout) == 0.25


def test_deps_module_lets_all_of_an_own_module_travel(tmp_path: Path) -> None:
    files = {
        "models.py": "def linear(x):\n    return x\ndef square(x):\n    return x * x",
        "main.py": """
            import operator
            import covalent as ct
            import models
            @ct.electron(deps_module=models)
            def work(name, x):
                return operator.attrgetter(name)(models)(x)
            @ct.lattice
            def flow(x):
                return work("square", x)
            """,
    }
    assert run_project(tmp_path, files, "flow(3)") == 9


def test_deps_module_that_does_not_exist_is_named() -> None:
    task = ct.electron(lambda: 1, deps_module="no_such_module")
    with pytest.raises(WorkflowError, match=r"DepsModule\('no_such_module'\)"):
        ct.lattice(lambda: task()).build_graph()
