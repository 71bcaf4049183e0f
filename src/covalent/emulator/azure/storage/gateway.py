"""The server that clients of Blob Storage see."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
from typing import Final

import aiohttp
from aiohttp import web
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from ...http import Address, cannot_listen
from ..gate import Gate
from .access import StorageAccess
from .proxy import Proxy, Upstream

#: All that one can allow.
_PERMISSIONS: Final = ("read", "write", "delete", "list", "add", "create", "update", "process", "tag", "filter_by_tags")

#: Seconds after which an idle connection is used no more: Azurite closes it after five.
_IDLE_S: Final = 2.0


class Gateway:
    """Serves from :meth:`start` until :meth:`stop`, in a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        """Bind, so that the address is known; nothing is served yet.

        :raises EmulatorError: if that is not possible
        """
        try:
            family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.create_server((str(place[0]), int(place[1])), family=family, backlog=512)
        except OSError as error:
            raise cannot_listen(host, port, "--storage-port", error) from error
        bound = self._socket.getsockname()
        self.address = Address(bound[0], bound[1])
        self._loop = asyncio.new_event_loop()
        self._is_over = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self, azurite: str, account: str, key: str, access: StorageAccess, gate: Gate) -> None:
        """
        :param azurite: its address
        :param key: of the account, in base64
        """
        upstream = Upstream(url=azurite, public_url=self.address.url, signature=_signature(account, key))
        serving = threading.Event()
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._serve(upstream, access, gate, serving)),
            name="storage",
            daemon=True,
        )
        self._thread.start()
        serving.wait()

    def stop(self) -> None:
        if self._thread is None:
            self._socket.close()
        else:
            self._loop.call_soon_threadsafe(self._is_over.set)
            self._thread.join()
        self._loop.close()

    async def _serve(self, upstream: Upstream, access: StorageAccess, gate: Gate, serving: threading.Event) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False, timeout=timeout) as session:
            handler = Proxy(session, upstream, access, gate)
            server = web.Server(handler, access_log=None, auto_decompress=False)
            runner = web.ServerRunner(server, shutdown_timeout=0)
            await runner.setup()
            await web.SockSite(runner, self._socket).start()
            serving.set()
            await self._is_over.wait()
            await runner.cleanup()


def _signature(account: str, key: str) -> str:
    """A shared access signature, as a query has it, that allows everything."""
    return generate_account_sas(
        account,
        key,
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(**dict.fromkeys(_PERMISSIONS, True)),
        dt.datetime.now(dt.UTC) + dt.timedelta(days=3650),
    )
