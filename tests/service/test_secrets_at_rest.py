"""A secret of an executor reaches the executor in the server, and is found in no file, no answer, no output and no other process."""

from __future__ import annotations

import base64
import itertools
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import covalent as ct
from covalent.api.app import openapi_document
from covalent.api.routing import PREFIX
from covalent.client.server import connect
from covalent.client.submit import submit
from covalent.dispatcher.sealing import KEY_FILE
from covalent.errors import RequestError
from covalent.model import ExecutorSpec, Submission
from covalent.secrets import Secret
from covalent.serialize import encode_submission
from covalent.states import Status
from covalent.testing.harness import Harness
from tests.support.secretive import PLUGINS, SecretiveExecutor, proof

WORD = "correct-horse-battery-staple"
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()

#: How it might stand somewhere.
FORMS = (WORD.encode(), base64.b64encode(WORD.encode())[:-4], WORD.encode().hex().encode(), WORD.encode("utf-16-le"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    home = tmp_path_factory.mktemp("secrets")
    with Harness(home, environment={"COVALENT_LOCAL_WORKERS": "2"}, plugins=PLUGINS).running() as harness:
        yield harness


@pytest.fixture
def proofs(tmp_path: Path) -> Path:
    return tmp_path / "proofs"


def secretive(proofs: Path, word: str = WORD) -> SecretiveExecutor:
    return SecretiveExecutor(password=word, proofs=str(proofs))


def files(server: Harness) -> Iterator[Path]:
    """All files of the server, its output and its configuration included."""
    return (Path(place, name) for place, _, names in os.walk(server.data_dir.parent) for name in names)


def betrayals(server: Harness) -> list[str]:
    """Files in which it stands."""
    return [str(file) for file in files(server) if any(form in file.read_bytes() for form in FORMS)]


def get(server: Harness, path: str) -> bytes:
    """An answer of the API; a stream that does not end is read for a moment."""
    address = json.loads((server.data_dir / "server.json").read_text())["address"]
    token = (server.data_dir / "token").read_text()
    asked = Request(f"{address}{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urlopen(asked, timeout=5) as answer:
            return bytes(answer.read1(65536) if path == f"{PREFIX}/stream" else answer.read())
    except HTTPError as refusal:
        return refusal.read()


def answers(server: Harness, dispatch_ids: list[str], tasks: int, preview: str) -> dict[str, bytes]:
    """What every path of the API that can be looked at answers."""
    found = {}
    digests = [file.name for file in (server.data_dir / "objects").glob("??/*")]
    for path, methods in openapi_document()["paths"].items():
        if "get" not in methods or path == f"{PREFIX}/stream":
            continue
        queries = itertools.product(
            *(
                [f"{one['name']}={value}" for value in one["schema"].get("enum", ["stdout", "result", "0"])]
                for one in methods["get"].get("parameters", ())
                if one["in"] == "query" and one["required"]
            )
        )
        for query, dispatch_id, node, digest in itertools.product(
            queries, dispatch_ids, range(tasks), digests[:5] or [""]
        ):
            filled = path.format(dispatch_id=dispatch_id, node_id=node, digest=digest, preview_id=preview)
            found.setdefault(f"{filled}?{'&'.join(query)}", b"")
    return {path: get(server, path) for path in found}


@ct.electron
def add(x, y):
    return x + y


@ct.electron
def fail(x):
    raise ValueError(f"no luck with {x}")


def everything(proofs: Path) -> ct.Lattice:
    """A workflow that uses secrets in all ways that there are."""
    executor = secretive(proofs)

    @ct.electron(executor=SecretiveExecutor(password=WORD, proofs=str(proofs)))
    def of_its_own(x):
        return x + 1

    @ct.electron
    def closing_over(x):
        print(executor, executor.password, vars(executor))
        try:
            executor.password.reveal()
        except Exception as error:
            return f"{type(error).__name__} {executor!r}"

    @ct.electron(executor=executor)
    @ct.lattice(executor=executor, workflow_executor=executor)
    def below(x):
        return ct.electron(add.function, executor=executor)(x, add(x, 1))

    @ct.lattice(executor=executor, workflow_executor=executor)
    def workflow(x):
        first = of_its_own(x)
        return {"sum": below(first), "closed": closing_over(first)}

    return workflow


def test_it_is_known_to_the_executor_alone(server: Harness, proofs: Path):
    workflow = everything(proofs)
    dispatch_id = ct.dispatch(workflow)(1)
    result = server.wait(dispatch_id, 60)
    assert result.status is Status.COMPLETED, result.error
    shown = f"SecretError SecretiveExecutor(password=Secret('********'), proofs={str(proofs)!r})"
    assert result.result == {"sum": 5, "closed": shown}
    assert set(proofs.read_text().splitlines()) == {f"send {proof(WORD)}"}

    again = ct.redispatch(dispatch_id)(2)
    assert server.wait(again, 60).result["sum"] == 7
    reused = ct.redispatch(dispatch_id, reuse_previous_results=True)(1)
    assert server.wait(reused, 60).result["sum"] == 5
    assert set(proofs.read_text().splitlines()) == {f"send {proof(WORD)}"}

    children = [task.child_id for task in _tasks(server, again) if task.child_id]
    assert children
    assert betrayals(server) == []
    preview = connect().preview(everything(proofs).build_graph(1).graph)
    seen = answers(server, [dispatch_id, again, reused, *children], 5, preview)
    assert [path for path, answer in seen.items() if any(form in answer for form in FORMS)] == []
    assert sum(b"$secret" in answer for answer in seen.values()) >= 4
    assert sum(len(answer) > 100 for answer in seen.values()) > 20
    key = server.data_dir / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def _tasks(server: Harness, dispatch_id: str):
    return list(connect().tasks(dispatch_id))


def test_it_is_in_no_traceback_of_a_task_that_fails(server: Harness, proofs: Path):
    executor = secretive(proofs)

    @ct.electron(executor=executor)
    def failing(x):
        held = executor.password
        raise ValueError(f"{held} {executor} {x}")

    @ct.lattice
    def workflow():
        return failing(1)

    result = server.wait(ct.dispatch(workflow)(), 60)
    assert result.status is Status.FAILED
    assert "******** SecretiveExecutor(password=Secret('********')" in str(result.error)
    assert betrayals(server) == []


def changed(submission: Submission, **options: object) -> Submission:
    spec = ExecutorSpec(name="secretive", options=options)
    return replace(submission, graph=replace(submission.graph, executors=(spec,)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda s: changed(s, password={"$secret": "0" * 32}),
            f"refers to the secret {'0' * 32}, which this server does not have",
        ),
        (lambda s: changed(s, password=WORD), "password of executor 'secretive' is secret and came as text"),
        (lambda s: changed(s, passwort={"$secret": Secret(WORD).id}), "no setting 'passwort'. Did you mean 'password'"),
        (lambda s: changed(s, proofs={"$secret": Secret(WORD).id}), r"proofs must be a path, not Secret\('\*+'\)"),
        (lambda s: changed(s, password=[WORD]), "password must be text that is not empty"),
        (lambda s: replace(s, secrets={WORD: WORD}), "secrets has a key that is no id of a secret"),
        (lambda s: replace(s, secrets={"0" * 32: [WORD]}), "Expected `str`, got `array`"),
    ],
)
def test_a_submission_that_is_refused_leaves_no_trace_of_it(
    server: Harness, proofs: Path, change: Callable[[Submission], Submission], complaint: str
):
    @ct.lattice(executor=secretive(proofs))
    def workflow():
        return add(1, 2)

    with pytest.raises(RequestError, match=complaint) as refused:
        submit(change(workflow.build_graph()))
    assert WORD not in str(refused.value)
    assert betrayals(server) == []


def test_half_a_submission_leaves_no_trace_of_it(server: Harness, proofs: Path):
    @ct.lattice(executor=secretive(proofs))
    def workflow():
        return add(1, 2)

    body = encode_submission(workflow.build_graph())
    assert WORD.encode() in body
    address = json.loads((server.data_dir / "server.json").read_text())["address"]
    headers = {
        "Authorization": f"Bearer {(server.data_dir / 'token').read_text()}",
        "Content-Type": "application/msgpack",
    }
    for part in (body[:-3], body + b"x", body[: body.index(WORD.encode()) + 5]):
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{address}{PREFIX}/dispatches", data=part, headers=headers), timeout=5)
        assert refused.value.code == 422
        assert WORD[:10].encode() not in refused.value.read()
    assert betrayals(server) == []


def test_commands_do_not_show_it(server: Harness, proofs: Path):
    @ct.lattice(executor=secretive(proofs))
    def workflow():
        return add(1, 2)

    dispatch_id = ct.dispatch(workflow)()
    server.wait(dispatch_id, 60)
    (server.data_dir.parent / "config" / "covalent.conf").write_text(f'[executors.secretive]\npassword = "{WORD}"\n')
    try:
        for command in (
            ["show", dispatch_id, "--json"],
            ["show", dispatch_id],
            ["list", "--json"],
            ["logs", dispatch_id],
            ["config"],
            ["config", "--json"],
            ["config", "get", "executors"],
            ["config", "get", "executors.secretive", "--json"],
        ):
            ran = subprocess.run(
                [sys.executable, "-m", "covalent", *command], capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr
            assert WORD not in ran.stdout + ran.stderr, command
    finally:
        (server.data_dir.parent / "config" / "covalent.conf").unlink()


def test_it_goes_with_its_dispatch_once_nothing_is_left_to_do_with_it(server: Harness, proofs: Path):
    @ct.lattice(executor=secretive(proofs))
    def workflow():
        return add(1, 2)

    dispatch_id = ct.dispatch(workflow)()
    server.wait(dispatch_id, 60)
    subprocess.run([sys.executable, "-m", "covalent", "purge", dispatch_id, "-y"], check=True, capture_output=True)
    _until(lambda: f"purge {proof(WORD)}" in proofs.read_text().splitlines())


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path, environment={"COVALENT_LOCAL_WORKERS": "3"}, plugins=PLUGINS)
    with harness.running():
        yield harness


def waiting(proofs: Path, gate: Path) -> ct.Lattice:
    @ct.electron(executor=secretive(proofs))
    def wait_for(path):
        import pathlib
        import time

        while not pathlib.Path(path).exists():
            time.sleep(0.02)
        return path

    @ct.lattice
    def workflow():
        return wait_for(str(gate))

    return workflow


def test_a_key_that_is_lost_stops_nothing_but_what_needs_it_and_comes_back(
    own_server: Harness, proofs: Path, tmp_path: Path
):
    gate, key = tmp_path / "gate", own_server.data_dir / KEY_FILE
    kept, given_up = (ct.dispatch(waiting(proofs, gate))() for _ in range(2))
    _until(lambda: proofs.exists() and len(proofs.read_text().splitlines()) == 2)
    own_server.kill()
    right = key.read_bytes()
    key.unlink()
    own_server.start()

    # What needs no secret runs, and a new secret gets a new key.
    assert own_server.wait(ct.dispatch(ct.lattice(lambda: add(1, 2)))(), 60).result == 3
    assert "is gone. Put it back" in _why(kept)
    with pytest.raises(RequestError, match="cannot be opened"):
        ct.redispatch(kept)()
    ct.cancel(given_up)
    assert own_server.wait(given_up, 20).status is Status.CANCELLED

    own_server.stop()
    key.write_bytes(right)
    own_server.start()
    gate.touch()
    result = own_server.wait(kept, 60)
    assert (result.status, result.result) == (Status.COMPLETED, str(gate))
    assert proofs.read_text().splitlines()[-1] == f"resume {proof(WORD)}"
    assert betrayals(own_server) == []


def _until(condition: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _why(dispatch_id: str) -> str:
    command = [sys.executable, "-m", "covalent", "why", dispatch_id, "0"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_no_process_that_the_server_starts_has_the_key_among_its_variables_or_arguments(tmp_path: Path, proofs: Path):
    guarded = ct.electron(add.function, executor=secretive(proofs))

    @ct.electron
    def look():
        import os
        import pathlib

        said = [pathlib.Path("/proc/self", name).read_bytes() for name in ("environ", "cmdline")]
        return dict(os.environ), said

    @ct.lattice
    def workflow():
        return look(), guarded(1, 2)

    environment = {"COVALENT_LOCAL_WORKERS": "1", "COVALENT_SECRET_KEY": KEY}
    with Harness(tmp_path, environment=environment, plugins=PLUGINS).running() as harness:
        result = harness.wait(ct.dispatch(workflow)(), 60)
        (variables, said), three = result.result
        assert three == 3
        assert "COVALENT_SECRET_KEY" not in variables
        assert not any(KEY.encode() in one or WORD.encode() in one for one in said)
        assert not (harness.data_dir / KEY_FILE).exists()
        assert betrayals(harness) == []
        assert [file for file in files(harness) if KEY.encode() in file.read_bytes()] == []
