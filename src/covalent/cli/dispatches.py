"""``covalent list``, ``why``, ``run`` and ``cancel``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice

import click

from ..client.server import Server, connect
from ..model import DispatchInfo
from ..states import Status
from .find import resolve
from .output import emit_json, emit_table, examples, json_option, took, when

_PAGE = 1000

#: ``--status`` of a command.
statuses = click.Choice([s.value for s in Status], case_sensitive=False)


@click.command(
    name="list", epilog=examples("covalent list", "covalent list -s FAILED -n 5", "covalent list --json --search svm")
)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--all", "everything", is_flag=True, help="All, however many there are.")
@click.option("-s", "--status", type=statuses, help="Only those in this state.")
@click.option("--search", metavar="TEXT", help="Only those with TEXT in their name or id.")
@json_option
def list_(limit: int, everything: bool, status: str | None, search: str | None, as_json: bool) -> None:
    """List dispatches, newest first.

    TASKS says how many have completed, and of how many.
    """
    # One more than is shown tells whether there are more.
    wanted = None if everything else min(limit + 1, sys.maxsize)
    found = list(islice(_newest(connect(), min(wanted or _PAGE, _PAGE), status, search), wanted))
    shown = found if everything else found[:limit]
    if as_json:
        emit_json(shown)
        return
    emit_table(("DISPATCH", "NAME", "STATUS", "TASKS", "CREATED", "TOOK"), [_row(info) for info in shown])
    if len(found) > len(shown):
        click.echo("… older ones: --all or -n")


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
        return
    click.echo(sentence)
    if server.dispatch(found).status is Status.NEW_OBJECT:
        click.echo(f"'covalent run {found}' starts the dispatch.")
    elif node is not None and any(a.outcome and a.outcome.failure for a in server.task(found, node).attempts):
        click.echo(f"'covalent show {found} {node}' shows the traceback.")


@click.command(epilog=examples("covalent run 3f2a    # after covalent.dispatch(…, disable_run=True)(…)"))
@click.argument("dispatch_id", metavar="ID")
@json_option
def run(dispatch_id: str, as_json: bool) -> None:
    """Start a dispatch that was stored without being started.

    Nothing happens to one that was started before.
    """
    server = connect()
    before = server.dispatch(resolve(server, dispatch_id))
    info = server.start(before.id)
    if as_json:
        emit_json(info)
    elif before.status is Status.NEW_OBJECT:
        click.echo(f"Dispatch {info.id} is {info.status}.")
    elif before.status.is_final:
        click.echo(
            f"Dispatch {info.id} has ended, {info.status}, and cannot be started again. In Python, "
            f"covalent.redispatch({info.id!r})() dispatches the workflow anew."
        )
    else:
        click.echo(f"Dispatch {info.id} was started before; it is {info.status}.")


@click.command(epilog=examples("covalent cancel 3f2a", "covalent cancel 3f2a 4 7    # only its tasks 4 and 7"))
@click.argument("dispatch_id", metavar="ID")
@click.argument("nodes", metavar="[NODE]...", type=click.IntRange(0), nargs=-1)
@json_option
def cancel(dispatch_id: str, nodes: Sequence[int], as_json: bool) -> None:
    """Cancel a dispatch, or some of its tasks."""
    server = connect()
    before = server.dispatch(resolve(server, dispatch_id))
    message = server.cancel(before.id, nodes or None)
    if before.status is Status.NEW_OBJECT and not nodes:
        message = f"Dispatch {before.id} was cancelled; it had never been started."
    if as_json:
        emit_json({"dispatch_id": before.id, "task_ids": list(nodes) or None, "message": message})
    else:
        click.echo(message)


def _newest(server: Server, size: int, status: str | None, search: str | None) -> Iterator[DispatchInfo]:
    before: str | None = None
    while True:
        page = server.dispatches(limit=size, before=before, status=status, search=search)
        yield from page.items
        before = page.next
        if before is None:
            return


def _row(info: DispatchInfo) -> tuple[object, ...]:
    tasks = f"{info.counts.get(Status.COMPLETED, 0)}/{info.tasks}"
    lasted = took(info.started_at, info.ended_at, goes_on=info.status is Status.RUNNING)
    return info.id, info.name, info.status, tasks, when(info.created_at), lasted
