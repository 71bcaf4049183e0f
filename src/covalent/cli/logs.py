"""``covalent logs``."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from ..client.locate import log_path
from ..client.server import Server, connect
from ..client.views import TaskView
from ..errors import NotFoundError
from .find import resolve
from .output import examples
from .task_log import TaskLog, prefixed, raw

_POLL_S = 0.3


@click.command(
    epilog=examples(
        "covalent logs -n 50       # the server's own log",
        "covalent logs 3f2a        # all tasks of a dispatch",
        "covalent logs -f 3f2a 7   # its task 7, as it runs",
    )
)
@click.argument("dispatch_id", metavar="[ID]", required=False)
@click.argument("node", type=click.IntRange(0), required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as more is written, until what is shown has ended.")
@click.option("-n", "--lines", type=click.IntRange(0), help="Of the server's log, only so many last lines.")
@click.option("--attempt", type=click.IntRange(1), help="Of one task, this attempt in place of the last.")
def logs(dispatch_id: str | None, node: int | None, follow: bool, lines: int | None, attempt: int | None) -> None:
    """Show what tasks wrote, or the server's own log.

    Without ID, the log of the server of this data directory. With ID, what all its tasks wrote, each line after the task's name; with NODE,
    exactly what that task wrote, to standard output and standard error as it did.
    """
    if lines is not None and dispatch_id is not None:
        raise click.UsageError("--lines is for the server's log; leave ID out.")
    if attempt is not None and node is None:
        raise click.UsageError("--attempt needs ID and NODE.")
    if dispatch_id is None:
        _server_log(log_path(), lines, follow=follow)
        return
    server = connect()
    found = resolve(server, dispatch_id)
    if node is None:
        (_follow_dispatch if follow else _show_dispatch)(server, found)
    else:
        _task(server, found, node, attempt, follow=follow)


def _task(server: Server, dispatch_id: str, node: int, attempt: int | None, *, follow: bool) -> None:
    """One task: the attempt given, or the last and, when following, those after it."""
    log: TaskLog | None = None
    while True:
        task = server.task(dispatch_id, node)
        number = attempt or task.attempt
        if number and (log is None or log.attempt != number):
            log = TaskLog(server, dispatch_id, node, number, raw)
        complete = log.pump() if log else True
        if not follow or (complete and (attempt or task.status.is_final)):
            break
        time.sleep(_POLL_S)
    if log is None:
        click.echo(_never_ran(task), err=True)


def _never_ran(task: TaskView) -> str:
    why = f": {task.message}" if task.message else ""
    return f"Task {task.node_id} ({task.name}) has not run; it is {task.status}{why}"


def _show_dispatch(server: Server, dispatch_id: str) -> None:
    for task in server.tasks(dispatch_id):
        if task.attempt:
            log = TaskLog(server, dispatch_id, task.node_id, task.attempt, prefixed(f"{task.name}({task.node_id})"))
            log.pump()
            log.finish()


def _follow_dispatch(server: Server, dispatch_id: str) -> None:
    """Every attempt of every task, found by the events that it leaves."""
    names = {task.node_id: task.name for task in server.tasks(dispatch_id)}
    running: dict[tuple[int, int], TaskLog] = {}
    seen: set[tuple[int, int]] = set()
    cursor = 0
    while True:
        ended = server.dispatch(dispatch_id).status.is_final
        for event in server.events(dispatch_id, after=cursor):
            cursor = event.seq
            if event.node_id is None or event.attempt == 0 or (event.node_id, event.attempt) in seen:
                continue
            key = (event.node_id, event.attempt)
            seen.add(key)
            write = prefixed(f"{names.get(event.node_id, '')}({event.node_id})")
            running[key] = TaskLog(server, dispatch_id, *key, write)
        for key, log in list(running.items()):
            if log.pump() or ended:
                log.finish()
                del running[key]
        if ended:
            return
        time.sleep(_POLL_S)


def _server_log(path: Path, lines: int | None, *, follow: bool) -> None:
    if not path.exists() and not follow:
        raise NotFoundError(
            f"There is no log {path}. A server that was started with --foreground writes to its own terminal instead."
        )
    out = sys.stdout.buffer
    for chunk in _followed(path, lines) if follow else _tail(path, lines):
        out.write(chunk)
        out.flush()


def _tail(path: Path, lines: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _last(file, lines)


def _last(file: BinaryIO, lines: int | None) -> Iterator[bytes]:
    yield from file if lines is None else deque(file, maxlen=lines)


def _followed(path: Path, lines: int | None) -> Iterator[bytes]:
    """The log and what is added to it, also after a new one has taken its place."""
    while True:
        if not path.exists():
            time.sleep(_POLL_S)
            continue
        with path.open("rb") as file:
            yield from _last(file, lines)
            while _is_same(path, file):
                yield from file
                time.sleep(_POLL_S)
            yield from file
        lines = None


def _is_same(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
