"""``covalent list``, ``show``, ``why`` and ``cancel``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import click

from ..client.server import Server, connect
from ..model import DispatchInfo, TaskInfo
from ..states import FINAL, Status
from .find import resolve
from .output import emit_json, emit_pairs, emit_table, examples, json_option, took, when

_statuses = click.Choice([s.value for s in Status], case_sensitive=False)


@click.command(
    name="list", epilog=examples("covalent list", "covalent list -s FAILED -n 5", "covalent list --json --search svm")
)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("-s", "--status", type=_statuses, help="Only those in this state.")
@click.option("--search", metavar="TEXT", help="Only those with TEXT in their name or id.")
@json_option
def list_(limit: int, status: str | None, search: str | None, as_json: bool) -> None:
    """List dispatches, newest first."""
    found = _first(connect(), limit, status, search)
    if as_json:
        emit_json(found)
        return
    columns = ("DISPATCH", "NAME", "STATUS", "TASKS", "CREATED", "TOOK")
    emit_table(
        columns,
        [(i.id, i.name, i.status, _progress(i), when(i.created_at), took(i.started_at, i.ended_at)) for i in found],
    )


@click.command(
    epilog=examples(
        "covalent show 3f2a    # if only one dispatch has an id that begins so", "covalent show 3f2a -s FAILED"
    )
)
@click.argument("dispatch_id", metavar="ID")
@click.option("-n", "--limit", type=click.IntRange(0), default=100, show_default=True, help="How many tasks at most.")
@click.option("-s", "--status", type=_statuses, help="Only tasks in this state.")
@json_option
def show(dispatch_id: str, limit: int, status: str | None, as_json: bool) -> None:
    """Show a dispatch and its tasks."""
    server = connect()
    info = server.dispatch(resolve(server, dispatch_id))
    tasks = list(islice(server.tasks(info.id, status=Status(status) if status else None), limit))
    if as_json:
        emit_json({"dispatch": info, "tasks": tasks})
        return
    emit_pairs(_summary(info))
    click.echo()
    columns = ("TASK", "NAME", "STATUS", "TRIES", "EXECUTOR", "TOOK", "REMARK")
    emit_table(columns, [_row(task) for task in tasks])
    if len(tasks) == limit < info.tasks:
        click.echo("There may be more tasks; --limit shows more of them, --status those that are of interest.")


@click.command(epilog=examples("covalent why 3f2a", "covalent why 3f2a 7    # its task 7"))
@click.argument("dispatch_id", metavar="ID")
@click.argument("node", type=click.IntRange(0), required=False)
@json_option
def why(dispatch_id: str, node: int | None, as_json: bool) -> None:
    """Say why a dispatch or a task waits, failed or was retried."""
    server = connect()
    found = resolve(server, dispatch_id)
    sentence = server.why(found, node)
    if as_json:
        emit_json({"dispatch_id": found, "node_id": node, "sentence": sentence})
    else:
        click.echo(sentence)


@click.command(epilog=examples("covalent run 3f2a    # after covalent.dispatch(…, disable_run=True)(…)"))
@click.argument("dispatch_id", metavar="ID")
@json_option
def run(dispatch_id: str, as_json: bool) -> None:
    """Start a dispatch that was stored without being started.

    Nothing happens to one that was started before.
    """
    server = connect()
    info = server.start(resolve(server, dispatch_id))
    if as_json:
        emit_json(info)
    else:
        click.echo(f"Dispatch {info.id} is {info.status}.")


@click.command(epilog=examples("covalent cancel 3f2a", "covalent cancel 3f2a 4 7    # only its tasks 4 and 7"))
@click.argument("dispatch_id", metavar="ID")
@click.argument("nodes", metavar="[NODE]...", type=click.IntRange(0), nargs=-1)
@json_option
def cancel(dispatch_id: str, nodes: Sequence[int], as_json: bool) -> None:
    """Cancel a dispatch, or some of its tasks."""
    server = connect()
    found = resolve(server, dispatch_id)
    message = server.cancel(found, nodes or None)
    if as_json:
        emit_json({"dispatch_id": found, "task_ids": list(nodes) or None, "message": message})
    else:
        click.echo(message)


def _first(server: Server, limit: int, status: str | None, search: str | None) -> list[DispatchInfo]:
    found: list[DispatchInfo] = []
    before: str | None = None
    while len(found) < limit:
        size = min(limit - len(found), 1000)
        page = server.dispatches(limit=size, before=before, status=status, search=search)
        found += page.items
        before = page.next
        if before is None:
            break
    return found


def _progress(info: DispatchInfo) -> str:
    ended = sum(count for status, count in info.counts.items() if status in FINAL)
    return f"{ended}/{info.tasks}"


def _summary(info: DispatchInfo) -> list[tuple[str, object]]:
    counts = ", ".join(f"{count} {status.lower()}" for status, count in info.counts.items() if count)
    pairs: list[tuple[str, object]] = [
        ("dispatch", info.id),
        ("name", info.name),
        ("status", info.status),
        ("tasks", f"{info.tasks}" + (f" ({counts})" if counts else "")),
        ("created", when(info.created_at)),
    ]
    if info.started_at:
        pairs.append(("started", when(info.started_at)))
    if info.ended_at:
        pairs.append(
            ("ended", f"{when(info.ended_at)}, took {took(info.started_at or info.created_at, info.ended_at)}")
        )
    if info.parent_id:
        pairs.append(("part of", f"task {info.parent_node} of {info.parent_id}"))
    if info.redispatch_of:
        pairs.append(("again from", info.redispatch_of))
    if info.error:
        pairs.append(("error", info.error))
    return pairs


def _row(task: TaskInfo) -> tuple[object, ...]:
    remarks = []
    if task.cause:
        remarks.append(f"{task.cause}: {task.message}")
    if task.reused:
        remarks.append("value reused")
    if task.child_id:
        remarks.append(f"runs as {task.child_id}")
    lasted = took(task.started_at, task.ended_at)
    return task.node_id, task.name, task.status, task.attempt, task.executor, lasted, "; ".join(remarks)
