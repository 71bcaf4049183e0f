"""The server: whether it answers, lets this user in, and is of the same version."""

from __future__ import annotations

import asyncio
import platform
import socket
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from .. import __version__
from ..client import process
from ..client.locate import locate, read_record
from ..client.server import Server
from ..client.views import Health
from ..config import data_dir, ui_address
from ..errors import AuthenticationError, ClientError, ServerUnreachableError, VersionMismatchError
from ..executor.examination import Check, Examination, Finding, failed, ok, skipped, warning
from ..troubles import Trouble

#: Seconds within which another program takes a connection, if there is one.
_CONNECT_S: Final = 2.0


class ServerExamination(Examination):
    mends: Mapping[Trouble, str] = {Trouble.WRONG_SETTING: "covalent config set dispatcher.address HOST"}

    def __init__(self) -> None:
        self._server = Server(patience_s=0)
        self._health: Health | None = None

    def checks(self) -> Sequence[Check]:
        return (
            Check(name="answers", look=self.answers),
            Check(name="token", look=self.token, needs=("answers",)),
            Check(name="version", look=self.version, needs=("answers",)),
        )

    async def answers(self) -> Finding:
        try:
            self._health = await asyncio.to_thread(self._server.health)
        except VersionMismatchError as error:
            return failed(str(error), "covalent restart, or install the server's version here")
        except AuthenticationError as error:
            return failed(str(error), "Set COVALENT_TOKEN to the token of that server")
        except ServerUnreachableError as error:
            return await asyncio.to_thread(_absent, error)
        except ClientError as error:
            return failed(str(error), "covalent config set dispatcher.address HOST")
        return ok(f"It answers at {ui_address(self._health.address)} (process {self._health.pid}).")

    async def token(self) -> Finding:
        if self._health is None:
            return skipped("No server runs.")
        try:
            await asyncio.to_thread(lambda: self._server.dispatches(limit=1))
        except AuthenticationError as error:
            return failed(str(error), "Set COVALENT_TOKEN to the token of that server")
        return ok("It lets this user in.")

    async def version(self) -> Finding:
        if self._health is None:
            return skipped("No server runs.")
        there, python = self._health.version, self._health.python
        if there != __version__:
            return warning(f"The server has Covalent {there}, this client {__version__}.", "covalent restart")
        if python.split(".")[:2] != platform.python_version().split(".")[:2]:
            return warning(
                f"The server has Python {python}, this client {platform.python_version()}: tasks of the executor local need "
                "an interpreter of the client's version there.",
                "covalent restart, with this interpreter",
            )
        return ok(f"Covalent {there} and Python {python}, as here.")


def _absent(error: ServerUnreachableError) -> Finding:
    """Why none answers, and whether one may be started."""
    target = locate()
    if not target.own:
        said = str(error)
        return failed(said, "covalent config set dispatcher.address HOST, or start it there", Trouble.UNREACHABLE)
    if read_record() is not None:
        return failed(process.absence(error), "covalent restart", Trouble.UNREACHABLE)
    place = urlsplit(target.url)
    if place.port and _is_taken(str(place.hostname), place.port):
        return failed(
            f"No server runs on the data directory {data_dir()}, and another program has its port {place.port}.",
            "covalent config set dispatcher.port PORT, then covalent start",
        )
    return warning(
        f"No server runs on the data directory {data_dir()}. The first dispatch starts one.", "covalent start"
    )


def _is_taken(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False
