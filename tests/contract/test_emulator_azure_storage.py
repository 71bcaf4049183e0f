"""The emulated Blob Storage, as obstore, azure-storage-blob and plain HTTP see it."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from azure.storage.blob import BlobServiceClient
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    NotModifiedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore

from covalent.testing import EmulatedAzure, emulated_azure
from tests.support.azure_clients import BATCH, VERSION, Answer, account_key, ask, blobs, identity_token, token

pytestmark = pytest.mark.npm

MIB = 2**20


@pytest.fixture(scope="module")
def azure() -> Iterator[EmulatedAzure]:
    names = ["everywhere", "things-only=blob:things", "nobody=none"]
    with emulated_azure(blob_containers=["things", "others"], identities=names, slots=1) as azure:
        yield azure


@pytest.fixture(autouse=True)
def _no_faults(azure: EmulatedAzure) -> Iterator[None]:
    yield
    azure.faults.clear()


@pytest.fixture(params=["token", "key"])
def store(request: pytest.FixtureRequest, azure: EmulatedAzure) -> AzureStore:
    """Of both kinds of credentials."""
    return blobs(azure, "things", **({} if request.param == "token" else {"account_key": account_key(azure)}))


def keys(store: AzureStore, *arguments: Any, **more: Any) -> list[str]:
    return [found["path"] for page in store.list(*arguments, **more) for found in page]


def rest(azure: EmulatedAzure, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """With the application's token, unless headers say otherwise."""
    common = {"authorization": f"Bearer {token(azure)}", "x_ms_version": VERSION}
    given = {name: value for name, value in (common | headers).items() if value}
    return ask(method, f"{azure.storage_endpoint}{path}", body, **given)


def connect(azure: EmulatedAzure) -> socket.socket:
    host, port = azure.storage_endpoint.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)))


def head(azure: EmulatedAzure) -> str:
    """Headers of a request that puts or gets a blob."""
    return (
        f"authorization: Bearer {token(azure)}\r\nx-ms-version: {VERSION}\r\nx-ms-blob-type: BlockBlob\r\nhost: x\r\n"
    )


def code(answer: Answer) -> str:
    """The service's code of a refusal, which is in its header and in its body."""
    found: str = answer.headers["x-ms-error-code"]
    assert f"<Code>{found}</Code>".encode() in answer.body
    return found


# What passes


def test_a_blob_comes_back_with_its_attributes(store):
    put = store.put("a b/ü%20+~.txt", b"hello", attributes={"Content-Type": "text/plain", "k": "v"})
    got = store.get("a b/ü%20+~.txt")
    assert bytes(got.bytes()) == b"hello"
    assert dict(got.attributes) == {"Content-Type": "text/plain", "k": "v"}
    assert got.meta["e_tag"] == put["e_tag"] == store.head("a b/ü%20+~.txt")["e_tag"]
    assert store.head("a b/ü%20+~.txt")["size"] == 5


def test_parts_of_a_blob_are_read(store):
    store.put("ranges", b"0123456789")
    assert bytes(store.get_range("ranges", start=2, end=5)) == b"234"
    assert bytes(store.get("ranges", options={"range": {"offset": 7}}).bytes()) == b"789"
    with pytest.raises(GenericError, match="object was only 10 bytes long"):
        store.get("ranges", options={"range": {"offset": 10}})


def test_conditions_hold(store):
    first = store.put("conditions", b"1")["e_tag"]
    with pytest.raises(AlreadyExistsError):
        store.put("conditions", b"2", mode="create")
    with pytest.raises(NotModifiedError):
        store.get("conditions", options={"if_none_match": first})
    second = store.put("conditions", b"2", mode={"e_tag": first})["e_tag"]
    with pytest.raises(PreconditionError):
        store.put("conditions", b"3", mode={"e_tag": first})
    assert store.head("conditions")["e_tag"] == second


def test_blobs_are_listed_by_prefix_and_by_directory(store):
    for name in ("list/a", "list/b/c", "list/b/d"):
        store.put(name, b"x")
    assert keys(store, "list") == ["list/a", "list/b/c", "list/b/d"]
    assert keys(store, "list", offset="list/b/c") == ["list/b/d"]
    found = store.list_with_delimiter("list")
    assert (found["common_prefixes"], [each["path"] for each in found["objects"]]) == (["list/b"], ["list/a"])


def test_blobs_are_copied_moved_and_deleted(store):
    store.put("from", b"x")
    store.copy("from", "copies/1")
    store.rename("copies/1", "copies/2")
    assert keys(store, "copies") == ["copies/2"]
    store.delete("copies/2")
    with pytest.raises(FileNotFoundError):
        store.get("copies/2")


def test_many_are_deleted_in_one_call(azure, store):
    for n in range(3):
        store.put(f"many/{n}", b"x")
    azure.reset_calls()
    store.delete([f"many/{n}" for n in range(3)])
    assert keys(store, "many") == []
    assert azure.calls().client["storage"] == {"BlobBatch": 1, "ListBlobs": 1}


def test_the_services_own_library_works_with_a_connection_string(azure):
    with BlobServiceClient.from_connection_string(azure.environment["AZURE_STORAGE_CONNECTION_STRING"]) as client:
        assert {each.name for each in client.list_containers()} == {"things", "others"}
        blob = client.get_blob_client("things", "library")
        blob.upload_blob(b"x" * 9 * MIB, overwrite=True, metadata={"k": "v"})
        assert blob.download_blob().readall() == b"x" * 9 * MIB
        assert blob.get_blob_properties().metadata == {"k": "v"}


def test_nothing_large_gathers_in_the_emulator(azure):
    place = azure.storage_endpoint.removeprefix("http://")
    head = {"authorization": f"Bearer {token(azure)}", "x-ms-version": VERSION}
    process = psutil.Process(azure.pid)
    before = process.memory_info().rss
    connection = http.client.HTTPConnection(place)
    body = (b"x" * MIB for _ in range(100))
    sizes = {"content-length": str(100 * MIB), "x-ms-blob-type": "BlockBlob"}
    connection.request("PUT", "/covalentbatch/things/large", body, head | sizes)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 201
    connection.request("GET", "/covalentbatch/things/large", headers=head)
    answer, received = connection.getresponse(), 0
    while data := answer.read(MIB):
        received += len(data)
    connection.close()
    assert received == 100 * MIB
    assert process.memory_info().rss - before < 40 * MIB


def test_a_client_that_goes_away_amid_a_blob_is_nothing_to_report(azure):
    blobs(azure, "things").put("large", b"x" * 20_000_000)
    put = f"PUT /covalentbatch/things/cut HTTP/1.1\r\n{head(azure)}content-length: 20000000\r\n\r\n{'x' * 1_000_000}"
    for request in (put, f"GET /covalentbatch/things/large HTTP/1.1\r\n{head(azure)}\r\n"):
        with connect(azure) as connection:
            connection.sendall(request.encode())
            time.sleep(0.2)
    with pytest.raises(FileNotFoundError):
        blobs(azure, "things").get("cut")
    assert azure.errors == ""


def test_a_client_that_waits_for_leave_to_send_gets_it(azure):
    with connect(azure) as connection:
        line = f"PUT /covalentbatch/things/asked HTTP/1.1\r\n{head(azure)}"
        connection.sendall(f"{line}content-length: 3\r\nexpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")
    assert bytes(blobs(azure, "things").get("asked").bytes()) == b"abc"


# Who is let in


def test_an_identity_reaches_the_containers_of_its_roles_and_no_others(azure):
    mine = identity_token(azure, "things-only")
    blobs(azure, "things", bearer_token=mine).put("mine", b"x")
    with pytest.raises(PermissionDeniedError, match="AuthorizationPermissionMismatch"):
        blobs(azure, "others", bearer_token=mine).put("mine", b"x")
    assert blobs(azure, "others", bearer_token=identity_token(azure, "everywhere")).put("all", b"x")
    with pytest.raises(PermissionDeniedError, match="AuthorizationPermissionMismatch"):
        blobs(azure, "things", bearer_token=identity_token(azure, "nobody")).get("mine")


def test_a_batch_reaches_no_other_container_than_its_own(azure):
    body = (
        b"--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n"
        b"DELETE /covalentbatch/others/x HTTP/1.1\r\nAuthorization: Bearer x\r\n\r\n\r\n--b--\r\n"
    )
    refused = rest(
        azure,
        "POST",
        "/covalentbatch/things?restype=container&comp=batch",
        body,
        content_type="multipart/mixed; boundary=b",
    )
    assert (refused.status, code(refused)) == (400, "InvalidInput")


def test_a_token_that_is_none_is_refused_with_where_to_get_one(azure):
    with pytest.raises(UnauthenticatedError, match="InvalidAuthenticationInfo"):
        blobs(azure, "things", bearer_token="nobodys").get("x")
    refused = rest(azure, "GET", "/covalentbatch/things/x", authorization="Bearer nobodys")
    assert (
        "authorization_uri=https://login.microsoftonline.com/tenant-id/oauth2/authorize"
        in refused.headers["www-authenticate"]
    )
    assert b"Signature validation failed" in refused.body


def test_a_token_for_something_else_is_refused(azure):
    refused = rest(azure, "GET", "/covalentbatch/things/x", authorization=f"Bearer {token(azure, BATCH)}")
    assert (refused.status, code(refused)) == (401, "InvalidAuthenticationInfo")
    assert b"Audience validation failed" in refused.body


@pytest.mark.parametrize("version", ["", "2015-12-11"])
def test_a_token_needs_a_version_that_knows_tokens(azure, version):
    refused = rest(azure, "GET", "/covalentbatch/things/x", x_ms_version=version)
    assert (refused.status, code(refused)) == (403, "AuthenticationFailed")
    assert b"Authentication scheme Bearer is not supported in this version." in refused.body


def test_a_wrong_key_is_refused(azure):
    with pytest.raises(PermissionDeniedError):
        blobs(azure, "things", account_key="bm8=").get("x")


def test_whoever_shows_nothing_sees_nothing(azure):
    assert rest(azure, "GET", "/covalentbatch/things/x", authorization="").status in (401, 403, 404)


def test_what_does_not_exist_is_not_found(azure):
    for path, expected in (
        ("/covalentbatch/missing/x", "ContainerNotFound"),
        ("/covalentbatch/things/missing", "BlobNotFound"),
        ("/elsewhere/things/x", "ResourceNotFound"),
    ):
        refused = rest(azure, "GET", path)
        assert (refused.status, code(refused)) == (404, expected)


# What goes wrong on request, and what is counted


def test_a_throttled_call_says_that_the_server_is_busy(azure):
    azure.faults.throttle("storage:PutBlob")
    refused = rest(azure, "PUT", "/covalentbatch/things/busy", b"x", x_ms_blob_type="BlockBlob")
    assert (refused.status, code(refused), refused.headers["retry-after"]) == (503, "ServerBusy", "1")
    assert rest(azure, "PUT", "/covalentbatch/things/busy", b"x", x_ms_blob_type="BlockBlob").status == 201


def test_a_lost_answer_leaves_what_was_done(azure):
    azure.faults.lose_answer("storage:PutBlob")
    with pytest.raises(GenericError):
        blobs(azure, "things").put("lost", b"x")
    assert bytes(blobs(azure, "things").get("lost").bytes()) == b"x"


def test_a_call_can_be_refused_by_name(azure):
    azure.faults.refuse("storage:ListBlobs", "AuthorizationPermissionMismatch", "No rights here.")
    with pytest.raises(GenericError, match=re.escape("No rights here.")):
        keys(blobs(azure, "things"))
    keys(blobs(azure, "things"))


def test_what_cannot_be_reached_breaks_off(azure):
    store = blobs(azure, "things")
    azure.faults.unreachable(60)
    with pytest.raises(GenericError):
        store.put("unreachable", b"x")


def test_calls_and_bytes_are_counted(azure):
    store = blobs(azure, "things")
    azure.reset_calls()
    store.put("counted", b"x" * 1000)
    store.head("counted")
    store.get("counted").bytes()
    calls = azure.calls()
    assert calls.client["storage"] == {"PutBlob": 1, "GetBlobProperties": 1, "GetBlob": 1}
    assert calls.client_bytes["storage"] == {"sent": 1000, "received": 1000}
