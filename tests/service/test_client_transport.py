"""Lost answers, damaged bytes, and servers that are not the one they should be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

import covalent as ct
from covalent.client import bundle
from covalent.client.server import Server, connect
from covalent.client.transport import expect_nobody
from covalent.errors import (
    ClientError,
    IntegrityError,
    NotFoundError,
    RequestError,
    ServerUnreachableError,
    VersionMismatchError,
)
from tests.support.proxy import Proxy, proxy_to
from tests.support.server import RunningServer
from tests.support.workflows import add, empty, speaking


@pytest.fixture
def proxy(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The shared server, with a bad network between it and this test's client."""
    expect_nobody()
    with proxy_to(server.address) as running:
        monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", running.address)
        monkeypatch.setenv("COVALENT_TOKEN", (server.data_dir / "token").read_text())
        yield running


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[str]:
    """Something that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# Answers that are lost


@pytest.mark.parametrize("passed", [0, 20, 170])
def test_a_lost_answer_does_not_make_it_two_dispatches(proxy, passed):
    proxy.cut_after = [passed, passed]
    workflow = ct.lattice(lambda: add(1))
    workflow.__name__ = f"sent_once_{passed}"
    dispatch_id = ct.dispatch(workflow)()
    assert sum(line.startswith(b"POST") for line in proxy.requests) == 3
    found = connect().dispatches(search=workflow.__name__).items
    assert [info.id for info in found] == [dispatch_id]


def test_a_large_value_that_breaks_off_is_fetched_again(proxy):
    dispatch_id = ct.dispatch(ct.lattice(lambda: add(np.ones(1 << 20), 1)))()
    ct.get_result(dispatch_id, wait=True)
    with proxy_to(proxy.address) as worse:
        worse.cut_after = [1 << 20]
        result = ct.get_result(dispatch_id, dispatcher_addr=None)
        result._server = Server(worse.address)
        assert result.result.sum() == 2 << 20
        assert len(worse.requests) == 2


def test_a_stream_of_events_that_breaks_is_taken_up_again(proxy):
    proxy.cut_after = [1 << 20, 600, 600]
    dispatch_id = ct.dispatch(speaking)(["a"] * 10, 0.1)
    assert ct.get_result(dispatch_id, wait=True).status == "COMPLETED"


def test_a_server_that_stays_away_is_an_error_in_the_end(monkeypatch):
    with answering(200, {"X-Covalent-Version": "0.1.0"}, b"{}") as address:
        server = Server(address, patience_s=0.3)
        server.transport.request("GET", "/health")
    with pytest.raises(ServerUnreachableError, match="connection refused"):
        server.transport.request("GET", "/health")


# Answers that are wrong


def test_a_version_that_does_not_fit_is_named_on_both_sides():
    with (
        answering(200, {"X-Covalent-Version": "0.9.3"}) as address,
        pytest.raises(VersionMismatchError, match=r"This client is Covalent 0\.1\.0, the server is 0\.9\.3"),
    ):
        ct.get_result("x", dispatcher_addr=address)


def test_a_later_patch_release_fits():
    with (
        answering(404, {"X-Covalent-Version": "0.1.9"}, b'{"error": {"message": "No dispatch x."}}') as address,
        pytest.raises(NotFoundError, match=r"No dispatch x\."),
    ):
        ct.get_result("x", dispatcher_addr=address)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_what_is_no_covalent_server_is_called_that(status):
    with (
        answering(status, {"Content-Type": "text/html"}, b"<html>") as address,
        pytest.raises(ClientError, match=rf"What answers at {address} is not a Covalent server"),
    ):
        ct.get_result("x", dispatcher_addr=address)


@pytest.mark.parametrize("body", [b"", b"[1]", b"{}", b'{"error": 3}', b"\xff"])
def test_a_refusal_without_a_message_is_told_by_its_status(body):
    with (
        answering(418, {"X-Covalent-Version": "0.1.0"}, body) as address,
        pytest.raises(RequestError, match="418") as caught,
    ):
        ct.get_result("x", dispatcher_addr=address)
    assert caught.value.status == 418


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": 3}'])
def test_an_answer_that_cannot_be_understood_is_an_error_of_ours(body):
    with (
        answering(200, {"X-Covalent-Version": "0.1.0"}, body) as address,
        pytest.raises(ClientError, match="could not be understood"),
    ):
        ct.get_result("x", dispatcher_addr=address)


def test_a_redirection_is_not_followed_with_the_token():
    with (
        answering(307, {"X-Covalent-Version": "0.1.0", "Location": "http://127.0.0.1:1/"}) as address,
        pytest.raises(RequestError, match="307"),
    ):
        ct.get_result("x", dispatcher_addr=address)


# Bytes that are not what they should be


def test_damaged_values_are_not_opened(server):
    before = set((server.data_dir / "objects").rglob("*"))
    result = ct.dispatch_sync(ct.lattice(lambda: add(np.full(1 << 18, 77), 1)))()
    new = [path for path in (server.data_dir / "objects").rglob("*") if path not in before and path.is_file()]
    for path in new:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with pytest.raises(IntegrityError, match="do not match its digest"):
        _ = result.result


def test_a_large_value_waits_on_disk_and_not_in_memory(server, monkeypatch):
    monkeypatch.setattr(bundle, "MEMORY_LIMIT", 1 << 20)
    result = ct.dispatch_sync(ct.lattice(lambda: [add(np.arange(1 << 18), 1), add(2)]))()
    first, second = result.result
    assert (first.sum(), second) == (np.arange(1 << 18).sum() + (1 << 18), 3)


# What a value refers to


def test_equal_values_of_two_tasks_stay_two_values_and_one_value_stays_one(server):
    @ct.lattice
    def workflow():
        one, other = empty(), empty()
        return [one, other, one]

    one, other, again = ct.dispatch_sync(workflow)().result
    assert one == other == []
    assert one is not other
    assert one is again
