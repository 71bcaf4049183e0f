"""The runner's own client for Blob Storage: what it sends, and what it makes of answers."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from covalent.runner.cloud import az, az_requests, bucket_requests, connections
from covalent.runner.cloud.az import AZClient
from covalent.runner.cloud.azure_identity import AzureIdentity
from covalent.runner.cloud.errors import MissingObjectError, ObjectError
from covalent.runner.cloud.objects import Objects
from tests.support.fake_blobs import HOST, NO_BLOB, NO_CONTAINER, NO_TOKEN, NOT_ALLOWED, FakeBlobs, fake_blobs, refusal
from tests.support.scripted_http import Response, Script, scripted_http

VARIABLES = (
    "COVALENT_AZURE_STORAGE_ENDPOINT",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "SSL_CERT_FILE",
)
BUCKET = f"box@{HOST}"
NOTHING = hashlib.sha256().hexdigest()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No pauses to speak of, and nothing of this machine's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    identity = AzureIdentity()
    for module in (az, az_requests):
        monkeypatch.setattr(module, "AZURE_IDENTITY", identity)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return monkeypatch


@pytest.fixture
def blobs(environment: pytest.MonkeyPatch) -> Iterator[FakeBlobs]:
    """A container of the name ``box``, on a machine with an identity."""
    with fake_blobs() as (made, script):
        made.containers["box"] = {}
        environment.setenv("COVALENT_AZURE_STORAGE_ENDPOINT", script.url)
        environment.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", script.url)
        yield made


@pytest.fixture
def client(blobs: FakeBlobs) -> Iterator[AZClient]:
    made = AZClient(BUCKET)
    yield made
    made.close()


@pytest.fixture
def serve(environment: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[AZClient, Script]]]:
    """Start a server with these answers, the last of them for ever, and a client for it that has a token."""
    environment.setattr(AzureIdentity, "_find", lambda self: ("token", float("inf")))
    with ExitStack() as stack:

        def start(*answers: Response) -> tuple[AZClient, Script]:
            left = list(answers)
            script = stack.enter_context(scripted_http(lambda request: left.pop(0) if len(left) > 1 else left[0]))
            environment.setenv("COVALENT_AZURE_STORAGE_ENDPOINT", script.url)
            made = AZClient(BUCKET)
            stack.callback(made.close)
            return made, script

        yield start


# Where a container is


@pytest.mark.parametrize(
    ("account", "emulator", "host", "path"),
    [
        (HOST, "", HOST, "/box/a%20b/k"),
        ("acct.blob.core.chinacloudapi.cn", "", "acct.blob.core.chinacloudapi.cn", "/box/a%20b/k"),
        (HOST, "http://127.0.0.1:9000", "127.0.0.1:9000", "/account/box/a%20b/k"),
        (HOST, "https://example.org/x/", "example.org", "/x/account/box/a%20b/k"),
    ],
)
def test_a_container_is_where_its_account_is_or_the_environment_says(
    environment: pytest.MonkeyPatch, account: str, emulator: str, host: str, path: str
) -> None:
    environment.setenv("COVALENT_AZURE_STORAGE_ENDPOINT", emulator)
    sent: list[tuple[str, str]] = []

    def send(self: Any, method: str, target: str, headers: dict[str, str], *_: Any) -> bucket_requests.Answer:
        sent.append((headers["host"], target))
        return bucket_requests.Answer(201, {}, b"")

    environment.setattr(connections.Connections, "send", send)
    environment.setattr(AzureIdentity, "_find", lambda self: ("token", float("inf")))
    AZClient(f"box@{account}").put("a b/k", b"", NOTHING)
    assert sent == [(host, path)]


@pytest.mark.parametrize(("emulator", "bucket"), [("ftp://host", BUCKET), ("", "box")])
def test_an_address_that_is_none_is_refused(environment: pytest.MonkeyPatch, emulator: str, bucket: str) -> None:
    environment.setenv("COVALENT_AZURE_STORAGE_ENDPOINT", emulator)
    with pytest.raises(ObjectError, match="is no address"):
        AZClient(bucket)


def test_an_address_leads_to_its_container() -> None:
    client, key = Objects().locate(f"az://{BUCKET}/a#b?c")
    assert (client.uri(key), key) == (f"az://{BUCKET}/a#b?c", "a#b?c")


# Objects


KEYS = ["a", 'with space/ä+~?&%<>".txt', "groups/g/outcomes/0.1.ok.5.abc", "a&amp;b"]


@pytest.mark.parametrize("key", KEYS)
def test_what_is_written_is_read_in_ranges_and_listed_under_its_key(client: AZClient, key: str) -> None:
    assert client.put(key, b"0123456789", hashlib.sha256(b"0123456789").hexdigest())
    assert client.read(key, 2, 5) == b"234"
    assert client.read(key, 8, 100) == b"89"
    assert client.read(key, 10, 20) == b""
    assert list(client.list(key[:3])) == [key]


def test_an_object_that_is_there_is_not_written_again(client: AZClient) -> None:
    assert client.put("k", b"first", NOTHING) is True
    assert client.put("k", b"second", NOTHING) is False
    assert client.read("k", 0, 10) == b"first"


def test_files_go_and_come_whole(client: AZClient, blobs: FakeBlobs, tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "in").write_bytes(data)
    assert client.put("k", str(tmp_path / "in"), hashlib.sha256(data).hexdigest())
    assert blobs.containers["box"] == {"k": data}
    digest = hashlib.sha256()
    assert client.download("k", str(tmp_path / "out"), digest) == len(data)
    assert (tmp_path / "out").read_bytes() == data
    assert digest.digest() == hashlib.sha256(data).digest()


def test_a_download_goes_on_where_it_broke_off(serve: Any, tmp_path: Path) -> None:
    client, script = serve(
        Response(body=b"0123456789", cut=4), Response(status=206, body=b"456789"), refusal(416, "InvalidRange")
    )
    assert client.download("k", str(tmp_path / "out"), hashlib.sha256()) == 10
    assert (tmp_path / "out").read_bytes() == b"0123456789"
    assert [request.headers.get("range") for request in script.requests] == [None, "bytes=4-"]


def test_the_service_is_told_what_bytes_to_expect(serve: Any, tmp_path: Path) -> None:
    client, script = serve(Response(status=201))
    (tmp_path / "file").write_bytes(b"body")
    for body in (b"body", str(tmp_path / "file")):
        client.put("k", body, NOTHING)
    told = {request.headers["content-md5"] for request in script.requests}
    assert told == {base64.b64encode(hashlib.md5(b"body").digest()).decode()}


def test_bytes_that_were_changed_on_their_way_are_refused(client: AZClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(az, "content_md5", lambda body: "b3RoZXI=")
    with pytest.raises(ObjectError, match="Md5Mismatch"):
        client.put("k", b"body", NOTHING)
    assert list(client.list("")) == []


def test_a_listing_goes_on_to_its_end(client: AZClient, blobs: FakeBlobs) -> None:
    blobs.page_keys = 2
    names = [f"a&b/{number}" for number in range(5)]
    blobs.containers["box"] = dict.fromkeys([*names, "other"], b"")
    assert list(client.list("a&b/")) == names


@pytest.mark.parametrize(
    "passing",
    [
        refusal(503, "ServerBusy"),
        refusal(500, "OperationTimedOut"),
        Response(status=429),
        Response(status=502, body=b"<html>"),
        Response(body=b"never arrives", cut=0),
        NO_TOKEN,
    ],
    ids=["503", "500", "429", "html", "cut", "401"],
)
def test_what_passes_is_tried_again(serve: Any, passing: Response) -> None:
    client, script = serve(passing, Response(status=201))
    assert client.put("k", b"body", NOTHING) is True
    assert [request.body for request in script.requests] == [b"body", b"body"]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (NOT_ALLOWED, [f"may not GET az://{BUCKET}/k", "Storage Blob Data Contributor", "user_assigned_identity"]),
        (refusal(403, "AuthorizationFailure"), [f"network rules of {HOST}", "pool's subnet"]),
        (NO_TOKEN, ["does not accept the container's token", "tenant"]),
        (refusal(403, "AuthenticationFailed"), ["does not accept the container's token"]),
        (NO_BLOB, [f"az://{BUCKET}/k is not there", "run the workflow again"]),
        (NO_CONTAINER, [f"no container box in the storage account {HOST}", "container_name"]),
        (refusal(409, "ContainerBeingDeleted"), ["no container box"]),
        (refusal(400, "InvalidInput"), [f"Blob Storage refuses to GET az://{BUCKET}/k", "400"]),
    ],
)
def test_a_refusal_says_which_object_and_what_to_do_in_one_line(serve: Any, answer: Response, shown: list[str]) -> None:
    with pytest.raises(ObjectError) as caught:
        serve(answer)[0].read("k", 0, 10)
    said = str(caught.value)
    assert [part for part in shown if part not in said] == []
    assert "\n" not in said
    assert "RequestId" not in said
    assert isinstance(caught.value, MissingObjectError) == (answer is NO_BLOB)


def test_a_container_that_is_being_deleted_is_not_taken_for_an_object_that_is_there(serve: Any) -> None:
    with pytest.raises(ObjectError, match="no container box"):
        serve(refusal(409, "ContainerBeingDeleted"))[0].put("k", b"x", NOTHING)


def test_a_server_that_does_not_answer_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COVALENT_AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9")
    environment.setattr(AzureIdentity, "_find", lambda self: ("token", float("inf")))
    with pytest.raises(ObjectError, match=r"127\.0\.0\.1:9 does not answer.*az://box@.*/k.*private endpoint"):
        AZClient(BUCKET).read("k", 0, 1)


def test_obstore_reads_the_same_container_with_the_same_token(client: AZClient, blobs: FakeBlobs) -> None:
    store = client.obstore()
    store.put("k", b"x" * 20_000_000, chunk_size=6_000_000, use_multipart=True)
    assert client.read("k", 0, 3) == b"xxx"
    assert len(store.get_range("k", start=5, end=1_000_005)) == 1_000_000
    assert [one["path"] for page in store.list() for one in page] == ["k"]
