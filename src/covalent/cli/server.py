"""``covalent start``, ``stop``, ``restart`` and ``status``."""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ..config import data_dir, get_config, ui_address
from ..errors import AlreadyRunningError, ConfigError, PortInUseError, ServerUnreachableError
from ..states import Status
from .output import duration, emit_json, emit_pairs, examples, json_option, plural

if TYPE_CHECKING:
    from ..client.locate import ServerRecord

# What speaks to a server is imported where that is done: the server itself begins here, too, and has no use for it.

_port = click.option(
    "-p", "--port", metavar="PORT", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one."
)
_address = click.option("-a", "--address", metavar="HOST", help="Name or address to listen on.")


@click.command(
    epilog=examples(
        "covalent start",
        "covalent start -p 5000",
        "covalent start --foreground    # under a service manager, or in a container",
    )
)
@_port
@_address
@click.option("--foreground", is_flag=True, help="Stay in the foreground until SIGTERM or Ctrl-C.")
def start(port: int | None, address: str | None, foreground: bool) -> None:
    """Start the server in the background.

    It serves the data directory that COVALENT_DATA_DIR names, and resumes what was running when the last one ended. Port and
    address that are not given are those of the configuration. Returns when the server answers.
    """
    _check_host(address)
    if foreground:
        _serve(port, address)
        return
    from ..client import process

    started = process.ensure_running(address=address, port=port)
    if not started.new:
        _refuse_other_port(started.record, port)
    word = "Started a Covalent server" if started.new else "A Covalent server already runs"
    click.echo(f"{word} at {ui_address(started.record.address)} (process {started.record.pid}).")
    _tell_page(started.record)


@click.command()
def stop() -> None:
    """Stop the server; what it was running goes on at the next start.

    A worker that is on a task finishes it, and what came of it is taken over at the next start. What has not begun waits for the
    next start.
    """
    from ..client import process

    stopped = process.stop()
    click.echo(f"Stopped the Covalent server at {stopped.address}." if stopped else "No Covalent server was running.")


@click.command(epilog=examples("covalent restart", "covalent restart -p 5000    # on another port from now on"))
@_port
@_address
def restart(port: int | None, address: str | None) -> None:
    """Stop the server and start it again.

    It listens where it did before, unless another place is given. If the configuration is wrong or the port taken, the
    server that runs is left alone.
    """
    from ..client import process

    get_config()
    record = process.running()
    _check_host(address, 0 if port is None or (record and record.port == port) else port)
    stopped = process.stop()
    if stopped:
        address, port = address or stopped.host, stopped.port if port is None else port
    started = process.ensure_running(address=address, port=port)
    click.echo(f"Started a Covalent server at {ui_address(started.record.address)} (process {started.record.pid}).")
    _tell_page(started.record)


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether the server runs, and where.

    Ends with 1 if none answers.
    """
    from ..client import process
    from ..client.server import Server

    server = Server(patience_s=0)
    try:
        health = server.health()
        page = server.dispatches(limit=1000, status=Status.RUNNING)
    except ServerUnreachableError as error:
        if as_json:
            emit_json({"running": False, "data_dir": str(data_dir())})
        else:
            click.echo(process.absence(error))
        sys.exit(1)
    if as_json:
        emit_json({"running": True, "running_dispatches": len(page.items), "server": health})
        return
    emit_pairs(
        [
            ("server", f"Covalent {health.version} (Python {health.python}), process {health.pid}"),
            ("interpreter", health.executable),
            ("address", ui_address(health.address)),
            ("data", health.data_dir),
            ("up", duration(time.time() - health.started_at)),
            (
                "running",
                f"{len(page.items)} or more dispatches" if page.next else plural(len(page.items), "dispatch", "es"),
            ),
        ]
    )


def _refuse_other_port(record: ServerRecord, port: int | None) -> None:
    if port and port != record.port:
        raise AlreadyRunningError(str(data_dir()), record.pid, record.address)


def _check_host(address: str | None, port: int = 0) -> None:
    """See whether a server can listen there; 0 stands for a port that is free.

    :raises ConfigError: if it cannot, because it is another machine or nothing at all
    :raises PortInUseError: if somebody else does
    """
    host = address or get_config("dispatcher.address")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise ConfigError(
            f"A server cannot listen on {host!r}, which is not an address of this machine ({error.strerror}). Give one "
            "with --address, or correct dispatcher.address or COVALENT_DISPATCHER_ADDR."
        ) from error


def _serve(port: int | None, address: str | None) -> None:
    # The server and its libraries are wanted in this one process only.
    from ..api.server import serve

    serve(
        address or get_config("dispatcher.address"),
        get_config("dispatcher.port") if port is None else port,
        data_dir(),
        on_ready=_tell_ready,
    )


def _tell_ready(url: str, ticket: Callable[[], str]) -> None:
    click.echo(f"The Covalent server answers at {ui_address(url)}.")
    # What does not go to a terminal is kept, often in a log.
    if sys.stdout.isatty():
        from ..client.pages import sign_in_url

        click.echo(f"See it at {sign_in_url(ui_address(url), ticket())}")


def _tell_page(record: ServerRecord) -> None:
    if sys.stdout.isatty():
        from ..client.pages import sign_in_address
        from ..client.server import Server

        click.echo(f"See it at {sign_in_address(Server(record.address))}")
