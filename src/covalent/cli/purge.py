"""``covalent purge``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from ..client import process
from ..client.server import connect
from ..config import config_path, data_dir, get_config
from ..config.file import lock_path
from ..states import Status
from .find import resolve
from .output import examples, plural

#: What a server and its executors make in the data directory.
_MADE = (
    "covalent.db*",
    "objects",
    "results",
    "workers",
    "environments",
    "token",
    "secret.key*",
    "dispatcher-id",
    "unused-files",
    "server.*",
    "start.lock",
)


@click.command(
    epilog=examples(
        "covalent purge 3f2a 81c0    # two dispatches",
        "covalent purge -y           # everything, without asking",
    )
)
@click.argument("dispatch_ids", metavar="[ID]...", nargs=-1)
@click.option("-H", "--hard", is_flag=True, help="Delete the configuration file, too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def purge(dispatch_ids: Sequence[str], hard: bool, yes: bool) -> None:
    """Delete dispatches, or all of the server's data.

    With IDs, deletes those dispatches, which must have ended, with their sublattices, values and logs. Without, stops the server and
    deletes its data directory.
    """
    if dispatch_ids:
        if hard:
            raise click.UsageError("--hard deletes everything; leave the IDs out.")
        _purge_dispatches(dispatch_ids, ask=not yes)
    else:
        _purge_all(hard=hard, ask=not yes)


def _purge_dispatches(beginnings: Sequence[str], *, ask: bool) -> None:
    server = connect()
    found = [server.dispatch(resolve(server, text)) for text in beginnings]
    if ask:
        for info in found:
            click.echo(f"{info.id}  {info.name}  {info.status}")
        click.confirm("Delete these dispatches with their values and logs?", abort=True)
    total = sum(server.delete(info.id) for info in found)
    click.echo(f"Deleted {plural(total, 'dispatch', 'es')}.")


def _purge_all(*, hard: bool, ask: bool) -> None:
    folder = data_dir()
    elsewhere = get_config("dispatcher.database_url")
    if not (any(_made(folder)) or (hard and config_path().exists())):
        with suppress(OSError):  # It may hold what is not ours.
            folder.rmdir()
        click.echo(f"There is nothing to delete in {folder}.")
        return
    if ask:
        if running := _running():
            click.echo(f"The server is running {running}.")
        also = f" and the configuration {config_path()}" if hard else ""
        click.confirm(f"Stop the server and delete all dispatches and results in {folder}{also}?", abort=True)
    if stopped := process.stop():
        click.echo(f"Stopped the Covalent server at {stopped.address}.")
    _end_tasks(folder)
    _empty(folder)
    if hard and config_path().exists():
        config_path().unlink()
        lock_path(config_path()).unlink(missing_ok=True)
        click.echo(f"Deleted {config_path()}.")
    if elsewhere:
        click.echo("The database that dispatcher.database_url names was not touched.")


def _end_tasks(folder: Path) -> None:
    """End what the server's workers are still on: nobody could reach it once its files are gone."""
    from ..executor.local.inheritance import end_old_workers

    if ended := end_old_workers(folder / "workers"):
        click.echo(f"Ended {ended} task{'s' if ended != 1 else ''} that had not finished.")


def _running() -> str:
    """How many dispatches the server runs, in words; empty if it runs none or there is no server."""
    if not process.running():
        return ""
    page = connect().dispatches(limit=1000, status=Status.RUNNING)
    return plural(len(page.items), "dispatch", "es") + (" or more" if page.next else "") if page.items else ""


def _made(folder: Path) -> set[Path]:
    return {path for pattern in _MADE for path in folder.glob(pattern)}


def _empty(folder: Path) -> None:
    """Delete what a server makes, and nothing else: the directory may be one that holds other things."""
    for path in _made(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    left = sorted(path.name for path in folder.iterdir())
    if left:
        click.echo(f"Deleted the data in {folder}. Left what is not Covalent's: {', '.join(left)}.")
    else:
        folder.rmdir()
        click.echo(f"Deleted {folder}.")
