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
from .dispatch_log import DispatchLog, show_all
from .find import resolve
from .output import examples
from .task_log import TaskLog, raw

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
    exactly what that task wrote, to standard output and standard error as it did. Tasks of sublattices are included, after their names.
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
        _dispatch(server, found, follow=follow)
    else:
        _task(server, found, node, attempt, follow=follow)


def _task(server: Server, dispatch_id: str, node: int, attempt: int | None, *, follow: bool) -> None:
    """One task: the attempt given, or the last and, when following, those after it; then the tasks of its sublattice."""
    log: TaskLog | None = None
    child: DispatchLog | None = None
    while True:
        task = server.task(dispatch_id, node)
        number = attempt or task.attempt
        if number and (log is None or log.attempt != number):
            log = TaskLog(server, dispatch_id, node, number, raw)
        complete = log.pump() if log else True
        if follow and task.child_id and not attempt:
            child = child or DispatchLog(server, task.child_id)
            child.pump()
        if not follow or (complete and (attempt or task.status.is_final)):
            break
        time.sleep(_POLL_S)
    below = bool(child and child.wrote)
    if task.child_id and not follow and not attempt:
        below = show_all(server, task.child_id)
    if log is None and not below:
        click.echo(_never_ran(task), err=True)
    elif log and not (log.wrote or below):
        _tell_nothing(f"Task {node} of {dispatch_id}", f"{dispatch_id} {node}")


def _never_ran(task: TaskView) -> str:
    why = f": {task.message}" if task.message else ""
    return f"Task {task.node_id} ({task.name}) has not run; it is {task.status}{why}"


def _dispatch(server: Server, dispatch_id: str, *, follow: bool) -> None:
    if not (_follow_dispatch if follow else show_all)(server, dispatch_id):
        _tell_nothing(f"Dispatch {dispatch_id}", dispatch_id)


def _follow_dispatch(server: Server, dispatch_id: str) -> bool:
    """Write what comes until the dispatch has ended. False if that was nothing."""
    log = DispatchLog(server, dispatch_id)
    while not log.pump():
        time.sleep(_POLL_S)
    return log.wrote


def _tell_nothing(what: str, arguments: str) -> None:
    click.echo(f"{what} has written nothing; 'covalent why {arguments}' says how it stands.", err=True)


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
    yield from file if lines is None else deque(file, maxlen=min(lines, sys.maxsize))


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
