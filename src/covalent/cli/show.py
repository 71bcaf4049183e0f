"""``covalent show``."""

from __future__ import annotations

import sys
from itertools import islice

import click

from ..client.describe import counted
from ..client.server import Server, connect
from ..client.views import AttemptView, DispatchView, TaskView
from ..model import TaskInfo
from ..states import ACTIVE, Status
from .dispatches import statuses
from .find import resolve
from .output import emit_json, emit_pairs, emit_table, examples, json_option, took, when


@click.command(
    epilog=examples(
        "covalent show 3f2a       # if only one dispatch has an id that begins so",
        "covalent show 3f2a -s FAILED",
        "covalent show 3f2a 7     # its task 7, with its attempts and the last traceback",
    )
)
@click.argument("dispatch_id", metavar="ID")
@click.argument("node", type=click.IntRange(0), required=False)
@click.option("-n", "--limit", type=click.IntRange(0), default=100, show_default=True, help="How many tasks at most.")
@click.option("-s", "--status", type=statuses, help="Only tasks in this state.")
@json_option
def show(dispatch_id: str, node: int | None, limit: int, status: str | None, as_json: bool) -> None:
    """Show a dispatch and its tasks.

    With NODE, shows that task: what it was called with and returned, its attempts, why each ended as it did, and the last traceback.
    """
    server = connect()
    found = resolve(server, dispatch_id)
    if node is not None:
        task = server.task(found, node)
        if as_json:
            emit_json(task)
        else:
            _show_task(found, task)
        return
    _show_dispatch(server, server.dispatch(found), limit, Status(status) if status else None, as_json=as_json)


def _show_dispatch(server: Server, info: DispatchView, limit: int, status: Status | None, *, as_json: bool) -> None:
    # One more than is shown tells whether there are more.
    found = list(islice(server.tasks(info.id, status=status), min(limit + 1, sys.maxsize)))
    tasks = found[:limit]
    if as_json:
        emit_json({"dispatch": info, "tasks": tasks})
        return
    emit_pairs(_summary(info))
    click.echo()
    columns = ("TASK", "NAME", "STATUS", "TRIES", "EXECUTOR", "TOOK", "REMARK")
    emit_table(columns, [_row(task) for task in tasks])
    if len(found) > limit:
        click.echo("… and more: --limit shows more of them, --status those that are of interest.")


def _summary(info: DispatchView) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = [
        ("dispatch", info.id),
        ("name", info.name),
        ("status", info.status),
        ("tasks", counted(info)),
        ("created", when(info.created_at)),
    ]
    if info.started_at:
        pairs.append(("started", when(info.started_at)))
    if info.ended_at:
        pairs.append(
            ("ended", f"{when(info.ended_at)}, took {took(info.started_at or info.created_at, info.ended_at)}")
        )
    if info.arguments_preview:
        pairs.append(("called with", info.arguments_preview))
    if info.result_preview and info.status is Status.COMPLETED:
        pairs.append(("result", info.result_preview))
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
        remarks.append(f"{task.cause}: {_first_line(task.message)}")
    if task.reused:
        remarks.append("value reused")
    if task.child_id:
        remarks.append(f"runs as {task.child_id}")
    return task.node_id, task.name, task.status, task.attempt, task.executor, _lasted(task), "; ".join(remarks)


def _show_task(dispatch_id: str, task: TaskView) -> None:
    pairs: list[tuple[str, object]] = [
        ("task", f"{task.node_id} ({task.name}) of {dispatch_id}"),
        ("status", task.status),
        ("executor", task.executor),
    ]
    if lasted := _lasted(task):
        pairs.append(("took", lasted))
    if task.child_id:
        pairs.append(("runs as", task.child_id))
    if task.reused:
        pairs.append(("value", "taken from an earlier dispatch"))
    if task.inputs_preview:
        pairs.append(("called with", task.inputs_preview))
    if task.output_preview:
        pairs.append(("returned", task.output_preview))
    if task.job_id:
        pairs.append(("job", task.console_url or task.job_id))
    if task.cause:
        pairs.append((task.cause, task.message))
    emit_pairs(pairs)
    if task.attempts:
        click.echo()
        emit_table(("TRY", "STATUS", "TOOK", "PLACE", "REMARK"), [_attempt_row(attempt) for attempt in task.attempts])
    failures = [a.outcome.failure for a in task.attempts if a.outcome and a.outcome.failure]
    if failures and failures[-1].traceback:
        click.echo(f"\n{failures[-1].traceback.rstrip()}")


def _attempt_row(attempt: AttemptView) -> tuple[object, ...]:
    outcome = attempt.outcome
    if outcome is None:
        return attempt.attempt, attempt.status, "", "", ""
    remark = f"{outcome.cause}: {_first_line(outcome.message)}" if outcome.cause else ""
    if attempt.retried:
        remark = f"{remark.rstrip('.')}; tried again"
    if attempt.missing:
        remark = f"{remark.rstrip('.')}; not all is known: {attempt.missing}".removeprefix("; ")
    return attempt.attempt, outcome.status, took(outcome.started_at, outcome.ended_at), outcome.place, remark


def _lasted(task: TaskInfo) -> str:
    return took(task.started_at, task.ended_at, goes_on=task.status in ACTIVE)


def _first_line(text: str) -> str:
    first, *more = text.strip().splitlines() or [""]
    return f"{first} …" if more else first
