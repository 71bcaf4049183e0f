"""A small threaded HTTP/1.1 server. It keeps connections alive, and can break one off without an answer."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final, NamedTuple

from ..errors import EmulatorError

#: Makes ``close`` send a reset, which is what a client sees of a server that dies.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    method: str
    path: str  #: As it was sent: still percent-encoded, and without the query.
    query: str  #: As it was sent, without the question mark.
    headers: Mapping[str, str]  #: Names in lower case.
    body: bytes
    client: str  #: The address from which it came.

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


#: Answers a request; None breaks off the connection without an answer.
Application = Callable[[Request], Response | None]


class Address(NamedTuple):
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class HttpServer:
    """One thread for each connection."""

    def __init__(self, host: str, port: int) -> None:
        """Bind, so that the port is known; nothing is served yet.

        :param port: 0 takes a free one
        :raises OSError: if that is not possible
        """
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._server = _Server(family, place)
        bound = self._server.server_address
        self.address = Address(str(bound[0]), int(bound[1]))

    def start(self, application: Application) -> None:
        """Serve from now on, in threads of its own."""
        self._server.application = application
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections. Those that are open end with the process."""
        self._server.shutdown()
        self._server.server_close()


def listen(host: str, port: int) -> HttpServer:
    """:raises EmulatorError: if that is not possible"""
    try:
        return HttpServer(host, port)
    except OSError as error:
        raise cannot_listen(host, port, "--port", error) from error


def cannot_listen(host: str, port: int, option: str, error: OSError) -> EmulatorError:
    """
    :param option: of the command line, with which another port can be chosen
    """
    return EmulatorError(
        f"The emulator cannot listen on {host}, port {port}: {error.strerror}. Choose another with {option} and --host."
    )


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 512
    application: Application

    def __init__(self, family: int, place: Any) -> None:
        self.address_family = family
        super().__init__(place, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to report."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            traceback.print_exception(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 256 * 1024
    server: _Server

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
            client=str(self.client_address[0]),
        )
        response = self.server.application(request)
        if response is None:
            self._break_off()
        else:
            self._send(response)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815 # names that the base class calls

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _send(self, response: Response) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if self.command != "HEAD" and response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            headers["content-length"] = str(len(response.body))
        headers.setdefault("date", self.date_time_string())
        phrase, _ = self.responses.get(response.status, ("Unknown", ""))
        lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)

    def _break_off(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Not every request is worth a line."""
