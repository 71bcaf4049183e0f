"""The command line against a real server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import covalent as ct
from covalent.client import process
from covalent.client.locate import read_record
from covalent.client.transport import expect_nobody
from covalent.errors import PortInUseError
from tests.support.workflows import fail, failing, quiet, speaking, sums, until

COMMAND = (sys.executable, "-m", "covalent")


def run(*arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], input=answer, capture_output=True, text=True, timeout=60, check=False)


def said(*arguments: str) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def said_json(*arguments: str):
    return json.loads(said(*arguments, "--json"))


# The server


@pytest.fixture
def home(covalent_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Directories of this test's own, on which any server is ended afterwards."""
    monkeypatch.delenv("COVALENT_DISPATCHER_ADDR", raising=False)
    expect_nobody()
    yield covalent_home
    process.stop()


def test_a_server_is_started_shown_restarted_and_stopped(home):
    assert said("start") == f"Started a Covalent server at {read_record().address} (process {read_record().pid}).\n"
    first = read_record()
    assert said("start") == f"A Covalent server already runs at {first.address} (process {first.pid}).\n"
    assert first.address in said("status")
    assert sys.executable in said("status")
    assert said_json("status")["server"]["pid"] == first.pid
    said("restart")
    assert read_record().address == first.address
    assert read_record().pid != first.pid
    said("config", "set", "user_interface.address", "flows.example.org")
    assert f"http://flows.example.org:{first.port}" in said("status")
    assert said("stop") == f"Stopped the Covalent server at {first.address}.\n"
    assert run("status").returncode == 1
    assert not psutil.pid_exists(first.pid)


def test_a_running_server_is_not_started_again_on_another_port(home):
    said("start")
    done = run("start", "-p", "48999")
    assert done.returncode == 1
    assert f"already runs at {read_record().address}" in done.stderr


def test_a_restart_with_a_wrong_configuration_leaves_the_server_alone(home):
    said("start")
    first = read_record()
    (home / "config" / "covalent.conf").write_text("[executors.local]\nworkers = 0\n")
    refused = run("restart")
    assert refused.returncode == 1
    assert "line 2: executors.local.workers must be a whole number above 0, not 0." in refused.stderr
    assert read_record() == first
    (home / "config" / "covalent.conf").unlink()
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = run("restart", "-a", "127.0.0.1", "-p", str(other.getsockname()[1]))
    assert refused.returncode == 1
    assert "is taken by another program" in refused.stderr
    assert process.running() == first


def test_a_port_of_another_program_is_said_in_one_sentence(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("start", "-p", str(port))
    assert refused.returncode == 1
    assert refused.stderr == f"Error: {PortInUseError('localhost', port)}\n"


def test_a_restart_can_move_it_to_another_port(home):
    said("start")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said("restart", "-p", str(port))
    assert read_record().address == f"http://127.0.0.1:{port}"


def test_a_server_in_the_foreground_says_where_it_is_and_ends_when_it_is_told(home):
    with subprocess.Popen(
        [*COMMAND, "start", "--foreground"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith(b"The Covalent server answers at http://127.0.0.1:")
        second = run("start", "--foreground")
        assert second.returncode == 1
        assert f"process {server.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert server.returncode == 0


def test_a_server_that_does_not_answer_is_said_to_run_and_can_be_stopped(home):
    said("start")
    pid = read_record().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        done = run("status")
        assert done.returncode == 1
        assert f"(process {pid}) runs but does not answer" in done.stdout
    finally:
        os.kill(pid, signal.SIGCONT)
    said("stop")


def test_who_purges_everything_is_told_what_runs(home, tmp_path):
    dispatch_id = ct.dispatch(until)(str(tmp_path / "go"))
    shown = run("purge", answer="n\n")
    assert shown.returncode == 1
    assert "The server is running 1 dispatch." in shown.stdout
    (tmp_path / "go").touch()
    assert ct.get_result(dispatch_id, wait=True).status == "COMPLETED"


def test_everything_is_purged(home):
    dispatch_id = ct.dispatch(sums)(1)
    ct.get_result(dispatch_id, wait=True)
    address = read_record().address
    said("config", "set", "sdk.executor", "local")
    assert said("purge", "-y", "-H").splitlines() == [
        f"Stopped the Covalent server at {address}.",
        f"Deleted {home / 'data'}.",
        f"Deleted {home / 'config' / 'covalent.conf'}.",
    ]
    assert not (home / "data").exists()


# Dispatches


@pytest.fixture
def done(server) -> str:
    """A dispatch that has completed."""
    result = ct.dispatch_sync(sums)(1)
    assert result.result == 13
    return result.dispatch_id


@pytest.fixture
def failed(server) -> str:
    return ct.dispatch_sync(failing)().dispatch_id


def test_dispatches_are_listed_newest_first(done, failed):
    lines = said("list", "-n", "2").splitlines()
    assert lines[0].split() == ["DISPATCH", "NAME", "STATUS", "TASKS", "CREATED", "TOOK"]
    assert lines[1].split()[:4] == [failed, "failing", "FAILED", "0/2"]
    assert lines[2].split()[:4] == [done, "sums", "COMPLETED", "2/2"]


def test_lists_can_be_narrowed(done, failed):
    assert said_json("list", "-s", "failed", "-n", "1")[0]["id"] == failed
    assert {info["name"] for info in said_json("list", "--search", "sum")} == {"sums"}
    assert [info["id"] for info in said_json("list", "--search", done)] == [done]
    assert said_json("list", "--search", "no such thing") == []


def test_a_dispatch_is_shown_with_its_tasks(done):
    shown = said("show", done)
    assert "COMPLETED" in shown
    assert [line.split()[:4] for line in shown.splitlines()[-2:]] == [
        ["0", "add", "COMPLETED", "1"],
        ["1", "add", "COMPLETED", "1"],
    ]
    as_json = said_json("show", done)
    assert as_json["dispatch"]["id"] == done
    assert [task["name"] for task in as_json["tasks"]] == ["add", "add"]


def test_failures_are_shown_with_their_cause(failed):
    shown = said("show", failed)
    assert "USER: LookupError: no such thing" in shown
    assert "UPSTREAM" in shown


def test_the_beginning_of_an_id_will_do(done):
    assert done in said("show", done[:13])


def test_a_beginning_that_none_or_several_have_is_refused(done, failed):
    unknown = run("show", "zzz")
    assert unknown.returncode == 1
    assert "No dispatch has an id that begins with 'zzz'" in unknown.stderr
    common = done[: next(n for n in range(len(done)) if done[n] != failed[n])]
    if common:
        several = run("show", common)
        assert several.returncode == 1
        assert f"dispatches have an id that begins with '{common}'" in several.stderr
    empty = run("show", "")
    assert empty.returncode == 2
    assert "The ID is empty" in empty.stderr


def test_a_list_that_is_cut_says_so(done, failed):
    assert said("list", "-n", "1").splitlines()[-1] == "… older ones: --all or -n"
    assert "older ones" not in said("list", "--all")
    assert len(said_json("list", "-n", "1")) == 1


def test_a_limit_may_be_any_number(done):
    many = str(10**30)
    assert "older ones" not in said("list", "-n", many)
    assert "and more" not in said("show", done, "-n", many)


def test_all_tasks_are_not_said_to_be_some_of_them(failed):
    assert "and more" not in said("show", failed, "-n", "2")
    assert "… and more" in said("show", failed, "-n", "1")


def test_counts_tell_what_failed_from_what_did_not_run(failed):
    assert "2 (1 failed, 1 did not run)" in said("show", failed)
    assert "2 (1 failed, 1 did not run)" in said("show", failed, "-s", "RUNNING")


def test_a_task_is_shown_with_its_attempts_and_the_last_traceback(failed):
    shown = said("show", failed, "0")
    assert shown.count("USER") == 2
    assert shown.rstrip().endswith("LookupError: no such thing")
    assert "Traceback" in shown
    assert "Traceback" not in said("show", failed, "1")
    assert said_json("show", failed, "0")["attempts"][0]["outcome"]["failure"]["type"].endswith("LookupError")
    assert f"'covalent show {failed} 0' shows the traceback" in said("why", failed, "0")


def test_a_message_of_many_lines_leaves_the_table_whole(server):
    dispatch_id = ct.dispatch_sync(ct.lattice(lambda: fail("one\ntwo")))().dispatch_id
    assert said("show", dispatch_id).splitlines()[-1].endswith("USER: LookupError: one …")
    assert "two" in said("show", dispatch_id, "0")


def test_what_runs_tells_how_long_it_has_by_now(server, tmp_path):
    dispatch_id = ct.dispatch(until)(str(tmp_path / "go"))
    deadline = time.monotonic() + 20
    while "so far" not in said("show", dispatch_id).splitlines()[-1] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "so far" in said("show", dispatch_id).splitlines()[-1]
    assert "so far" in said("list", "--search", dispatch_id)
    (tmp_path / "go").touch()
    ct.get_result(dispatch_id, wait=True)


def test_why_says_it_in_a_sentence(failed):
    assert "no such thing" in said("why", failed, "0")
    assert said_json("why", failed, "1")["node_id"] == 1
    assert said("why", failed).strip()


def test_a_dispatch_that_was_only_stored_is_started(server):
    dispatch_id = ct.dispatch(sums, disable_run=True)(1)
    assert dispatch_id in said("run", dispatch_id)
    assert ct.get_result(dispatch_id, wait=True).result == 13
    assert said_json("run", dispatch_id)["status"] == "COMPLETED"
    assert "has ended, COMPLETED, and cannot be started again" in said("run", dispatch_id)


def test_what_was_never_started_says_how_to_start_it_and_that_it_was_cancelled(server):
    dispatch_id = ct.dispatch(sums, disable_run=True)(1)
    assert f"'covalent run {dispatch_id}' starts the dispatch." in said("why", dispatch_id)
    assert said("cancel", dispatch_id) == f"Dispatch {dispatch_id} was cancelled; it had never been started.\n"
    assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"


def test_a_dispatch_or_some_of_its_tasks_are_cancelled(server, tmp_path):
    workflow = ct.lattice(lambda: [until(str(tmp_path / "go")) for _ in range(3)])
    dispatch_id = ct.dispatch(workflow)()
    assert dispatch_id in said("cancel", dispatch_id, "0", "2")
    assert dispatch_id in said_json("cancel", dispatch_id)["message"]
    assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"


def test_single_dispatches_are_purged_after_a_yes(done, failed):
    assert run("purge", done, answer="n\n").returncode == 1
    assert said("list", "--search", done).count(done) == 1
    assert "Deleted 2 dispatches." in run("purge", done, failed, answer="y\n").stdout
    gone = run("show", done)
    assert gone.returncode == 1
    assert done in gone.stderr


def test_a_running_dispatch_is_not_purged(server, tmp_path):
    dispatch_id = ct.dispatch(until)(str(tmp_path / "go"))
    refused = run("purge", "-y", dispatch_id)
    assert refused.returncode == 1
    assert dispatch_id in refused.stderr
    (tmp_path / "go").touch()
    assert ct.get_result(dispatch_id, wait=True).status == "COMPLETED"


# What tasks wrote


def test_the_output_of_one_task_is_shown_as_it_was_written(server):
    dispatch_id = ct.dispatch_sync(speaking)(["one", "two"]).dispatch_id
    shown = run("logs", dispatch_id, "0")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "one\ntwo\n", "(one)\n(two)\n")


def test_the_output_of_all_tasks_is_shown_after_their_names(done):
    assert said("logs", done).splitlines() == ["add(0): adding 1 2", "add(1): adding 3 10"]
    assert said("logs", "-f", done).splitlines() == ["add(0): adding 1 2", "add(1): adding 3 10"]


def test_the_output_of_sublattices_is_shown_after_the_names_of_their_tasks(server):
    below = ct.electron(speaking)
    dispatch_id = ct.dispatch_sync(ct.lattice(lambda: below(["one"])))().dispatch_id
    for follow in ([], ["-f"]):
        assert said_lines("logs", *follow, dispatch_id) == ["speaking(0)/speak(0): one"]
        assert said_lines("logs", *follow, dispatch_id, "0") == ["speak(0): one"]


def said_lines(*arguments: str) -> list[str]:
    return run(*arguments).stdout.splitlines()


def test_tasks_that_wrote_nothing_are_said_to_have_written_nothing(server):
    dispatch_id = ct.dispatch_sync(ct.lattice(lambda: quiet()))().dispatch_id
    for arguments in ((dispatch_id,), ("-f", dispatch_id), (dispatch_id, "0")):
        shown = run("logs", *arguments)
        assert (shown.returncode, shown.stdout) == (0, "")
        assert "has written nothing; 'covalent why" in shown.stderr


def test_a_task_that_has_not_run_says_why_it_has_no_output(failed):
    shown = run("logs", failed, "1")
    assert shown.returncode == 0
    assert shown.stderr.startswith("Task 1 (add) has not run; it is FAILED: ")


@pytest.mark.parametrize("node", [(), ("0",)])
def test_output_is_followed_live_and_to_its_end(server, node):
    dispatch_id = ct.dispatch(speaking)([f"word {n}" for n in range(8)], 0.25)
    command = [*COMMAND, "logs", "-f", dispatch_id, *node]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        timer = threading.Timer(30, follower.kill)
        timer.start()
        assert follower.stdout is not None
        arrived = []
        lines = []
        for line in follower.stdout:
            lines.append(line)
            arrived.append(time.monotonic())
        timer.cancel()
    prefix = "" if node else "speak(0): "
    assert lines == [f"{prefix}word {n}\n" for n in range(8)]
    assert arrived[-1] - arrived[0] > 0.6
    assert follower.returncode == 0


def test_output_that_nobody_reads_on_ends_quietly(server):
    dispatch_id = ct.dispatch_sync(speaking)(["word"] * 20_000).dispatch_id
    command = f"{sys.executable} -m covalent logs {dispatch_id} 0 | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "word\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
