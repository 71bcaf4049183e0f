"""What people see of values, through a real server that opens none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3

import covalent as ct
from tests.support.elsewhere import ElsewhereExecutor, far_server
from tests.support.server import RunningServer
from tests.support.user import covalent

FAR = ElsewhereExecutor()
Ask = Callable[[str], dict[str, Any]]


class Masked:
    def __init__(self) -> None:
        self.password = "s3cr3t"


class Broken:
    """Its text must not be asked for: that would end the task, or change what it goes on with."""

    def __repr__(self) -> str:
        raise SystemExit("no text")


@ct.electron
def scale(values, factor=2):
    scaled = [factor * value for value in values]
    values.clear()
    return scaled


@ct.electron
def fails(reason):
    raise ValueError(reason)


@ct.electron
def guarded(secret, broken):
    return {"secret": secret, "broken": broken}


@ct.electron
def loud(text):
    return text * 100_000


@ct.electron(executor=FAR)
def far(n):
    return list(range(n))


@ct.electron
@ct.lattice
def inner(n):
    return {"scaled": scale([n]), "n": n}


@ct.lattice
def whole(n, *, name="x"):
    return scale([n, n + 1], factor=3)


@ct.lattice
def many(n):
    return {"scaled": scale([n]), "inner": inner(n), "far": far(n)}


@ct.lattice
def of(function, *args):
    return function(*args)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with far_server(tmp_path_factory.mktemp("previews")) as server:
        yield server


@pytest.fixture
def ask(running: RunningServer) -> Ask:
    token = (running.data_dir / "token").read_text()
    headers = {"Authorization": f"Bearer {token}"}

    def get(path: str) -> dict[str, Any]:
        answer = urllib3.request("GET", f"{running.address}/api/v1/dispatches/{path}", headers=headers, retries=False)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = json.loads(answer.data)
        return found

    return get


def run(lattice: Any, *args: Any, **kwargs: Any) -> str:
    dispatch_id: str = ct.dispatch(lattice)(*args, **kwargs)
    ct.get_result(dispatch_id, wait=True)
    return dispatch_id


def test_a_task_shows_what_it_was_called_with_and_what_it_returned(ask: Ask) -> None:
    task = ask(f"{run(whole, 1)}/tasks/0")
    assert (task["inputs_preview"], task["output_preview"]) == ("values=[1, 2], factor=3", "[3, 6]")


def test_a_dispatch_shows_its_arguments_and_as_its_result_that_of_the_task_it_returns(ask: Ask) -> None:
    found = ask(run(whole, 1, name="y"))
    assert (found["arguments_preview"], found["result_preview"]) == ("n=1, name='y'", "[3, 6]")


def test_a_result_is_put_together_of_tasks_sublattices_and_what_lies_elsewhere(ask: Ask) -> None:
    dispatch_id = run(many, 2)
    assert ask(dispatch_id)["result_preview"] == "{'scaled': [4], 'inner': {'scaled': [4], 'n': 2}, 'far': [0, 1]}"


def test_a_sublattice_shows_the_arguments_and_the_result_of_the_dispatch_that_it_runs_as(ask: Ask) -> None:
    task = ask(f"{run(many, 2)}/tasks/1")
    assert task["child_id"]
    assert (task["inputs_preview"], task["output_preview"]) == ("n=2", "{'scaled': [4], 'n': 2}")


def test_what_a_task_left_elsewhere_is_shown_when_somebody_looks(ask: Ask) -> None:
    task = ask(f"{run(of, far, 3)}/tasks/0")
    assert (task["inputs_preview"], task["output_preview"]) == ("n=3", "[0, 1, 2]")


def test_a_task_that_failed_shows_what_it_was_called_with(ask: Ask) -> None:
    dispatch_id = run(of, fails, "<b>no</b>")
    task, found = ask(f"{dispatch_id}/tasks/0"), ask(dispatch_id)
    assert (task["status"], task["inputs_preview"], task["output_preview"]) == ("FAILED", "reason='<b>no</b>'", None)
    assert found["result_preview"] == "\u2039fails 0\u203a"


def test_what_hides_itself_stays_hidden_and_what_cannot_be_shown_fails_nothing(ask: Ask) -> None:
    dispatch_id = run(of, guarded, Masked(), Broken())
    task, found = ask(f"{dispatch_id}/tasks/0"), ask(dispatch_id)
    assert task["status"] == "COMPLETED"
    assert task["inputs_preview"].startswith("secret=Masked(password=***), broken=<")
    assert task["output_preview"].startswith("{'secret': Masked(password=***), 'broken': <")
    assert "Masked(password=***)" in found["arguments_preview"]


@pytest.mark.parametrize(
    "text", ["x", "\x00\x1b[31m", "\ud800", "\U0001f600"], ids=["ascii", "control", "half", "smiley"]
)
def test_long_and_strange_texts_are_short_and_printable(ask: Ask, text: str) -> None:
    task = ask(f"{run(of, loud, text)}/tasks/0")
    assert task["status"] == "COMPLETED"
    for name in ("inputs_preview", "output_preview"):
        assert 0 < len(task[name]) <= 2000
        assert task[name].replace("\n", "").isprintable()


def test_a_value_that_is_taken_from_an_earlier_dispatch_is_shown_too(ask: Ask) -> None:
    earlier = run(whole, 4)
    again = ct.redispatch(earlier, reuse_previous_results=True)()
    ct.get_result(again, wait=True)
    task = ask(f"{again}/tasks/0")
    assert (task["reused"], task["output_preview"]) == (True, "[12, 15]")
    assert ask(again)["result_preview"] == "[12, 15]"


def test_a_dispatch_that_has_not_started_has_marks_where_values_will_be(ask: Ask) -> None:
    dispatch_id = ct.dispatch(whole, disable_run=True)(1)
    assert ask(dispatch_id)["result_preview"] == "\u2039scale 0\u203a"
    task = ask(f"{dispatch_id}/tasks/0")
    assert (task["inputs_preview"], task["output_preview"]) == (None, None)


def test_the_command_line_shows_them(running: RunningServer) -> None:
    dispatch_id = run(whole, 1)
    shown, task = covalent("show", dispatch_id), covalent("show", dispatch_id, "0")
    assert "called with  n=1" in shown
    assert "result       [3, 6]" in shown
    assert "called with  values=[1, 2], factor=3" in task
    assert "returned     [3, 6]" in task
