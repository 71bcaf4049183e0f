"""Running a dispatch again."""

from __future__ import annotations

import subprocess
import sys

import pytest

import covalent as ct
from covalent.errors import WorkflowError
from tests.support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("server")


@ct.electron
def add(x, y):
    return x + y


@ct.electron(executor="local")
def scale(x, by=2):
    return x * by


@ct.electron
@ct.lattice
def inner(x):
    return scale(add(x, 1))


@ct.lattice
def workflow(a, b=10):
    return [add(a, b), scale(a), inner(a)]


@pytest.fixture(scope="module")
def first(shared_server) -> str:
    address = shared_server.address
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shared_server.environment.items():
            patch.setenv(name, value)
        dispatch_id = ct.dispatch(workflow, address)(3)
        assert ct.get_result(dispatch_id, wait=True, dispatcher_addr=address).result == [13, 6, 8]
    return dispatch_id


def again(dispatch_id, *args, replace=None, reuse=False, **kwargs):
    new = ct.redispatch(dispatch_id, replace_electrons=replace, reuse_previous_results=reuse)(*args, **kwargs)
    return ct.get_result(new, wait=True)


def reused(result):
    tasks = result._server.tasks(result.dispatch_id)
    return [task.reused for task in tasks]


def test_without_arguments_it_runs_with_those_that_it_had(first):
    result = again(first)
    assert result.result == [13, 6, 8]
    assert result.dispatch_id != first
    assert result.inputs == {"args": [3], "kwargs": {}}
    assert reused(result) == [False, False, False]


def test_with_arguments_it_runs_with_those(first):
    assert again(first, 4, b=0).result == [4, 8, 10]


def test_a_result_will_do_in_place_of_an_id(first):
    assert again(ct.get_result(first)).result == [13, 6, 8]


def test_a_replaced_electron_is_replaced_everywhere_in_sublattices_too(first):
    assert again(first, replace={"scale": lambda x: -x}).result == [13, -3, -4]


def test_a_replacement_may_be_an_electron_of_another_name(first):
    @ct.electron
    def multiply(x, y):
        return x * y

    result = again(first, replace={"add": multiply})
    assert result.result == [30, 6, 6]
    assert [node["node_name"] for node in result.get_all_node_results()] == ["add", "scale", "inner"]
    assert multiply.__name__ == "multiply"


def test_an_electron_that_only_a_sublattice_calls_can_be_replaced():
    @ct.lattice
    def outer(x):
        return inner(x)

    dispatch_id = ct.dispatch(outer)(1)
    ct.get_result(dispatch_id, wait=True)
    assert again(dispatch_id, replace={"add": lambda x, y: x - y}).result == 0


def test_a_name_that_no_electron_has_is_refused_with_those_there_are(first):
    with pytest.raises(WorkflowError, match=r"no electron 'scal'\. Did you mean 'scale'\?.*: add, inner, scale\."):
        ct.redispatch(first, replace_electrons={"scal": abs})()


def test_a_replacement_must_be_something_to_call(first):
    with pytest.raises(WorkflowError, match="42"):
        ct.redispatch(first, replace_electrons={"scale": 42})


def test_what_is_unchanged_is_not_run_again(first):
    result = again(first, reuse=True)
    assert result.result == [13, 6, 8]
    assert reused(result) == [True, True, True]


def test_only_what_changed_is_run_again(first):
    result = again(first, 3, b=11, reuse=True)
    assert result.result == [14, 6, 8]
    assert reused(result) == [False, True, True]


def test_a_replaced_electron_is_run_and_the_rest_reused(first):
    result = again(first, replace={"add": lambda x, y: 100}, reuse=True)
    assert result.result == [100, 6, 200]
    assert reused(result)[:2] == [False, True]


def test_what_was_replaced_stays_replaced_when_it_is_dispatched_once_more(first):
    changed = again(first, replace={"scale": lambda x: -x})
    assert again(changed, 5).result == [15, -5, -6]


def test_tasks_with_a_package_of_this_machine_run_again_when_it_has_changed(tmp_path):
    requirement = make_wheel(tmp_path, "quince", "1.0", "before")

    @ct.electron(deps_pip=requirement)
    def look():
        import quince

        return quince.VALUE

    @ct.electron
    @ct.lattice
    def nested():
        return look()

    @ct.electron
    @ct.lattice
    def outer():
        return nested()

    @ct.lattice
    def both():
        return [look(), outer(), add(1, 2)]

    first = ct.get_result(ct.dispatch(both)(), wait=True)
    assert first.result == ["before", "before", 3]
    make_wheel(tmp_path, "quince", "1.0", "after")
    second = again(first.dispatch_id, reuse=True)
    assert (second.result, reused(second)) == (["after", "after", 3], [False, False, True])
    third = again(second.dispatch_id, reuse=True)
    assert (third.result, reused(third)) == (["after", "after", 3], [True, True, True])


SCRIPT = """
import enum, sys
import covalent as ct

class Kind(enum.Enum):
    ROUND = 1

class Shape:
    kind = Kind.ROUND

@ct.electron
def make():
    return Shape(), Kind.ROUND

@ct.electron
def look(made):
    return {result}

@ct.lattice
def workflow():
    return look(make())

if len(sys.argv) == 1:
    dispatch_id = ct.dispatch(workflow)()
else:
    dispatch_id = ct.redispatch(sys.argv[1], replace_electrons={{"look": look}}, reuse_previous_results=True)()
print(dispatch_id, ct.get_result(dispatch_id, wait=True).result)
"""


def test_an_electron_of_the_repaired_script_knows_the_objects_of_those_before(tmp_path):
    def run(result, *arguments):
        (tmp_path / "script.py").write_text(SCRIPT.format(result=result))
        command = [sys.executable, "script.py", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.split(maxsplit=1)

    first, _ = run("None")
    _, value = run("isinstance(made[0], Shape), made[1] is Kind.ROUND", first)
    assert value.strip() == "(True, True)"
