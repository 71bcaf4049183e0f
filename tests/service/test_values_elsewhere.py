"""Values that lie in a cloud, seen through a real server: by clients, by local tasks and by sublattices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

import covalent as ct
from covalent.client.server import connect
from covalent.errors import IntegrityError, RequestError
from tests.support.elsewhere import Bucket, ElsewhereExecutor, far_server
from tests.support.server import RunningServer

FAR = ElsewhereExecutor()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module", name="far_server")
def _far_server(home: Path) -> Iterator[RunningServer]:
    with far_server(home) as server:
        yield server


@pytest.fixture
def bucket(far_server) -> Bucket:
    return Bucket("default")


@pytest.fixture
def ask(far_server: RunningServer) -> Callable[[str], urllib3.BaseHTTPResponse]:
    """GET without the patience of a client."""
    token = (far_server.data_dir / "token").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    return lambda path: urllib3.request("GET", f"{far_server.address}/api/v1{path}", headers=headers, retries=False)


@ct.electron(executor=FAR)
def make(n):
    print("making", n)
    return bytes([n % 256]) * n


@ct.electron
def measure(*values):
    return [len(value) for value in values]


@ct.electron(executor=FAR)
def fail(text):
    print("about to fail")
    raise ValueError(text)


@ct.lattice
def alone(n):
    return make(n)


@ct.lattice
def far_and_near(sizes):
    made = [make(n) for n in sizes]
    return made, measure(*made)


@ct.electron(executor=FAR)
@ct.lattice
def below(n):
    return [make(n), make(n + 1)]


@ct.electron(executor=FAR)
def pair(values):
    return [len(values[0]), len(values[1])]


def ran(lattice, *args):
    result = ct.get_result(ct.dispatch(lattice)(*args), wait=True)
    assert result.status == "COMPLETED", result.error
    return result


def test_clients_and_local_tasks_get_what_lies_elsewhere(bucket):
    sizes = [1, 70_000, 3_000_000, *range(100, 140)]
    result = ran(far_and_near, sizes)
    made, measured = result.result
    assert measured == sizes
    assert [len(value) for value in made] == sizes
    assert made[1] == bytes([70_000 % 256]) * 70_000
    outputs = result.get_all_node_outputs()
    assert outputs["make(1)"] == made[1]


def test_a_task_tells_when_it_ran_and_what_it_printed_once_somebody_looks(bucket):
    result = ran(far_and_near, [7, 8])
    before = len(bucket.notes("completed"))
    assert len(list(connect().tasks(result.dispatch_id))) == 3
    assert len(bucket.notes("completed")) == before, "a list asks for nothing"
    node = result.get_node_result(0)
    assert node["stdout"] == "making 7\n"
    assert node["stderr"] == ""
    assert node["output"] == bytes([7]) * 7
    assert node["start_time"] is not None
    assert node["start_time"] <= node["end_time"]
    (attempt,) = connect().task(result.dispatch_id, 0).attempts
    assert attempt.outcome.place
    assert attempt.outcome.stdout_size == len("making 7\n")
    assert attempt.missing == ""
    assert len(bucket.notes("completed")) == before + 1, "what was read is kept"
    assert next(connect().tasks(result.dispatch_id)).started_at is not None
    assert result.get_all_node_results()[1]["start_time"] is not None


def test_an_exception_travels_with_its_output(bucket):
    @ct.lattice
    def failing():
        return fail("no luck")

    result = ct.get_result(ct.dispatch(failing)(), wait=True)
    with pytest.raises(ValueError, match="no luck"):
        _ = result.result
    assert "about to fail" in result.error
    assert "ValueError: no luck" in result.error


def test_a_sublattice_may_be_traced_elsewhere_and_its_values_stay_there(bucket):
    @ct.lattice
    def outer(n):
        pieces = below(n)
        return pieces, measure(pieces[0], pieces[1]), pair(pieces)

    result = ran(outer, 70_000)
    pieces, near, far = result.result
    assert [len(piece) for piece in pieces] == near == far == [70_000, 70_001]
    child = result.get_node_result(0)["sublattice_result"]
    assert child.result == pieces


def test_a_cloud_that_does_not_answer_leaves_what_is_known_and_an_error_that_names_it(bucket, ask):
    result = ran(alone, 1000)
    with bucket.unreachable():
        for path in ("bundle?what=result", "bundle?what=node&node=0", "tasks/0/log"):
            answer = ask(f"/dispatches/{result.dispatch_id}/{path}")
            assert answer.status == 503
            assert "No answer came from elsewhere://default" in answer.json()["error"]["message"]
        page = ask(f"/dispatches/{result.dispatch_id}/tasks/0").json()
        assert page["status"] == "COMPLETED"
        assert "No answer came" in page["attempts"][0]["missing"]
    assert len(ct.get_result(result.dispatch_id).result) == 1000
    assert result.get_node_result(0)["stdout"] == "making 1000\n"


def test_a_value_that_was_deleted_is_named_before_anything_is_sent(bucket, ask):
    result = ran(alone, 99)
    for file in bucket.files(result.dispatch_id):
        file.unlink()
    answer = ask(f"/dispatches/{result.dispatch_id}/bundle?what=result")
    assert answer.status == 422
    assert "Nothing lies at elsewhere://default/groups/" in answer.json()["error"]["message"]
    page = ask(f"/dispatches/{result.dispatch_id}/tasks/0").json()
    assert "Nothing lies at" in page["attempts"][0]["missing"]


def test_a_local_task_waits_for_a_cloud_that_does_not_answer(bucket):
    @ct.lattice
    def later(n):
        value = make(n)
        return measure(value)

    with bucket.unreachable():
        dispatch_id = ct.dispatch(later)(70_000)
        server = connect()
        deadline = time.monotonic() + 10
        while server.task(dispatch_id, 1).status != "STARTING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert ct.get_result(dispatch_id, wait=True).result == [70_000]


def test_a_task_that_waits_for_a_cloud_can_be_cancelled(bucket):
    @ct.lattice
    def later(n):
        value = make(n)
        return measure(value)

    with bucket.unreachable():
        dispatch_id = ct.dispatch(later)(70_000)
        deadline = time.monotonic() + 10
        while connect().task(dispatch_id, 1).status != "STARTING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        ct.cancel(dispatch_id)
        assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"


def test_what_nobody_can_read_is_refused_by_name(bucket):
    mute = ElsewhereExecutor(bucket="mute", is_mute=True)

    @ct.electron(executor=mute)
    def lose():
        return 1

    @ct.electron
    def use(value):
        return value

    @ct.lattice
    def lost():
        return use(lose())

    result = ct.get_result(ct.dispatch(lost)(), wait=True)
    assert result.status == "FAILED"
    task = connect().task(result.dispatch_id, 1)
    assert task.cause == "CONFIG"
    assert "Nobody here can read elsewhere://mute/groups/" in task.message


def test_a_value_that_is_too_short_is_not_taken_for_another(bucket):
    @ct.lattice
    def two():
        return make(96), make(97)

    result = ran(two)
    for file in bucket.files(result.dispatch_id):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RequestError, match="is damaged"):
        _ = ct.get_result(result.dispatch_id).result


def test_a_damaged_value_is_not_opened(bucket):
    result = ran(alone, 98)
    for file in bucket.files(result.dispatch_id):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError, match="damaged"):
        _ = ct.get_result(result.dispatch_id).result


def test_one_value_for_many_local_tasks_is_downloaded_once_and_goes_with_its_dispatch(bucket, far_server):
    @ct.electron
    def size(value, n):
        return len(value) + n

    @ct.lattice
    def fan(n):
        value = make(n)
        return [size(value, i) for i in range(40)]

    before = len(bucket.notes("downloaded"))
    result = ran(fan, 100_003)
    assert result.result == [100_003 + i for i in range(40)]
    assert len(bucket.notes("downloaded")) == before + 1


def test_the_log_of_a_running_task_goes_on_in_the_stored_one(bucket, tmp_path):
    @ct.electron(executor=FAR)
    def talk(path):
        import pathlib
        import time

        print("first", flush=True)
        while not pathlib.Path(path).exists():
            time.sleep(0.02)
        print("second")

    @ct.lattice
    def talking(path):
        return talk(path)

    go = tmp_path / "go"
    dispatch_id = ct.dispatch(talking)(str(go))
    server, text, offset = connect(), b"", 0
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        part = server.log(dispatch_id, 0, "stdout", offset=offset)
        text, offset = text + part.data, part.next_offset
        if text:
            go.touch()
        if part.complete:
            break
        time.sleep(0.02)
    assert text == b"first\nsecond\n"


def test_why_asks_the_executor_and_never_fails(bucket, tmp_path):
    @ct.electron(executor=FAR)
    def wait(path):
        import pathlib
        import time

        while not pathlib.Path(path).exists():
            time.sleep(0.02)

    @ct.lattice
    def waiting(path):
        return wait(path)

    go = tmp_path / "go"
    dispatch_id = ct.dispatch(waiting)(str(go))
    while connect().task(dispatch_id, 0).status != "RUNNING":
        time.sleep(0.02)
    assert "attempt 1 of job of ct-" in connect().why(dispatch_id, 0)
    assert "waits for rain." in connect().why(dispatch_id, 0)
    (bucket.root / "broken").touch()
    assert "it has been running" in connect().why(dispatch_id, 0)
    (bucket.root / "broken").unlink()
    go.touch()
    assert ct.get_result(dispatch_id, wait=True).status == "COMPLETED"


def test_who_ran_out_of_memory_comes_again_in_a_group_of_its_own(bucket):
    @ct.electron(executor=ElsewhereExecutor(bucket="memory", retries=2))
    def greedy(n, path):
        import pathlib

        file = pathlib.Path(path) / str(n)
        tries = int(file.read_text()) if file.exists() else 0
        file.write_text(str(tries + 1))
        if tries < n:
            raise MemoryError
        return n

    @ct.lattice
    def hungry(path):
        return [greedy(n, path) for n in range(3)]

    memory = Bucket("memory")
    memory.root.mkdir(parents=True, exist_ok=True)
    assert ran(hungry, str(memory.root)).result == [0, 1, 2]
    sent = [tuple(map(int, line.split()[1:])) for line in memory.notes("sent")]
    assert sent[0] == (3, 0)
    assert [out_of_memory for _, out_of_memory in sent] in ([0, 1, 2], [0, 1, 1, 2])
