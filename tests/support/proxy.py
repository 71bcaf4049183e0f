"""A network that loses things: forwards connections to a server and cuts some of them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Each number of ``cut_after`` is for one connection, in order: so many bytes of the answer pass, then it breaks."""

    address: str
    cut_after: list[int] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)  #: The first line of each request that passed.


@contextlib.contextmanager
def proxy_to(address: str) -> Iterator[Proxy]:
    """A proxy to the server at ``address``."""
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    target = (parts.hostname, parts.port)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_accept, args=(listener, target, proxy), daemon=True).start()
        yield proxy
        # Wakes the thread that waits for the next one.
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, target: tuple[str, int], proxy: Proxy) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        limit = proxy.cut_after.pop(0) if proxy.cut_after else None
        server = socket.create_connection(target)
        threading.Thread(target=_requests, args=(client, server, proxy), daemon=True).start()
        threading.Thread(target=_answers, args=(server, client, limit), daemon=True).start()


def _requests(client: socket.socket, server: socket.socket, proxy: Proxy) -> None:
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            line = data.split(b"\r\n", 1)[0]
            if line.endswith(b" HTTP/1.1"):
                proxy.requests.append(line)
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)


def _answers(server: socket.socket, client: socket.socket, limit: int | None) -> None:
    passed = 0
    with contextlib.suppress(OSError), server, client:
        while data := server.recv(65536):
            if limit is not None and passed + len(data) > limit:
                client.sendall(data[: limit - passed])
                client.shutdown(socket.SHUT_RDWR)
                return
            passed += len(data)
            client.sendall(data)
