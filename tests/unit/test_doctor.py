"""What ``covalent doctor`` finds where there is no cloud: this machine, the server, and how checks hang together."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from covalent import __version__, config
from covalent.client.transport import VERSION_HEADER
from covalent.doctor.executors import ExecutorExamination, configured
from covalent.doctor.report import made
from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.executor.awsbatch.examination import AWSExamination
from covalent.executor.examination import Check, Examination, Finding, Looked, State, failed, ok, skipped, warning
from covalent.executor.registry import executor_class
from covalent.secrets import Secret
from covalent.troubles import Trouble
from tests.support.user import command


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory and a configuration of this test's own, and no server."""
    for name in ("DISPATCHER_ADDR", "SVC_PORT", "DATABASE_URL", "TOKEN"):
        monkeypatch.delenv(f"COVALENT_{name}", raising=False)
    monkeypatch.setenv("COVALENT_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("COVALENT_DATA_DIR", str(tmp_path / "data"))
    config.reload_config()
    return tmp_path


def looked(checks: Sequence[Check], mends: dict[Trouble, str] | None = None) -> dict[str, Looked]:
    class These(Examination):
        def checks(self) -> Sequence[Check]:
            return checks

    These.mends = mends or {}

    async def make() -> dict[str, Looked]:
        return {one.check: one async for one in These().make()}

    return asyncio.run(make())


def check(name: str, outcome: Finding | Exception, *needs: str, needs_all: bool = False) -> Check:
    async def look() -> Finding:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Check(name=name, look=look, needs=needs, needs_all=needs_all)


# How checks hang together


@pytest.mark.parametrize(
    ("before", "after"),
    [(ok("."), "ok"), (warning("."), "ok"), (failed("."), "skipped"), (skipped("."), "skipped")],
)
def test_a_check_is_left_out_if_what_it_needs_failed_or_was_left_out(before: Finding, after: str) -> None:
    found = looked([check("first", before), check("second", ok("."), "first")])
    assert found["second"].finding.state == after
    assert after == "ok" or "'first'" in found["second"].finding.said


def test_a_task_is_left_out_if_anything_failed_but_not_for_what_nobody_may_ask() -> None:
    last = check("task", ok("."), needs_all=True)
    assert looked([check("a", skipped(".")), last])["task"].finding.state == "ok"
    assert looked([check("a", failed(".")), check("b", ok(".")), last])["task"].finding.state == "skipped"


def test_an_error_is_a_failure_with_what_mends_its_trouble() -> None:
    error = ExecutorError("There is no queue.", trouble=Trouble.MISSING_QUEUE)
    finding = looked([check("queue", error)], {Trouble.MISSING_QUEUE: "make one"})["queue"].finding
    assert finding == failed("There is no queue.", "make one", Trouble.MISSING_QUEUE)


def test_secrets_in_what_others_say_are_masked() -> None:
    secret = Secret("open-sesame-7")
    said = "Nobody knows open-sesame-7 at http://me:hush@proxy:8080; az://tasks@blobs/x is fine."
    found = looked([check("talkative", ExecutorError(said)), check("later", ok(said))])
    assert secret.reveal() not in f"{found}"
    assert "hush" not in f"{found}"
    assert found["later"].finding.said.endswith("at http://me:********@proxy:8080; az://tasks@blobs/x is fine.")


def test_what_is_left_out_names_the_check_that_failed_and_not_one_that_was_left_out_as_well() -> None:
    found = looked([check("a", failed(".")), check("b", ok("."), "a"), check("c", ok("."), "b")])
    assert found["c"].after == "a"
    assert "'a'" in found["c"].finding.said


def test_a_service_that_wants_fewer_calls_has_told_nothing_that_others_could_rest_on() -> None:
    found = looked([check("queue", ThrottledError("Slower.")), check("behind", KeyError("queue"), "queue")])
    assert [one.finding.state for one in found.values()] == ["skipped", "skipped"]
    assert found["queue"].finding.said == "Slower. Try again in a minute."


def test_a_service_that_does_not_answer_is_a_failure() -> None:
    finding = looked([check("queue", ServiceUnreachableError("Nothing."))])["queue"].finding
    assert (finding.state, finding.trouble) == (State.FAILED, Trouble.UNREACHABLE)


def test_a_check_that_breaks_does_not_keep_the_others_from_telling_what_they_find() -> None:
    found = looked([check("broken", KeyError("x")), check("whole", ok("."))])
    assert "KeyError" in found["broken"].finding.said
    assert found["whole"].finding.state == "ok"


def test_an_examination_that_cannot_be_closed_has_told_what_it_found() -> None:
    class Stuck(Examination):
        def checks(self) -> Sequence[Check]:
            return [check("whole", ok("."))]

        async def close(self) -> None:
            raise OSError("It does not close.")

    assert [one.check for one in asyncio.run(made(Stuck()))] == ["whole"]


def test_an_executor_that_cannot_be_looked_at_does_not_keep_the_others_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def examination(self) -> Examination:
            raise AttributeError("no such thing")

    monkeypatch.setattr("covalent.doctor.executors.get_executor", lambda *_: Broken())
    (settings,) = asyncio.run(made(ExecutorExamination("local", run=True, task_s=1.0)))
    assert settings.finding.state == "failed"
    assert "AttributeError: no such thing" in settings.finding.said


def test_a_check_that_takes_too_long_is_ended() -> None:
    async def sleep() -> Finding:
        await asyncio.sleep(60)
        return ok(".")

    finding = looked([Check(name="slow", look=sleep, patience_s=0.05)])["slow"].finding
    assert (finding.state, finding.trouble) == (State.FAILED, Trouble.UNREACHABLE)


# The way there, and the clock


@contextmanager
def serving(headers: Mapping[str, str], status: int = 403) -> Iterator[str]:
    """The address of somebody who refuses all, with these headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *_: object) -> None:
            """Nothing is to be written."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def at_aws(address: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Looked]:
    """The endpoint and the clock, as they are found where AWS is at this address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    examination = executor_class("awsbatch").from_options({}).examination()
    assert isinstance(examination, AWSExamination)
    return looked([one for one in examination.checks() if one.name in ("endpoint", "clock")])


@pytest.mark.parametrize(
    ("off_s", "state"), [(0, "ok"), (-60, "warning"), (60, "warning"), (-600, "failed"), (600, "failed")]
)
def test_a_clock_that_is_off_is_told_before_signatures_are_refused(
    off_s: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=off_s), usegmt=True)
    with serving({"Date": date}) as address:
        found = at_aws(address, monkeypatch)
    assert found["endpoint"].finding.state == "ok", "a refusal is an answer, too"
    assert found["clock"].finding.state == state
    assert state == "ok" or found["clock"].finding.trouble is Trouble.WRONG_CLOCK


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_a_service_that_does_not_say_what_time_it_is_says_nothing_of_the_clock(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(headers) as address:
        assert at_aws(address, monkeypatch)["clock"].finding.state == "skipped"


def test_an_address_where_nobody_listens_leaves_the_clock_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = at_aws("http://127.0.0.1:9", monkeypatch)
    assert found["endpoint"].finding.trouble is Trouble.UNREACHABLE
    assert found["clock"].finding.state == "skipped"


def test_an_address_that_takes_connections_and_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covalent.executor.batch.server_date.TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = at_aws(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
    assert found["endpoint"].finding.trouble is Trouble.UNREACHABLE
    assert found["endpoint"].took_s < 5


# The command


def on_terminal(*arguments: str, environment: Mapping[str, str]) -> str:
    """What the command shows on a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "covalent", *arguments],
        env=os.environ | environment,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # As Linux tells that the other side is closed.
            while some := os.read(ours, 1 << 16):
                shown += some
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


Run = Callable[..., tuple[int, dict[str, dict[str, str]]]]


@pytest.fixture
def run() -> Run:
    def examine(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
        done = command("doctor", "--json", *arguments)
        report = json.loads(done.stdout)
        return done.returncode, {f"{one['of']}/{one['check']}": one for one in report["checks"]}

    return examine


def test_a_machine_that_is_in_order_is_found_to_be(run: Run) -> None:
    code, found = run()
    assert code == 0
    assert found["server/answers"]["state"] == "warning", "the first dispatch starts one"
    assert found["server/answers"]["mend"] == "covalent start"
    assert found["local/workers"]["state"] == "ok"


def test_every_executor_of_the_configuration_is_looked_at(home: Path) -> None:
    (home / "covalent.conf").write_text('[sdk]\nexecutor = "gcpbatch"\n[executors.awsbatch]\nvcpu = 1\n')
    config.reload_config()
    assert configured() == ["local", "gcpbatch", "awsbatch"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[executors.local]\nwokers = 2\n", "Did you mean 'workers'?"),
        ("[dispatcher]\nport = 'many'\n", "dispatcher.port must be a whole number"),
        ("[sdk\n", "line 1: this is not valid TOML"),
    ],
)
def test_a_configuration_that_is_wrong_is_told_once_and_nothing_else_is_looked_at(
    text: str, said: str, home: Path, run: Run
) -> None:
    (home / "covalent.conf").write_text(text)
    code, found = run()
    assert code == 1
    assert said in found["machine/configuration"]["said"]
    assert found["machine/configuration"]["trouble"] == "wrong-setting"
    assert found["machine/versions"]["state"] == "ok"
    assert [name for name, one in found.items() if one["state"] == "failed"] == ["machine/configuration"]
    assert all(name.startswith("machine/") for name in found)


def test_a_data_directory_that_cannot_be_made_is_told_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVALENT_DATA_DIR", "/dev/null/covalent")
    code, found = run("local")
    assert code == 1
    assert [name for name, one in found.items() if one["state"] == "failed"] == ["machine/configuration"]
    assert "Set COVALENT_DATA_DIR" in found["machine/configuration"]["said"]


def test_a_data_directory_that_others_can_write_to_is_told(home: Path, run: Run) -> None:
    (home / "data").mkdir()
    (home / "data").chmod(0o777)
    _, found = run("local")
    assert found["machine/data directory"]["state"] == "warning"
    assert found["machine/data directory"]["mend"] == f"chmod go-w {home / 'data'}"


def test_a_secret_that_others_can_read_is_told_without_being_shown(home: Path, run: Run) -> None:
    path = home / "covalent.conf"
    path.write_text('[executors.azurebatch]\nclient_secret = "open-sesame"\n')
    path.chmod(0o644)
    _, found = run("local")
    assert found["machine/secrets"]["state"] == "warning"
    assert found["machine/secrets"]["mend"] == f"chmod 600 {path}"
    assert "open-sesame" not in json.dumps(found)
    path.chmod(0o600)
    assert run("local")[1]["machine/secrets"]["state"] == "ok"


def test_a_server_elsewhere_that_does_not_answer_is_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", "127.0.0.1:9")
    code, found = run("local")
    assert code == 1
    assert found["server/answers"]["trouble"] == "unreachable-endpoint"


@pytest.mark.parametrize(
    ("headers", "status", "said", "mend"),
    [
        ({"Server": "Apache"}, 200, "is not a Covalent server", "dispatcher.address"),
        ({VERSION_HEADER: "99.0.0"}, 200, "the server is 99.0.0", "covalent restart"),
        ({VERSION_HEADER: __version__}, 401, "did not accept the token", "COVALENT_TOKEN"),
    ],
)
def test_who_answers_in_place_of_the_server_is_told_apart(
    headers: dict[str, str], status: int, said: str, mend: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(headers, status) as address:
        monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", address)
        code, found = run("local")
    assert code == 1
    assert found["server/answers"]["state"] == "failed"
    assert said in found["server/answers"]["said"]
    assert mend in found["server/answers"]["mend"]


def test_a_port_that_another_program_has_is_told_before_a_server_is_started(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("COVALENT_SVC_PORT", str(other.getsockname()[1]))
        code, found = run("local")
    assert code == 1
    assert "another program has its port" in found["server/answers"]["said"]
    assert "dispatcher.port" in found["server/answers"]["mend"]


def test_an_executor_that_nobody_knows_is_told_with_the_nearest_name(run: Run) -> None:
    code, found = run("awsbach")
    assert code == 1
    assert "Did you mean 'awsbatch'?" in found["awsbach/settings"]["said"]


def test_what_is_printed_for_people_has_what_mends_it_below_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", "127.0.0.1:9")
    lines = command("doctor", "local").stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("server: answers: failed: "))
    assert lines[place + 1].startswith("    covalent config set dispatcher.address")
    assert lines[-1] == "1 check failed: server answers."


def test_on_a_terminal_nothing_is_cut_off_and_what_depends_on_one_thing_takes_one_row() -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    shown = on_terminal("doctor", "awsbatch", environment={**nowhere, "COLUMNS": "80", "TERM": "dumb"})
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert "→ Check the network, HTTPS_PROXY, and AWS_ENDPOINT_URL if it is set" in words
    assert "for want of 'endpoint': identity, bucket, bucket write," in words
    assert words.endswith("1 check failed: awsbatch endpoint.")


@pytest.mark.parametrize("is_to_thread", [False, True])
def test_whoever_interrupts_it_need_not_wait_for_those_who_do_not_answer(is_to_thread: bool) -> None:
    """The system may hand a signal to any thread of a process."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with subprocess.Popen(
            [sys.executable, "-m", "covalent", "doctor", "awsbatch"],
            env=os.environ | nowhere,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as doctor:
            waiting, _ = silent.accept()
            with waiting:
                began = time.monotonic()
                threads = [one.id for one in psutil.Process(doctor.pid).threads()]
                chosen = next(one for one in threads if (one != doctor.pid) == is_to_thread)
                assert ctypes.CDLL(None).tgkill(doctor.pid, chosen, signal.SIGINT) == 0
                assert doctor.stderr is not None
                assert doctor.stderr.read() == b"Aborted.\n"
    assert doctor.returncode == 1
    assert time.monotonic() - began < 5


def test_a_limit_for_a_task_that_nobody_asked_for_is_refused() -> None:
    done = command("doctor", "local", "--timeout", "5")
    assert done.returncode == 2
    assert "--run" in done.stderr
