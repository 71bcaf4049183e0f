"""Servers that are started, stopped, killed and replaced under a client."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import covalent as ct
from covalent.client import process
from covalent.client.locate import read_record
from covalent.client.server import connect
from covalent.client.transport import expect_nobody
from covalent.errors import AuthenticationError, ServerError, ServerUnreachableError
from tests.support.workflows import sums

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(covalent_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Directories of this test's own, on which any server is ended afterwards."""
    monkeypatch.delenv("COVALENT_DISPATCHER_ADDR", raising=False)
    expect_nobody()
    yield covalent_home
    process.stop()


def script(text: str, **more: str) -> subprocess.Popen[str]:
    """A user's script in a process of its own."""
    program = f"import covalent as ct\nfrom tests.support.workflows import *\n{text}"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(running: subprocess.Popen[str], timeout_s: float = 60) -> tuple[int, str, str]:
    out, err = running.communicate(timeout=timeout_s)
    return running.returncode, out, err


def servers_of(home: Path) -> list[int]:
    """The processes that serve this directory, or are about to."""
    found = [p for p in psutil.process_iter(["cmdline"]) if "--foreground" in (p.info["cmdline"] or ())]
    return [p.pid for p in found if p.environ().get("COVALENT_DATA_DIR") == str(home / "data")]


# Starting and stopping


def test_the_server_can_be_started_asked_for_and_stopped_from_python(home, capsys):
    assert not ct.is_covalent_running()
    address = ct.covalent_start()
    assert ct.is_covalent_running()
    assert ct.covalent_start(quiet=True) == address
    ct.covalent_stop()
    assert not ct.is_covalent_running()
    ct.covalent_stop()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        f"Started a Covalent server at {address}.",
        f"Stopped the Covalent server at {address}.",
        "No Covalent server was running.",
    ]


def test_dispatching_starts_a_server_and_says_so_once(home, capsys):
    dispatch_id = ct.dispatch(sums)(1)
    assert ct.get_result(dispatch_id, wait=True).result == 13
    ct.dispatch(sums)(2)
    said = capsys.readouterr()
    assert said.out == ""
    address = read_record().address
    assert said.err.splitlines() == [
        f"Started a Covalent server at {address} ('covalent stop' ends it).",
        f"Watch it at {address}/dispatches/{dispatch_id}",
    ]


def test_a_person_is_told_an_address_that_signs_in_also_by_a_server_that_runs(home, capsys, monkeypatch):
    address = ct.covalent_start(quiet=True)
    capsys.readouterr()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    dispatch_id = ct.dispatch(sums)(1)
    ct.dispatch(sums)(2)
    (page,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"Watch it at {address}/signin#ticket=[\w-]+&next=%2Fdispatches%2F{dispatch_id}", page)


def test_nobody_else_may_look_into_a_data_directory_that_was_there_before(home):
    data = home / "data"
    data.mkdir(exist_ok=True)
    data.chmod(0o755)
    (data / "objects").mkdir(exist_ok=True)
    mask = os.umask(0)
    try:
        assert ct.dispatch_sync(sums)(1, 2).result
    finally:
        os.umask(mask)
    open_to_others = {path.name for path in data.iterdir() if path.stat().st_mode & 0o077}
    # Locks, which hold nothing.
    assert open_to_others <= {"server.lock", "start.lock"}
    assert {"objects", "workers", "server.log"} <= {path.name for path in data.iterdir()}


def test_a_server_that_was_started_outlives_the_script_and_its_group(home):
    code, out, err = finished(script("i = ct.dispatch(sums)(1); ct.get_result(i, wait=True); print(i)"))
    assert code == 0, err
    server = psutil.Process(read_record().pid)
    assert server.terminal() is None
    assert os.getsid(server.pid) == server.pid
    assert Path(server.cwd()) == home / "data"
    assert ct.get_result(out.strip()).result == 13


def test_a_server_does_not_inherit_what_its_script_was_told(home):
    running = script("ct.dispatch(sums)(1)", PYTHONWARNINGS="error", PYTHONPATH="relative")
    assert finished(running)[0] == 0
    environment = psutil.Process(read_record().pid).environ()
    assert "PYTHONWARNINGS" not in environment
    assert environment["PYTHONPATH"] == str(ROOT / "relative")


def test_scripts_that_start_at_once_share_one_server(home):
    scripts = [script(f"print(ct.dispatch_sync(sums)({n}).result)") for n in range(4)]
    ended = [finished(running) for running in scripts]
    assert [code for code, _, _ in ended] == [0, 0, 0, 0], ended
    assert [out for _, out, _ in ended] == [f"{n + 12}\n" for n in range(4)]
    assert sum(err.count("Started a Covalent server") for _, _, err in ended) == 1
    assert servers_of(home) == [read_record().pid]


def test_a_script_waits_for_a_server_that_somebody_else_is_starting(home):
    command = [sys.executable, "-m", "covalent", "start", "--foreground"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as foreground:
        _wait_until(process.is_owned)
        assert not ct.is_covalent_running()
        assert ct.dispatch_sync(sums)(1).result == 13
        assert read_record().pid == foreground.pid
        assert servers_of(home) == [foreground.pid]
        foreground.terminate()


def test_a_server_that_cannot_start_is_the_error_that_it_ended_with(home, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("COVALENT_SVC_PORT", str(taken.getsockname()[1]))
        with pytest.raises(ServerError, match="taken by another program") as caught:
            ct.dispatch(sums)(1)
    assert "Traceback" not in str(caught.value)
    assert "log" not in str(caught.value)


def test_a_long_log_is_set_aside_when_a_server_starts(home):
    log = home / "data" / "server.log"
    with log.open("wb") as file:
        file.truncate(11 << 20)
    ct.covalent_start(quiet=True)
    assert log.stat().st_size < 1 << 20
    assert log.with_name("server.log.1").stat().st_size == 11 << 20


def test_a_stale_record_does_not_hide_that_the_server_is_gone(home):
    ct.covalent_start(quiet=True)
    record = (home / "data" / "server.json").read_text()
    os.kill(read_record().pid, signal.SIGKILL)
    assert not ct.is_covalent_running()
    assert (home / "data" / "server.json").read_text() == record
    assert ct.dispatch_sync(sums)(1).result == 13


# No server, or not ours


def test_only_dispatching_starts_a_server(home):
    with pytest.raises(ServerUnreachableError, match="Start one with 'covalent start'"):
        ct.get_result("some-id")
    assert not ct.is_covalent_running()


def test_no_server_is_started_for_an_address_that_was_given(home, monkeypatch):
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:1 \(connection refused\)"):
        ct.dispatch(sums, "localhost:1")(1)
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", "localhost:1")
    with pytest.raises(ServerUnreachableError):
        ct.dispatch(sums)(1)
    assert not ct.is_covalent_running()


def test_a_wrong_token_is_refused_and_named(home, monkeypatch):
    ct.covalent_start(quiet=True)
    for wrong in ("wrong", "wröng", "two\nlines"):
        monkeypatch.setenv("COVALENT_TOKEN", wrong)
        with pytest.raises(AuthenticationError, match="Set COVALENT_TOKEN"):
            ct.get_result("x")
    monkeypatch.delenv("COVALENT_TOKEN")


def test_the_token_is_never_sent_to_whoever_listens_on_the_usual_port(home, monkeypatch):
    ct.covalent_start(quiet=True)
    ct.covalent_stop(quiet=True)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.1)
        monkeypatch.setenv("COVALENT_SVC_PORT", str(stranger.getsockname()[1]))
        with pytest.raises(ServerUnreachableError):
            ct.get_result("x")
        with pytest.raises(ServerError):
            ct.dispatch(sums)(1)
        with pytest.raises(TimeoutError):
            stranger.accept()


# Waiting


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_waiting_goes_on_through_the_end_of_a_server_and_the_start_of_another(home, tmp_path, how):
    ct.covalent_start(quiet=True)
    waiting = script(f"print(ct.dispatch_sync(until)({str(tmp_path / 'go')!r}).status)")
    _wait_until(lambda: _has_dispatch("until"))
    os.kill(read_record().pid, how)
    _wait_until(lambda: not ct.is_covalent_running())
    time.sleep(0.5)
    ct.covalent_start(quiet=True)  # On another port, as it takes a free one.
    (tmp_path / "go").touch()
    assert finished(waiting)[:2] == (0, "COMPLETED\n")


def test_ctrl_c_leaves_the_dispatch_running_and_says_how_to_come_back(home, tmp_path):
    ct.covalent_start(quiet=True)
    waiting = script(
        f"i = ct.dispatch(until)({str(tmp_path / 'go')!r}); print(i, flush=True); ct.get_result(i, wait=True)"
    )
    dispatch_id = waiting.stdout.readline().strip()
    _wait_until(lambda: ct.get_result(dispatch_id).status == "RUNNING")
    time.sleep(0.2)
    waiting.send_signal(signal.SIGINT)
    _, _, err = finished(waiting)
    assert f"covalent.get_result('{dispatch_id}', wait=True)" in err
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "During handling" not in err
    (tmp_path / "go").touch()
    assert ct.get_result(dispatch_id, wait=True).status == "COMPLETED"


def test_nothing_is_drawn_where_nobody_watches(home):
    ct.covalent_start(quiet=True)
    code, out, err = finished(script("print(ct.dispatch_sync(sums)(1).result)"))
    assert (code, out) == (0, "13\n")
    assert re.fullmatch(r"Watch it at http://[\d.:]+/dispatches/[\w-]+\n", err)


def test_a_dispatch_that_was_not_started_is_waited_for_with_a_word(home):
    ct.covalent_start(quiet=True)
    waiting = script(
        "i = ct.dispatch(sums, disable_run=True)(1); print(i, flush=True); print(ct.get_result(i, wait=True).result)"
    )
    assert waiting.stdout is not None
    assert waiting.stderr is not None
    dispatch_id = waiting.stdout.readline().strip()
    assert waiting.stderr.readline().endswith(f"/dispatches/{dispatch_id}\n")
    assert waiting.stderr.readline() == (
        f"Dispatch {dispatch_id} has not been started; 'covalent run {dispatch_id}' does that.\n"
    )
    connect().start(dispatch_id)
    assert finished(waiting)[:2] == (0, "13\n")


def test_how_much_the_client_tells_is_a_setting(home):
    ct.covalent_start(quiet=True)
    program = "ct.get_result(ct.dispatch(sums)(1), wait=True)"
    ct.set_config("sdk.log_level", "debug")
    assert "covalent.client: POST http://127.0.0.1:" in finished(script(program))[2]
    own = "import logging; logging.basicConfig(format='mine: %(message)s');" + program
    assert "mine: POST http://127.0.0.1:" in (said := finished(script(own))[2])
    assert "covalent.client:" not in said


def test_a_progress_bar_is_drawn_on_a_terminal(home, tmp_path):
    ct.covalent_start(quiet=True)
    program = f"i = ct.dispatch(until)({str(tmp_path / 'go')!r}); print(ct.get_result(i, wait=True).status)"
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", f"import covalent as ct\nfrom tests.support.workflows import *\n{program}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs) as waiting:
        os.close(theirs)
        drawn = b""
        with contextlib.suppress(OSError):  # The terminal is closed with the last process that has it.
            while piece := os.read(ours, 4096):
                drawn += piece
                if b"0/1" in drawn:
                    (tmp_path / "go").touch()
        out, _ = waiting.communicate(timeout=30)
    os.close(ours)
    assert out == b"COMPLETED\n"
    assert b"until" in drawn
    assert b"1/1" in drawn


def test_a_disk_that_is_too_full_for_the_log_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system of its own can be mounted: {mounted.stderr.decode().strip()}")
    try:
        monkeypatch.setenv("COVALENT_DATA_DIR", str(disk))
        with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(4096)):
                pass
        with pytest.raises(ServerError, match=f"no space is left in {disk}"):
            ct.covalent_start(quiet=True)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _has_dispatch(name: str) -> bool:
    return any(info.name == name and info.status == "RUNNING" for info in connect().dispatches().items)


def _wait_until(condition, timeout_s: float = 20.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come about in time"
        time.sleep(0.02)
