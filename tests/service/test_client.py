"""Dispatching and looking at results, through a real server."""

from __future__ import annotations

import ctypes
import html
import pickle
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import covalent as ct
from covalent.client import submit as submitting
from covalent.client.server import connect
from covalent.errors import ClientError, ConfigError, NotFoundError, TaskError, WorkflowError

pytestmark = pytest.mark.usefixtures("server")


class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@ct.electron
def add(x, y=1):
    print("adding", x, y)
    return x + y


@ct.electron
def fail(text):
    print("about to fail", file=sys.stderr)
    raise LookupError(text)


@ct.electron
def fail_oddly():
    raise Unpicklable("this", "that")


@ct.electron
def leave():
    sys.exit(3)


@ct.electron
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@ct.electron
def zeros(mib):
    return np.zeros(mib << 20, np.uint8)


@ct.electron
def total(array):
    return int(array.sum())


@ct.lattice
def sums(a, b=2):
    return {"sum": add(add(a, y=b), 10), "given": [a, b]}


@ct.lattice
def failing():
    return add(fail("no such thing"), fail("nor this"))


@ct.electron
@ct.lattice
def inner(x):
    return [add(x), add(x, 2)]


@ct.lattice
def outer(x):
    return inner(x)


@ct.electron
@ct.lattice
def inner_failing():
    return fail("deep down")


@ct.lattice
def outer_failing():
    return inner_failing()


def ended(lattice, *args, **kwargs):
    return ct.dispatch_sync(lattice)(*args, **kwargs)


# What came of it


def test_a_dispatch_returns_an_id_and_its_result_what_the_workflow_returned():
    dispatch_id = ct.dispatch(sums)(1, b=3)
    result = ct.get_result(dispatch_id, wait=True)
    assert result.result == {"sum": 14, "given": [1, 3]}
    assert result.status == ct.status.COMPLETED == "COMPLETED"
    assert (result.dispatch_id, result.root_dispatch_id) == (dispatch_id, dispatch_id)
    assert result.error is None
    assert result.inputs == {"args": [1], "kwargs": {"b": 3}}
    assert result.lattice(1, b=3) == {"sum": 14, "given": [1, 3]}


def test_times_are_aware_and_in_order():
    result = ended(sums, 1)
    assert result.start_time <= result.end_time
    assert datetime.now(UTC) - result.start_time < timedelta(minutes=1)


def test_a_result_that_was_touched_is_the_same_object_again():
    result = ended(sums, 1)
    assert result.result is result.result


def test_a_running_dispatch_has_no_result_yet():
    result = ct.get_result(ct.dispatch(ct.lattice(lambda: sleep(0.5)))())
    assert result.status == ct.status.RUNNING
    assert result.result is None
    assert result.error is None
    assert result.end_time is None
    assert ct.get_result(result, wait=True).result == 0.5


def test_status_only_gives_the_id_and_the_status():
    dispatch_id = ct.dispatch(sums)(1)
    assert ct.get_result(dispatch_id, wait=True, status_only=True) == {"id": dispatch_id, "status": "COMPLETED"}


def test_a_lattice_without_electrons_just_returns_its_value():
    assert ended(ct.lattice(lambda x: x * 2), 21).result == 42


def test_a_dispatch_that_does_not_exist_is_not_found():
    for call in (ct.get_result, ct.cancel, lambda i: ct.get_result(i, wait=True), lambda i: ct.redispatch(i)()):
        with pytest.raises(NotFoundError, match="no-such-dispatch"):
            call("no-such-dispatch")


@pytest.mark.parametrize("thing", [add, lambda x: x])
def test_only_lattices_can_be_dispatched(thing):
    with pytest.raises(WorkflowError, match=r"takes a workflow, and .* Decorate it with @covalent\.lattice"):
        ct.dispatch(thing)


def test_a_task_that_dispatches_a_lattice_from_outside_is_told_what_to_do_instead():
    workflow = ct.lattice(lambda: add(1, 2))

    @ct.electron
    def dispatching():
        return ct.dispatch(workflow)()

    error = ended(ct.lattice(lambda: dispatching())).error
    assert "in a task <lambda> is a plain function" in error
    assert "sublattice in the outer lattice" in error


@pytest.mark.parametrize("thing", ["sums", None, 42])
def test_who_calls_the_lattice_in_place_of_what_dispatch_returns_is_told(thing):
    with pytest.raises(
        WorkflowError, match=rf"a value of type {type(thing).__name__}\. .* dispatch\(lattice\)\(arguments…\)"
    ):
        ct.dispatch(thing)


def test_a_sublattice_is_not_dispatched_by_itself():
    with pytest.raises(WorkflowError, match="inner is a sublattice"):
        ct.dispatch(inner)


@pytest.mark.parametrize("text", ["../health", "a b", "x?y=1", "ü" * 300])
def test_what_cannot_be_an_id_is_an_error_of_ours(text):
    with pytest.raises(ClientError):
        ct.get_result(text)


def test_only_ids_and_results_can_be_asked_for():
    with pytest.raises(ClientError, match="42 is not the id of a dispatch"):
        ct.get_result(42)


# What went wrong


def test_a_failed_workflow_raises_the_exception_of_its_first_task_with_the_remote_traceback():
    result = ended(failing)
    assert result.status == ct.status.FAILED
    with pytest.raises(LookupError, match=r"no such thing|nor this") as caught:
        _ = result.result
    cause = caught.value.__cause__
    assert isinstance(cause, TaskError)
    assert cause.cause == "USER"
    assert "raise LookupError(text)" in cause.remote_traceback
    assert "about to fail" in cause.log_tail


def test_of_a_crash_the_innermost_calls_are_told():
    def descend(depth):
        if depth:
            return descend(depth - 1)
        return ctypes.string_at(0)

    crashing = ct.electron(lambda: descend(70))
    with pytest.raises(TaskError, match=r"Fatal Python error: .*\n(?s:.*) in string_at\n"):
        _ = ended(ct.lattice(lambda: crashing())).result


def test_the_error_of_a_workflow_tells_all_failures_and_not_their_consequences():
    error = ended(failing).error
    assert "Task 0 (fail) failed [USER]: " in error
    assert "Task 1 (fail) failed [USER]: " in error
    assert "no such thing" in error
    assert "nor this" in error
    assert "(add)" not in error
    assert error.count("about to fail") == 2


def test_of_many_failures_the_first_are_told_in_full_and_the_last_are_counted():
    error = ended(ct.lattice(lambda: [fail(f"number {n}") for n in range(23)])).error
    assert all(f"number {n}" in error for n in range(20))
    assert error.count("Traceback") == 5
    assert error.endswith("… and 3 more.")


def test_an_id_that_is_cut_short_is_said_to_be_needed_in_full():
    whole = ended(sums, 1).dispatch_id
    for call in (ct.get_result, ct.cancel, lambda dispatch_id: ct.redispatch(dispatch_id)()):
        with pytest.raises(NotFoundError, match="Ids are needed in full here"):
            call(whole[:20])


def test_an_exception_that_cannot_be_opened_here_is_told_by_a_task_error():
    with pytest.raises(TaskError, match="this and that") as caught:
        _ = ended(ct.lattice(lambda: fail_oddly())).result
    assert "Unpicklable" in str(caught.value)


def test_a_task_that_left_its_process_does_not_end_this_one():
    with pytest.raises(TaskError, match=r"Task 0 \(leave\) failed"):
        _ = ended(ct.lattice(lambda: leave())).result


def test_a_failure_inside_a_sublattice_is_told_where_it_happened():
    result = ended(outer_failing)
    with pytest.raises(LookupError, match="deep down"):
        _ = result.result
    assert "(fail) of sublattice" in result.error
    assert "raise LookupError(text)" in result.error


def test_a_cancelled_workflow_says_so():
    dispatch_id = ct.dispatch(ct.lattice(lambda: sleep(60)))()
    assert dispatch_id in ct.cancel(dispatch_id)
    result = ct.get_result(dispatch_id, wait=True)
    assert result.status == ct.status.CANCELLED
    assert result.error.startswith("The dispatch was cancelled.")
    with pytest.raises(TaskError, match="was cancelled") as caught:
        _ = result.result
    assert caught.value.cause == "CANCELLED"


@pytest.mark.parametrize("tasks", [0, [0]])
def test_one_task_can_be_cancelled_and_the_others_go_on(tasks):
    dispatch_id = ct.dispatch(ct.lattice(lambda: [sleep(60), sleep(0.01)]))()
    ct.cancel(dispatch_id, tasks)
    result = ct.get_result(dispatch_id, wait=True)
    assert [node["status"] for node in result.get_all_node_results()] == ["CANCELLED", "COMPLETED"]


def test_cancelling_what_has_ended_says_so():
    assert "COMPLETED" in ct.cancel(ended(sums, 1))


# Tasks


def test_a_node_result_has_all_of_its_parts():
    node = ended(sums, 1).get_node_result(0)
    assert dict(node).keys() == {
        *("node_id", "node_name", "start_time", "end_time", "status"),
        *("output", "error", "sublattice_result", "stdout", "stderr"),
    }
    assert (node["node_id"], node["node_name"], node["status"]) == (0, "add", "COMPLETED")
    assert (node["output"], node["error"], node["sublattice_result"]) == (3, None, None)
    assert (node["stdout"], node["stderr"]) == ("adding 1 2\n", "")
    assert node["start_time"] <= node["end_time"]


def test_all_node_outputs_are_under_name_and_number():
    assert ended(sums, 1).get_all_node_outputs() == {"add(0)": 3, "add(1)": 13}


def test_failed_nodes_have_an_error_and_no_output():
    failed, _, after = ended(failing).get_all_node_results()
    assert failed["output"] is None
    assert failed["error"].startswith("Task 0 (fail) failed [USER]")
    assert failed["stderr"] == "about to fail\n"
    assert after["status"] == "FAILED"
    assert after["error"]
    assert after["stdout"] == ""


def test_a_node_that_does_not_exist_is_not_found():
    with pytest.raises(NotFoundError):
        ended(sums, 1).get_node_result(99)


def test_a_sublattices_node_leads_to_its_own_result():
    result = ended(outer, 1)
    assert result.result == [2, 3]
    below = result.get_node_result(0)["sublattice_result"]
    assert below.result == [2, 3]
    assert below.root_dispatch_id == result.dispatch_id != below.dispatch_id
    assert below.get_all_node_outputs() == {"add(0)": 2, "add(1)": 3}


# Large values


def test_large_inputs_and_outputs_arrive_whole(monkeypatch, tmp_path):
    array = np.random.default_rng(0).integers(0, 255, 20 << 20, np.uint8)
    result = ended(ct.lattice(lambda a, n: {"same": a, "zeros": zeros(n), "total": total(a)}), array, 80)
    assert result.result["total"] == int(array.sum())
    assert np.array_equal(result.result["same"], array)
    assert result.result["zeros"].shape == (80 << 20,)


def test_a_large_input_is_stored_ahead_of_the_dispatch_and_only_once(server):
    array = np.random.default_rng(1).integers(0, 255, 9 << 20, np.uint8)
    workflow = ct.lattice(lambda a: total(a))
    submission = workflow.build_graph(array)
    (digest,) = [d for d, data in submission.values.items() if len(data) > submitting.UPLOAD_FROM]
    assert not connect().has_object(digest)
    first, second = submitting.submit(submission), submitting.submit(submission)
    assert connect().has_object(digest)
    assert {ct.get_result(i, wait=True).result for i in (first, second)} == {int(array.sum())}


def test_many_middling_inputs_do_not_make_one_large_request(monkeypatch):
    monkeypatch.setattr(submitting, "BODY_LIMIT", 1 << 20)
    texts = [f"{n}" * (300 << 10) for n in range(8)]
    assert ended(ct.lattice(lambda t: [add(x, "!") for x in t]), texts).result == [f"{t}!" for t in texts]


# Printing and saving


def test_a_result_prints_what_matters():
    result = ended(sums, 1, b=3)
    text = str(result)
    assert text.startswith("sums: COMPLETED\n")
    for part in (result.dispatch_id, "{'sum': 14, 'given': [1, 3]}", "(1, b=3)", "2 (2 completed)", "took"):
        assert part in text
        assert html.escape(part) in result._repr_html_()
    assert repr(result) == f"<Result of sums {result.dispatch_id}: COMPLETED>"


def test_a_failed_result_prints_its_errors_and_raises_nothing():
    result = ended(failing)
    assert "LookupError" in str(result)
    assert "LookupError" in result._repr_html_()


def test_a_long_value_is_cut_when_it_is_printed():
    assert "characters)" in str(ended(ct.lattice(lambda: add("x" * 5000, "y"))))


def test_outputs_are_copied_to_a_directory_that_is_given(tmp_path):
    result = ct.get_result(ended(outer, 1), results_dir=str(tmp_path))
    folder = tmp_path / result.dispatch_id
    assert result.results_dir == str(folder)
    assert pickle.loads((folder / "result.pkl").read_bytes()) == [2, 3]
    below = tmp_path / result.get_node_result(0)["sublattice_result"].dispatch_id
    assert pickle.loads((below / "node_1" / "output.pkl").read_bytes()) == 3
    assert (below / "node_1" / "stdout.log").read_text() == "adding 1 2\n"


@pytest.mark.parametrize(
    ("switches", "kept"),
    [
        ({"workflow_output": False}, {"node_0"}),
        ({"intermediate_outputs": False}, {"result.pkl"}),
        ({"workflow_output": False, "intermediate_outputs": False, "sublattice_results": False}, set()),
    ],
)
def test_the_switches_say_what_is_copied(tmp_path, switches, kept):
    result = ct.get_result(ended(outer, 1), results_dir=str(tmp_path), **switches)
    assert {path.name for path in (tmp_path / result.dispatch_id).iterdir()} == kept
    assert len(list(tmp_path.iterdir())) == (1 if switches.get("sublattice_results") is False else 2)


def test_nothing_is_copied_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("COVALENT_CONFIG_DIR", str(tmp_path))
    ct.set_config("sdk.results_dir", str(tmp_path / "results"))
    result = ended(sums, 1)
    assert not (tmp_path / "results").exists()
    result.save_result()
    assert pickle.loads((tmp_path / "results" / result.dispatch_id / "result.pkl").read_bytes())["sum"] == 13


# Starting later


def test_a_dispatch_that_is_not_run_waits_to_be_started():
    dispatch_id = ct.dispatch(sums, disable_run=True)(1)
    assert ct.get_result(dispatch_id).status == ct.status.NEW_OBJECT
    connect().start(dispatch_id)
    assert ct.get_result(dispatch_id, wait=True).result["sum"] == 13


# Addresses


def test_an_address_may_be_given_with_every_call(server, monkeypatch):
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", "http://127.0.0.1:1")
    address = server.address.removeprefix("http://")
    dispatch_id = ct.dispatch(sums, address)(1)
    assert ct.get_result(dispatch_id, wait=True, dispatcher_addr=address).result["sum"] == 13
    assert ct.dispatch_sync(sums, dispatcher_addr=server.address)(1).result["sum"] == 13
    assert "COMPLETED" in ct.cancel(dispatch_id, dispatcher_addr=address)
    again = ct.redispatch(dispatch_id, address)()
    assert ct.get_result(again, wait=True, dispatcher_addr=address).result["sum"] == 13


def test_a_wrong_address_is_refused_by_the_name_of_its_argument():
    with pytest.raises(ConfigError, match="dispatcher_addr is 'not an address'"):
        ct.get_result("x", dispatcher_addr="not an address")
