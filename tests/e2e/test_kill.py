"""Kill everything, at random moments, and count what ran. Nothing is lost, and nothing that had finished runs again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

import covalent as ct
from covalent.client.server import connect
from tests.support.server import RunningServer

from . import kill_workflow

pytestmark = pytest.mark.slow

DISPATCHER_KILLS = 50
KILLS_A_DISPATCH = 5
WORKER_KILLS = 30


def restart(home: Path) -> contextlib.AbstractContextManager[RunningServer]:
    return RunningServer.start(home)


def kill(server: RunningServer) -> None:
    server.process.kill()
    server.process.wait()


def use(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    connect.cache_clear()


def check(dispatch_id: str, journal: Path, *, ends_once: bool) -> None:
    """The result is right, and what ran is what the store says ran."""
    result = ct.get_result(dispatch_id, wait=True)
    assert result.result == kill_workflow.EXPECTED
    began, ended = Counter[str](), Counter[str]()
    for line in journal.read_text().splitlines():
        word, dispatch, task = line.split()
        if dispatch == dispatch_id:
            (began if word == "begin" else ended)[task] += 1
    assert len(ended) == kill_workflow.TASKS, "a task never ran to its end"
    server = connect()
    for node_id in range(kill_workflow.TASKS):
        task = server.task(dispatch_id, node_id)
        outcomes = [a.outcome for a in task.attempts if a.outcome and a.outcome.status == "COMPLETED"]
        assert len(outcomes) == 1, f"task {node_id} has {len(outcomes)} outcomes"
        assert task.attempts[-1].outcome is outcomes[0], f"task {node_id} was tried again after it had completed"
        assert began[str(node_id)] <= len(task.attempts), f"task {node_id} ran unseen"
        if ends_once:
            assert ended[str(node_id)] == 1, f"task {node_id} ran to its end {ended[str(node_id)]} times"


def test_killing_the_dispatcher_at_any_moment_loses_nothing(tmp_path, monkeypatch):
    dice = random.Random(20_261_121)
    kills = amid = 0
    while kills < DISPATCHER_KILLS:
        journal = tmp_path / f"journal-{kills}"
        journal.touch()
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(restart(tmp_path))
            use(server, monkeypatch)
            dispatch_id = ct.dispatch(kill_workflow.workflow)(str(journal))
            for _ in range(KILLS_A_DISPATCH):
                time.sleep(dice.uniform(0.0, 0.15))
                amid += not connect().dispatch(dispatch_id).status.is_final
                kill(server)
                kills += 1
                server = stack.enter_context(restart(tmp_path))
                use(server, monkeypatch)
            check(dispatch_id, journal, ends_once=True)
    print(f"\nkilled the dispatcher {kills} times, {amid} of them amid a dispatch of {kill_workflow.TASKS} tasks")
    assert amid >= DISPATCHER_KILLS // 4, "the kills came too late to tell anything"


def test_killing_workers_at_any_moment_costs_attempts_and_nothing_else(tmp_path, monkeypatch):
    dice = random.Random(7)
    kills = 0
    with restart(tmp_path) as server:
        use(server, monkeypatch)
        while kills < WORKER_KILLS:
            journal = tmp_path / f"journal-{kills}"
            journal.touch()
            dispatch_id = ct.dispatch(kill_workflow.workflow)(str(journal))
            for _ in range(3):
                time.sleep(dice.uniform(0.0, 0.2))
                workers = psutil.Process(server.process.pid).children()
                if workers:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        dice.choice(workers).kill()
                        kills += 1
            check(dispatch_id, journal, ends_once=False)
    print(f"\nkilled {kills} workers")


def test_killing_the_client_leaves_the_dispatch_running(tmp_path, monkeypatch):
    with restart(tmp_path) as server:
        use(server, monkeypatch)
        for round_ in range(5):
            journal = tmp_path / f"journal-{round_}"
            journal.touch()
            client = subprocess.Popen(
                [sys.executable, kill_workflow.__file__, str(journal)],
                env=os.environ | server.environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            with client:
                assert client.stdout is not None
                dispatch_id = client.stdout.readline().strip()
                client.send_signal(signal.SIGKILL)
            check(dispatch_id, journal, ends_once=True)


def test_terminating_the_dispatcher_loses_nothing(tmp_path, monkeypatch):
    journal = tmp_path / "journal"
    journal.touch()
    with restart(tmp_path) as server:
        use(server, monkeypatch)
        dispatch_id = ct.dispatch(kill_workflow.workflow)(str(journal))
        time.sleep(0.1)
    with restart(tmp_path) as server:
        use(server, monkeypatch)
        check(dispatch_id, journal, ends_once=True)


def test_a_dispatcher_that_is_killed_while_it_waits_for_a_client_keeps_what_it_answered(tmp_path, monkeypatch):
    """Whatever ``dispatch`` has returned an id for exists after the crash, and once."""
    ids: list[str] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(restart(tmp_path))
        use(server, monkeypatch)
        journal = tmp_path / "journal"
        journal.touch()
        port = server.address.rpartition(":")[2]
        ids.append(ct.dispatch(kill_workflow.workflow, disable_run=True)(str(journal)))
        killer = threading.Timer(0.3, server.process.kill)
        killer.start()
        with contextlib.suppress(ct.errors.ClientError):
            while True:
                ids.append(ct.dispatch(kill_workflow.workflow, disable_run=True)(str(journal)))
        killer.join()
        monkeypatch.setenv("COVALENT_SVC_PORT", port)
        server = stack.enter_context(restart(tmp_path))
        use(server, monkeypatch)
        known = {info.id for info in connect().dispatches(limit=1000).items}
        assert set(ids) <= known
        assert len(known) <= len(ids) + 1
