"""What a hostile review has found, each as it showed: none of it may come back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil

import covalent as ct
from covalent.client.server import connect
from covalent.errors import TaskError
from tests.support.server import RunningServer


@ct.electron
def note(path, i):
    with open(path, "a") as file:
        file.write(f"{i}\n")
    return i


@ct.lattice
def noted(path, n):
    return [note(path, i) for i in range(n)]


def test_starting_a_dispatch_several_times_at_once_runs_each_task_once(server: RunningServer, tmp_path: Path):
    path = tmp_path / "ran"
    dispatch_id = ct.dispatch(noted, disable_run=True)(str(path), 500)
    starters = [threading.Thread(target=lambda: connect().start(dispatch_id)) for _ in range(6)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert ct.get_result(dispatch_id, wait=True).result == list(range(500))
    assert sorted(map(int, path.read_text().split())) == list(range(500))


class SilentError(Exception):
    def __str__(self):
        raise SystemExit(3)


@ct.electron
def fail_oddly(path):
    with open(path, "a") as file:
        file.write("ran\n")
    raise SilentError


@ct.lattice
def odd(path):
    return fail_oddly(path)


def test_an_exception_that_exits_when_it_is_described_fails_its_task_once(server: RunningServer, tmp_path: Path):
    path = tmp_path / "ran"
    dispatch_id = ct.dispatch(odd)(str(path))
    result = ct.get_result(dispatch_id, wait=True)
    assert result.status == "FAILED"
    assert path.read_text().splitlines() == ["ran"]
    assert connect().task(dispatch_id, 0).cause == "USER"


@ct.electron
def leave_traces():
    import os
    import resource
    import signal

    signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    os.umask(0o777)


@ct.electron
def look_around(_before):
    import os
    import resource

    time.sleep(0.3)
    mask = os.umask(0)
    os.umask(mask)
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0], mask


@ct.lattice
def one_after_the_other():
    return [look_around(leave_traces()) for _ in range(4)]


def test_a_task_finds_no_timers_limits_or_masks_of_the_one_before(server: RunningServer):
    result = ct.get_result(ct.dispatch(one_after_the_other)(), wait=True).result
    assert all(limit != 4096 and mask != 0o777 for limit, mask in result)


@ct.electron
def big(n):
    return bytes(n)


@ct.lattice
def returns_big(n):
    return big(n)


def test_a_damaged_value_is_replaced_by_running_again(server: RunningServer):
    size = 300_007
    first = ct.get_result(ct.dispatch(returns_big)(size), wait=True)
    assert len(first.result) == size
    for file in (server.data_dir / "objects").glob("??/*"):
        if size <= file.stat().st_size < size + 200:
            file.write_bytes(b"damaged" + file.read_bytes()[7:])
    assert len(ct.get_result(ct.dispatch(returns_big)(size), wait=True).result) == size


@ct.electron
@ct.lattice
def down(n):
    return down(n - 1) if n else note_nothing(n)


@ct.electron
def note_nothing(n):
    return n


@ct.lattice
def deep(n):
    return down(n)


def test_sublattices_that_recurse_too_deep_fail_and_take_nothing_with_them(server: RunningServer):
    result = ct.get_result(ct.dispatch(deep)(260), wait=True)
    assert result.status == "FAILED"
    try:
        result.result  # noqa: B018 - it raises
    except TaskError as error:
        assert "sublattices" in str(error)
    assert ct.get_result(ct.dispatch(deep)(5), wait=True).result == 0


@ct.electron(executor=ct.executor.LocalExecutor(time_limit=1))
def leave_a_daemon(path):
    import subprocess

    subprocess.run(["bash", "-c", f"setsid sleep 600 & echo $! > {path}"], check=True)
    time.sleep(60)


@ct.lattice
def daemons(path):
    return leave_a_daemon(path)


def test_a_time_limit_ends_children_that_have_left_the_session_too(server: RunningServer, tmp_path: Path):
    path = tmp_path / "pid"
    result = ct.get_result(ct.dispatch(daemons)(str(path)), wait=True)
    assert result.status == "FAILED"
    pid = int(path.read_text())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the daemon lives on"
        time.sleep(0.05)


@ct.electron
def close_everything(path):
    import os

    os.closerange(3, 256)
    files = [open(path, "a") for _ in range(60)]
    return len(files)


@ct.lattice
def closing(path):
    return close_everything(path)


def test_a_task_that_closes_its_workers_files_ends_its_worker_and_nothing_is_written_elsewhere(
    server: RunningServer, tmp_path: Path
):
    precious = tmp_path / "precious"
    precious.write_text("precious\n" * 1000)
    result = ct.get_result(ct.dispatch(closing)(str(precious)), wait=True)
    assert result.status == "FAILED"
    assert precious.read_text() == "precious\n" * 1000
