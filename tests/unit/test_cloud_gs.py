"""The runner's own client for Cloud Storage: what it sends, what it makes of answers, and whose token it uses."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from covalent.runner.cloud import bucket_requests, connections, gs, gs_requests
from covalent.runner.cloud.errors import CredentialsError, ObjectError
from covalent.runner.cloud.google_identity import GoogleIdentity
from covalent.runner.cloud.gs import GSClient
from covalent.runner.cloud.identity import RENEW_S
from covalent.runner.cloud.objects import Objects
from tests.support.fake_storage import DATE, TOKEN_PATH, FakeStorage, fake_storage
from tests.support.scripted_http import Request, Response, Script, scripted_http

VARIABLES = ("STORAGE_EMULATOR_HOST", "GCE_METADATA_HOST", "SSL_CERT_FILE")
NOTHING = hashlib.sha256().hexdigest()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No pauses to speak of, and nothing of this machine's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    identity = GoogleIdentity()
    for module in (gs, gs_requests):
        monkeypatch.setattr(module, "GOOGLE_IDENTITY", identity)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return monkeypatch


@pytest.fixture
def storage(environment: pytest.MonkeyPatch) -> Iterator[FakeStorage]:
    """A bucket of the name ``bucket``, on a machine with a service account."""
    with fake_storage() as (made, script):
        made.buckets["bucket"] = {}
        environment.setenv("STORAGE_EMULATOR_HOST", script.url)
        environment.setenv("GCE_METADATA_HOST", urlsplit(script.url).netloc)
        yield made


@pytest.fixture
def client(storage: FakeStorage) -> Iterator[GSClient]:
    made = GSClient("bucket")
    yield made
    made.close()


@pytest.fixture
def serve(environment: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[GSClient, Script]]]:
    """Start a server with these answers, the last of them for ever, and an anonymous client for it."""
    with ExitStack() as stack:

        def start(*answers: Response) -> tuple[GSClient, Script]:
            left = list(answers)
            script = stack.enter_context(scripted_http(lambda request: left.pop(0) if len(left) > 1 else left[0]))
            environment.setenv("STORAGE_EMULATOR_HOST", script.url)
            made = GSClient("bucket")
            stack.callback(made.close)
            return made, script

        yield start


# Where a bucket is


@pytest.mark.parametrize(
    ("emulator", "host", "path"),
    [
        ("", "storage.googleapis.com", "/b.c/a%20b/k"),
        ("http://127.0.0.1:9000", "127.0.0.1:9000", "/b.c/a%20b/k"),
        ("localhost:9000", "localhost:9000", "/b.c/a%20b/k"),
        ("https://example.org/x/", "example.org", "/x/b.c/a%20b/k"),
    ],
)
def test_a_bucket_is_where_the_environment_says(
    environment: pytest.MonkeyPatch, emulator: str, host: str, path: str
) -> None:
    environment.setenv("STORAGE_EMULATOR_HOST", emulator)
    sent: list[tuple[str, str]] = []

    def send(self: Any, method: str, target: str, headers: dict[str, str], *_: Any) -> bucket_requests.Answer:
        sent.append((headers["host"], target))
        return bucket_requests.Answer(200, {}, b"")

    environment.setattr(connections.Connections, "send", send)
    environment.setattr(GoogleIdentity, "_find", lambda self: ("token", float("inf")))
    GSClient("b.c").put("a b/k", b"", NOTHING)
    assert sent == [(host, path)]


@pytest.mark.parametrize("endpoint", ["ftp://host", "http://"])
def test_an_endpoint_that_is_none_is_refused(environment: pytest.MonkeyPatch, endpoint: str) -> None:
    environment.setenv("STORAGE_EMULATOR_HOST", endpoint)
    with pytest.raises(ObjectError, match="is no address"):
        GSClient("b")


def test_an_address_leads_to_its_bucket() -> None:
    client, key = Objects().locate("gs://b/a#b?c")
    assert (client.uri(key), key) == ("gs://b/a#b?c", "a#b?c")


# Objects


KEYS = ["a", 'with space/ä+~?&%<>".txt', "groups/g/outcomes/0.1.ok.5.abc"]


@pytest.mark.parametrize("key", KEYS)
def test_what_is_written_is_read_in_ranges_and_listed_under_its_key(client: GSClient, key: str) -> None:
    assert client.put(key, b"0123456789", hashlib.sha256(b"0123456789").hexdigest())
    assert client.read(key, 2, 5) == b"234"
    assert client.read(key, 8, 100) == b"89"
    assert client.read(key, 10, 20) == b""
    assert list(client.list(key[:3])) == [key]


def test_an_object_that_is_there_is_not_written_again(client: GSClient) -> None:
    assert client.put("k", b"first", NOTHING) is True
    assert client.put("k", b"second", NOTHING) is False
    assert client.read("k", 0, 10) == b"first"


def test_files_go_and_come_whole(client: GSClient, storage: FakeStorage, tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "in").write_bytes(data)
    assert client.put("k", str(tmp_path / "in"), hashlib.sha256(data).hexdigest())
    assert storage.buckets["bucket"] == {"k": data}
    digest = hashlib.sha256()
    assert client.download("k", str(tmp_path / "out"), digest) == len(data)
    assert (tmp_path / "out").read_bytes() == data
    assert digest.digest() == hashlib.sha256(data).digest()


def test_the_service_is_told_what_bytes_to_expect(serve: Any, tmp_path: Path) -> None:
    client, script = serve(Response())
    (tmp_path / "file").write_bytes(b"body")
    for body in (b"body", str(tmp_path / "file")):
        client.put("k", body, NOTHING)
    told = {request.headers["content-md5"] for request in script.requests}
    assert told == {base64.b64encode(hashlib.md5(b"body").digest()).decode()}


def test_bytes_that_were_changed_on_their_way_are_refused(client: GSClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gs, "content_md5", lambda body: "b3RoZXI=")
    with pytest.raises(ObjectError, match="BadDigest"):
        client.put("k", b"body", NOTHING)
    assert list(client.list("")) == []


def test_a_listing_goes_on_to_its_end(client: GSClient, storage: FakeStorage) -> None:
    storage.page_keys = 2
    names = [f"a&b/{number}" for number in range(5)]
    storage.buckets["bucket"] = dict.fromkeys([*names, "other"], b"")
    assert list(client.list("a&b/")) == names


@pytest.mark.parametrize(
    "passing",
    [
        Response.refusal(503, "ServiceUnavailable"),
        Response.refusal(500, "InternalError"),
        Response.refusal(429, "SlowDown"),
        Response.refusal(408, "RequestTimeout"),
        Response(status=502, body=b"<html>"),
        Response(body=b"never arrives", cut=0),
    ],
    ids=["503", "500", "429", "408", "html", "cut"],
)
def test_what_passes_is_tried_again(serve: Any, passing: Response) -> None:
    client, script = serve(passing, Response())
    assert client.put("k", b"body", NOTHING) is True
    assert [request.body for request in script.requests] == [b"body", b"body"]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Response(status=403), ["may not GET gs://bucket/k", "storage.objects.get", "service_account_email"]),
        (Response.refusal(403, "AccessDenied", "no way"), ["AccessDenied: no way"]),
        (Response.refusal(403, "AccessDenied", "Provided scope(s) are not authorized"), ["cloud-platform"]),
        (Response.refusal(401, "AuthenticationRequired"), ["does not accept the container's token", "is enabled"]),
        (Response.refusal(404, "NoSuchKey"), ["gs://bucket/k is not there", "run the workflow again"]),
        (Response.refusal(404, "NoSuchBucket"), ["no bucket bucket", "bucket_name"]),
        (Response.refusal(400, "InvalidArgument"), ["Cloud Storage refuses to GET gs://bucket/k", "400"]),
    ],
)
def test_a_refusal_says_which_object_and_what_to_do(serve: Any, answer: Response, shown: list[str]) -> None:
    with pytest.raises(ObjectError) as caught:
        serve(answer)[0].read("k", 0, 10)
    assert [part for part in shown if part not in str(caught.value)] == []


def test_a_server_that_does_not_answer_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(ObjectError, match=r"127\.0\.0\.1:9 does not answer.*gs://bucket/k.*Private Google Access"):
        GSClient("bucket").read("k", 0, 1)


def test_obstore_reads_the_same_bucket_with_the_same_token(client: GSClient, storage: FakeStorage) -> None:
    store = client.obstore()
    store.put("k", b"x" * 20_000_000, chunk_size=6_000_000, use_multipart=True)
    assert client.read("k", 0, 3) == b"xxx"
    assert len(store.get_range("k", start=5, end=1_000_005)) == 1_000_000
    assert [one["path"] for page in store.list() for one in page] == ["k"]


def test_without_a_metadata_server_an_emulator_is_asked_without_a_token(serve: Any) -> None:
    client, script = serve(Response(body=b"x", headers={"ETag": '"e"', "Last-Modified": DATE}))
    assert client.read("k", 0, 1) == b"x"
    assert bytes(client.obstore().get("k").bytes()) == b"x"
    assert [request.headers.get("authorization") for request in script.requests] == [None, None]


# The token


def token_server(*given: Any) -> Any:
    """A metadata server with these answers, the last of them for ever."""
    left = list(given)

    def answer(request: Request) -> Response:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, Response):
            return one
        assert request.path == TOKEN_PATH
        assert request.headers["metadata-flavor"] == "Google"
        return Response(body=json.dumps(one).encode())

    return scripted_http(answer)


def token(name: str, expires_in: float) -> dict[str, Any]:
    return {"access_token": name, "expires_in": expires_in, "token_type": "Bearer"}


def test_a_token_is_fetched_once(environment: pytest.MonkeyPatch) -> None:
    with token_server(token("t", 3600)) as script:
        environment.setenv("GCE_METADATA_HOST", urlsplit(script.url).netloc)
        identity = GoogleIdentity()
        assert [identity.credentials() for _ in range(3)] == ["t"] * 3
        assert 3500 < identity.expires_at().timestamp() - time.time() <= 3600
    assert len(script.requests) == 1


def test_a_token_is_renewed_before_it_ends_or_when_it_is_refused(environment: pytest.MonkeyPatch) -> None:
    with token_server(token("a", RENEW_S - 1), token("b", 3600), token("c", 3600)) as script:
        environment.setenv("GCE_METADATA_HOST", urlsplit(script.url).netloc)
        identity = GoogleIdentity()
        assert [identity.credentials() for _ in range(3)] == ["a", "b", "b"]
        assert identity.credentials(is_refused=True) == "c"


def test_a_request_whose_token_is_refused_is_made_again_with_a_new_one(client: GSClient, storage: FakeStorage) -> None:
    client.put("k", b"x", NOTHING)
    storage.token = "token-2"
    assert client.read("k", 0, 1) == b"x"


def test_a_metadata_server_that_is_busy_is_asked_again(environment: pytest.MonkeyPatch) -> None:
    with token_server(Response(status=503), Response(status=429), token("t", 3600)) as script:
        environment.setenv("GCE_METADATA_HOST", urlsplit(script.url).netloc)
        assert GoogleIdentity().credentials() == "t"


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=404),
        Response(body=b"no json"),
        Response(body=b"[]"),
        {},
        {"access_token": None, "expires_in": 1},
    ],
    ids=["no account", "no json", "a list", "empty", "null"],
)
def test_what_is_no_token_is_said_to_be_none(environment: pytest.MonkeyPatch, answer: Any) -> None:
    with token_server(answer) as script:
        environment.setenv("GCE_METADATA_HOST", urlsplit(script.url).netloc)
        with pytest.raises(CredentialsError, match="service_account_email"):
            GoogleIdentity().credentials()
