"""Buckets behind one face: S3 (as moto serves it), Cloud Storage, a directory, memory; and what becomes of obstore's errors."""

from __future__ import annotations

import http.server
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore.exceptions
import pytest

from covalent.errors import (
    BucketNotFoundError,
    CovalentError,
    ExecutorError,
    ObjectNotFoundError,
    ServiceUnreachableError,
    ThrottledError,
)
from covalent.objects import RemoteStore
from covalent.objects.remote import SINGLE_PUT_BYTES
from covalent.objects.trouble import translated
from tests.support.batch_service import Cloud, FakeBatchExecutor
from tests.support.fake_blobs import ACCOUNT, HOST, fake_blobs
from tests.support.fake_storage import fake_storage

KEYS = {"region": "us-east-1", "access_key_id": "test", "secret_access_key": "test"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 with a bucket of the name ``bucket``."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="bucket")
    client.close()
    yield address
    server.stop()


@pytest.fixture(params=["s3", "gs", "az", "file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RemoteStore]:
    if request.param == "s3":
        address = request.getfixturevalue("s3")
        options = {**KEYS, "endpoint": address, "client_options": {"allow_http": True}}
        yield RemoteStore(f"s3://bucket/{tmp_path.name}/", options)
    elif request.param == "gs":
        with fake_storage() as (storage, script):
            storage.buckets["bucket"], storage.page_keys = {}, 2
            options = {"base_url": script.url, "bearer_token": storage.token, "client_options": {"allow_http": True}}
            yield RemoteStore("gs://bucket/prefix", options)
    elif request.param == "az":
        with fake_blobs() as (blobs, script):
            blobs.containers["box"], blobs.page_keys = {}, 2
            address = f"{script.url}/{ACCOUNT}"
            options = {"endpoint": address, "bearer_token": blobs.token, "client_options": {"allow_http": True}}
            yield RemoteStore(f"az://box@{HOST}/prefix", options)
    else:
        yield RemoteStore(tmp_path.as_uri() if request.param == "file" else "memory://")


async def listed(store: RemoteStore, prefix: str) -> list[str]:
    return sorted([name async for page in store.list(prefix) for name in page])


async def test_what_is_written_can_be_read_whole_in_part_and_in_pieces(store: RemoteStore) -> None:
    assert await store.put("a/b", b"0123456789")
    assert await store.get("a/b", limit=10) == b"0123456789"
    assert await store.get_range("a/b", 2, 5) == b"234"
    assert await store.get_range("a/b", 8, 100) == b"89"
    assert b"".join([piece async for piece in store.stream("a/b")]) == b"0123456789"
    assert await store.exists("a/b")
    assert not await store.exists("a/c")
    with pytest.raises(ExecutorError, match="at most 9"):
        await store.get("a/b", limit=9)


async def test_creating_never_overwrites(store: RemoteStore, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"second")
    assert await store.put("key", b"first", create_only=True)
    assert not await store.put("key", b"second", create_only=True)
    assert not await store.put_file("key", file, 6, create_only=True)
    assert await store.get("key", limit=10) == b"first"
    assert await store.put("key", b"third")
    assert await store.get("key", limit=10) == b"third"


async def test_large_files_go_in_parts(store: RemoteStore, tmp_path: Path) -> None:
    file, size = tmp_path / "file", 2 * SINGLE_PUT_BYTES + 5
    file.write_bytes(b"x" * size)
    assert await store.put_file("large", file, size, create_only=True)
    assert not await store.put_file("large", file, size, create_only=True)
    assert sum([len(piece) async for piece in store.stream("large")]) == size


async def test_listing_gives_what_follows_the_prefix(store: RemoteStore) -> None:
    for name in ("g/o/1", "g/o/2", "g/other/3", "g/p"):
        await store.put(name, b"")
    assert await listed(store, "g/o/") == ["1", "2"]
    assert await listed(store, "nothing/") == []


async def test_deleting_what_is_missing_is_no_error(store: RemoteStore) -> None:
    for name in ("g/1", "g/2", "h/1"):
        await store.put(name, b"x")
    await store.delete(["g/0", "g/1", "g/9"])
    assert await listed(store, "g/") == ["2"]
    await store.delete_all("g/")
    await store.delete_all("g/")
    await store.delete(["missing"])
    await store.delete([])
    assert (await listed(store, "g/"), await listed(store, "h/")) == ([], ["1"])


@pytest.mark.parametrize("read", ["get", "get_range", "stream"])
async def test_what_is_not_there_is_named(store: RemoteStore, read: str) -> None:
    with pytest.raises(ObjectNotFoundError, match="no/where"):
        if read == "get":
            await store.get("no/where", limit=1)
        elif read == "get_range":
            await store.get_range("no/where", 0, 1)
        else:
            _ = [piece async for piece in store.stream("no/where")]


def test_keys_and_uris_are_two_names_of_one_thing() -> None:
    store = RemoteStore("memory://x/")
    assert store.key(store.uri("a/b")) == "a/b"
    assert store.key("memory://x") is None
    assert store.key("memory://xy/a") is None
    assert store.key("memory://x/") is None


@pytest.mark.parametrize("uri", ["ftp://host/x", "s3://", "bucket", ""])
def test_what_is_no_bucket_is_refused(uri: str) -> None:
    with pytest.raises(ExecutorError, match="no place for objects"):
        RemoteStore(uri)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ExecutorError, match="cannot be used with these settings"):
        RemoteStore("s3://bucket", {**KEYS, "no_such_option": "x"})


async def test_a_bucket_that_does_not_exist_is_named_whatever_is_tried(s3: str, tmp_path: Path) -> None:
    store = RemoteStore("s3://missing/p", {**KEYS, "endpoint": s3, "client_options": {"allow_http": True}})
    with pytest.raises(ExecutorError, match="no such bucket"):
        await store.put("key", b"")
    with pytest.raises(ExecutorError, match="no such bucket"):
        await store.get("key", limit=1)
    with pytest.raises(BucketNotFoundError, match="no such bucket"):
        await listed(store, "g/")


async def test_nothing_is_left_to_purge_of_a_bucket_that_is_gone(s3: str, tmp_path: Path) -> None:
    class Executor(FakeBatchExecutor):
        async def objects(self) -> RemoteStore:
            return RemoteStore("s3://gone", {**KEYS, "endpoint": s3, "client_options": {"allow_http": True}})

    cloud = Cloud(tmp_path)
    await Executor(cloud).purge(["ct-1", "ct-2"])
    await cloud.close()


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers every request with one status and one code."""

    status, code = 200, ""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = f'<?xml version="1.0"?>\n<Error>\n<Code>{self.code}</Code>\n</Error>'.encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[Callable[[int, str], RemoteStore]]:
    servers: list[http.server.HTTPServer] = []

    def make(status: int, code: str) -> RemoteStore:
        handler = type("Handler", (Refusing,), {"status": status, "code": code})
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return RemoteStore("s3://bucket", options(servers[-1].server_port))

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def options(port: int) -> dict[str, Any]:
    patience = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}
    address = f"http://127.0.0.1:{port}"
    return {**KEYS, "endpoint": address, "client_options": {"allow_http": True}, "retry_config": patience}


@pytest.mark.parametrize("verb", ["write", "read", "list"])
@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (503, "SlowDown", ThrottledError, "fewer requests"),
        (429, "TooManyRequests", ThrottledError, "fewer requests"),
        (500, "InternalError", ServiceUnreachableError, "did not answer"),
        (403, "AccessDenied", ExecutorError, "Allow the executor's credentials"),
        (403, "InvalidAccessKeyId", ExecutorError, "Correct the executor's credentials"),
        (400, "ExpiredToken", ExecutorError, "Renew them"),
        (301, "PermanentRedirect", ExecutorError, "region"),
    ],
)
async def test_a_refusal_says_what_to_do(
    refusing: Callable[[int, str], RemoteStore], status: int, code: str, kind: type[Exception], says: str, verb: str
) -> None:
    store = refusing(status, code)
    with pytest.raises(kind, match=says) as refusal:
        if verb == "write":
            await store.put("the/key", b"x", create_only=True)
        elif verb == "read":
            await store.get("the/key", limit=1)
        else:
            await listed(store, "the/key/")
    assert "s3://bucket" in str(refusal.value)
    assert "the/key" in str(refusal.value)
    assert "Debug source" not in str(refusal.value)


async def test_a_service_that_is_not_there_may_come_back() -> None:
    with pytest.raises(ServiceUnreachableError):
        await RemoteStore("s3://bucket", options(9)).get("key", limit=1)


def test_every_error_of_obstore_becomes_one_of_ours() -> None:
    kinds = [kind for _, kind in inspect.getmembers(obstore.exceptions, inspect.isclass)]
    assert len(kinds) > 5
    for kind in kinds:
        error = translated(kind("something\n\nDebug source:\nmore"), "read", "s3://bucket", "key")
        assert isinstance(error, CovalentError)
        assert "more" not in str(error)
