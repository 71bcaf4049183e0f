"""The server process: owns a data directory, listens, and runs a dispatcher until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import uvicorn

from .. import __version__
from ..config import get_config, ui_address
from ..dispatcher import Dispatcher
from ..errors import AddressError, PortInUseError, StoreError
from ..executor.local.pool import shared_pool
from ..secrets import KEY_VARIABLE
from ..store import open_store
from . import lock
from .app import create_app
from .schemas import Health
from .sessions import Sessions
from .state import ServerState

log = logging.getLogger("covalent.server")

#: Takes the server's URL, and what makes tickets with which browsers can sign in.
OnReady: TypeAlias = Callable[[str, Callable[[], str]], None]

#: Seconds that open connections get to end after SIGTERM.
GRACE_S = 3

#: The most that a request line and its headers may take together.
HEADER_BYTES = 64 * 1024

#: Connections that may wait to be accepted.
BACKLOG = 2048

#: Libraries that tell of each call at level INFO, and of its signature and credentials at level DEBUG.
QUIET_LIBRARIES = ("azure", "boto3", "botocore", "msal", "urllib3")


def configure_logging(level: str) -> None:
    """Log to standard error, as the settings say."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def serve(host: str, port: int, data_dir: Path, *, on_ready: OnReady | None = None) -> None:
    """Run a server until SIGTERM or SIGINT. Port 0 takes a free one.

    :param on_ready: called once it answers
    :raises AlreadyRunningError: if another server owns the data directory
    :raises PortInUseError: if the port is taken
    :raises AddressError: if it cannot listen there for another reason
    :raises ConfigError: if a setting is wrong
    :raises StoreError: if the database cannot be opened, or fails for good
    """
    configure_logging(get_config("dispatcher.log_level"))
    with lock.own(data_dir), _listen(host, port) as listener:
        uvicorn_loop = uvicorn.Config(app="", loop="auto").get_loop_factory()
        with asyncio.Runner(loop_factory=uvicorn_loop) as runner:
            runner.run(_serve(host, listener, data_dir, on_ready))


async def _serve(host: str, listener: socket.socket, data_dir: Path, on_ready: OnReady | None) -> None:
    url = get_config("dispatcher.database_url") or f"sqlite:///{data_dir / 'covalent.db'}"
    stale_s = get_config("dispatcher.takeover_s")
    # Taken out, so that no process which the server starts has it: a task may print its variables.
    keys = os.environ.pop(KEY_VARIABLE, "")
    dispatcher = Dispatcher(open_store(url), data_dir, lock.owner(data_dir), stale_s=stale_s, secret_keys=keys)
    engine = await dispatcher.start()
    try:
        await shared_pool(dispatcher.runtime)
        address = _url(host, listener)
        health = Health(
            version=__version__,
            python=platform.python_version(),
            executable=sys.executable,
            pid=os.getpid(),
            data_dir=str(data_dir),
            address=address,
            started_at=time.time(),
        )
        state = ServerState(
            dispatcher=dispatcher,
            health=health,
            limit_bytes=get_config("dispatcher.max_request_mib") * 2**20,
            sessions=Sessions(lock.token(data_dir), data_dir),
        )
        names = (host, urlsplit(ui_address(address)).hostname or host)
        app = create_app(state, names=names)
        config = uvicorn.Config(
            app,
            http="h11",  # Unlike the other parser it bounds the size of headers.
            h11_max_incomplete_event_size=HEADER_BYTES,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
        )
        server = _Server(config, state)
        engine.add_done_callback(lambda _: server.stop())
        answering = asyncio.create_task(server.serve(sockets=[listener]))
        await server.up.wait()
        # What was made until here, the modules above all, lives as long as the process: no need to go through it again and again.
        gc.freeze()
        lock.publish(data_dir, {**health.model_dump(), "host": host, "port": listener.getsockname()[1]})
        log.info("Covalent %s answers at %s, data in %s", __version__, address, data_dir)
        if on_ready is not None:
            on_ready(address, state.sessions.ticket)
        await answering
    finally:
        await dispatcher.close()
    if engine.done() and not engine.cancelled() and (failure := engine.exception()):
        raise (
            failure if isinstance(failure, StoreError) else StoreError(f"The dispatcher failed: {failure!r}")
        ) from failure
    log.info("stopped; what was running goes on at the next start")


class _Server(uvicorn.Server):
    """Ends event streams when it is told to stop, for they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config)
        self._state = state
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. Unlike its parent's, this does not raise the signal again afterwards, for there is still work to end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        self.should_exit = True
        self._state.stopping.set()
        self._state.dispatcher.watchers.wake_all()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def _listen(host: str, port: int) -> socket.socket:
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            "127.0.0.1" if host == "localhost" else host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise AddressError(host, port, error.strerror or str(error)) from error
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _url(host: str, listener: socket.socket) -> str:
    name = "127.0.0.1" if host in ("localhost", "0.0.0.0", "") else host  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}"
