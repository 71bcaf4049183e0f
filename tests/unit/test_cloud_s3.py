"""The runner's own S3 client: what it sends, what it makes of answers, and how long it insists."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from covalent.runner.cloud import bucket_requests, connections, credentials, s3_requests
from covalent.runner.cloud.bucket_requests import quote_key, quote_query
from covalent.runner.cloud.errors import CredentialsError, FileError, ObjectError
from covalent.runner.cloud.identity import RENEW_S
from covalent.runner.cloud.objects import Objects
from covalent.runner.cloud.s3 import S3Client
from covalent.runner.cloud.sigv4 import signed_headers
from tests.support.scripted_http import Request, Response, Script, scripted_http

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CA_BUNDLE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "COVALENT_REGION",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_DISABLED",
)

Answer = Callable[[Request], Response]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Static credentials, no pauses to speak of, and nothing of this machine's own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(s3_requests, "IDENTITY", credentials.AWSIdentity())
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return monkeypatch


@pytest.fixture
def serve(environment: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[S3Client, Script]]]:
    """Start a server with these answers, the last of them for ever, and a client for it."""
    with ExitStack() as stack:

        def start(*answers: Response | Answer) -> tuple[S3Client, Script]:
            left = list(answers)

            def answer(request: Request) -> Response:
                one = left.pop(0) if len(left) > 1 else left[0]
                return one if isinstance(one, Response) else one(request)

            script = stack.enter_context(scripted_http(answer))
            environment.setenv("AWS_ENDPOINT_URL", script.url)
            client = S3Client("bucket")
            stack.callback(client.close)
            return client, script

        yield start


# Signing


@pytest.mark.parametrize("token", ["", "to/ken+=="])
@pytest.mark.parametrize(
    ("method", "key", "query", "headers"),
    [
        ("GET", "plain/key", {}, {}),
        ("GET", "with space/ä+~?&%.txt", {}, {"range": "bytes=0-9"}),
        ("PUT", "groups/g/outcomes/0.1.ok.5.abc", {}, {"if-none-match": "*"}),
        ("GET", "", {"list-type": "2", "prefix": "a b/ü", "encoding-type": "url", "continuation-token": "x/+="}, {}),
    ],
)
def test_requests_are_signed_as_botocore_signs_them(
    environment: pytest.MonkeyPatch, method: str, key: str, query: dict[str, str], headers: dict[str, str], token: str
) -> None:
    host, digest = "bucket.s3.eu-west-1.amazonaws.com", hashlib.sha256(b"body").hexdigest()
    path, text = quote_key("/" + key), quote_query(query)
    ours = signed_headers(method, path, text, {**headers, "host": host}, digest, ("AKID", "secret", token), "eu-west-1")
    theirs = botocore.awsrequest.AWSRequest(
        method=method,
        # Over https, botocore would leave the body out.
        url=f"http://{host}{path}" + (f"?{text}" if text else ""),
        headers={**headers, "X-Amz-Content-SHA256": digest},
        data=b"body",
    )
    now = datetime.strptime(ours["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    environment.setattr(botocore.auth, "get_current_datetime", lambda: now)
    identity = botocore.credentials.Credentials("AKID", "secret", token or None)
    botocore.auth.S3SigV4Auth(identity, "s3", "eu-west-1").add_auth(theirs)
    assert ours["authorization"] == theirs.headers["Authorization"]


# Where a bucket is


@pytest.mark.parametrize(
    ("bucket", "variables", "host", "path"),
    [
        ("b", {"AWS_REGION": "eu-west-1"}, "b.s3.eu-west-1.amazonaws.com", "/k"),
        ("b.c", {"AWS_DEFAULT_REGION": "eu-west-1"}, "s3.eu-west-1.amazonaws.com", "/b.c/k"),
        ("b", {"COVALENT_REGION": "eu-west-2", "AWS_REGION": "eu-west-1"}, "b.s3.eu-west-2.amazonaws.com", "/k"),
        ("b", {"AWS_REGION": "cn-north-1"}, "b.s3.cn-north-1.amazonaws.com.cn", "/k"),
        ("b", {}, "b.s3.us-east-1.amazonaws.com", "/k"),
        ("b", {"AWS_ENDPOINT_URL": "http://localhost:9000"}, "localhost:9000", "/b/k"),
        (
            "b",
            {"AWS_ENDPOINT_URL": "http://no", "AWS_ENDPOINT_URL_S3": "https://s3.example.org/x/"},
            "s3.example.org",
            "/x/b/k",
        ),
    ],
)
def test_a_bucket_is_where_the_environment_says(
    environment: pytest.MonkeyPatch, bucket: str, variables: dict[str, str], host: str, path: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    sent: list[tuple[str, str]] = []

    def send(self: Any, method: str, target: str, headers: dict[str, str], *_: Any) -> bucket_requests.Answer:
        sent.append((headers["host"], target))
        return bucket_requests.Answer(200, {}, b"")

    environment.setattr(connections.Connections, "send", send)
    S3Client(bucket).put("k", b"", hashlib.sha256().hexdigest())
    assert sent == [(host, path)]


@pytest.mark.parametrize("endpoint", ["localhost:9000", "ftp://host", "http://"])
def test_an_endpoint_that_is_none_is_refused(environment: pytest.MonkeyPatch, endpoint: str) -> None:
    environment.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(ObjectError, match="is no address"):
        S3Client("b")


@pytest.mark.parametrize("uri", ["ftp://b/k", "s3://b", "gs://b/", "s3://b/", "/a/file", ""])
def test_an_address_that_nobody_can_read_is_refused(uri: str) -> None:
    with pytest.raises(ObjectError, match="It reads s3://, gs://"):
        Objects().locate(uri)


def test_buckets_share_nothing_and_keys_may_hold_anything() -> None:
    objects = Objects()
    first, key = objects.locate("s3://b/a#b?c")
    assert key == "a#b?c"
    assert objects.locate("s3://b/other")[0] is first
    assert objects.locate("s3://c/other")[0] is not first


# Answers


@pytest.mark.parametrize(
    "passing",
    [
        Response.refusal(503, "SlowDown"),
        Response.refusal(500, "InternalError"),
        Response.refusal(409, "ConditionalRequestConflict"),
        Response.refusal(400, "RequestTimeout"),
        Response.refusal(400, "ExpiredToken"),
        Response(status=429),
        Response(body=b"never arrives", cut=0),
        Response(status=502, body=b"<html>"),
    ],
    ids=["SlowDown", "InternalError", "conflict", "RequestTimeout", "ExpiredToken", "429", "cut", "html"],
)
def test_what_passes_is_tried_again(serve: Any, passing: Response) -> None:
    client, script = serve(passing, Response())
    assert client.put("k", b"body", hashlib.sha256(b"body").hexdigest()) is True
    assert [request.body for request in script.requests] == [b"body", b"body"]


def test_what_does_not_pass_is_given_up_with_the_services_words(serve: Any) -> None:
    client, script = serve(Response.refusal(503, "SlowDown", "Reduce your rate"))
    with pytest.raises(ObjectError, match="SlowDown: Reduce your rate") as caught:
        client.read("k", 0, 10)
    assert caught.value.status == 503
    assert len(script.requests) == bucket_requests.TRIES


def test_an_object_that_is_there_is_not_written_again(serve: Any) -> None:
    client, script = serve(Response.refusal(412, "PreconditionFailed"))
    assert client.put("k", b"", hashlib.sha256().hexdigest()) is False
    assert script.requests[0].headers["if-none-match"] == "*"


def test_a_file_is_sent_from_its_beginning_at_each_try(serve: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    (tmp_path / "file").write_bytes(data)
    client, script = serve(Response.refusal(500, "InternalError"), Response())
    client.put("k", str(tmp_path / "file"), hashlib.sha256(data).hexdigest())
    assert [request.body == data for request in script.requests] == [True, True]
    assert script.requests[0].headers["x-amz-content-sha256"] == hashlib.sha256(data).hexdigest()


def test_a_download_goes_on_where_it_broke_off(serve: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000

    def rest(request: Request) -> Response:
        start = int(request.headers["range"].split("=")[1].rstrip("-"))
        return Response(status=206, body=data[start:], cut=1_000_000 if start < 2_000_000 else None)

    client, script = serve(Response(body=data, cut=1_100_000), rest)
    digest = hashlib.sha256()
    assert client.download("k", str(tmp_path / "file"), digest) == len(data)
    assert (tmp_path / "file").read_bytes() == data
    assert digest.digest() == hashlib.sha256(data).digest()
    assert len(script.requests) == 3


def test_a_download_survives_a_server_that_knows_no_ranges(serve: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    client, _ = serve(Response(body=data, cut=1_500_000), Response(body=data))
    digest = hashlib.sha256()
    assert client.download("k", str(tmp_path / "file"), digest) == len(data)
    assert (tmp_path / "file").read_bytes() == data
    assert digest.digest() == hashlib.sha256(data).digest()


def test_a_full_disk_is_not_taken_for_a_broken_connection(serve: Any) -> None:
    client, script = serve(Response(body=b"x" * 3_000_000))
    with pytest.raises(FileError, match="No space left"):
        client.download("k", "/dev/full", hashlib.sha256())
    assert len(script.requests) == 1


def test_a_range_past_the_end_is_empty(serve: Any) -> None:
    client, _ = serve(Response.refusal(416, "InvalidRange"))
    assert client.read("k", 100, 200) == b""


def test_a_listing_goes_on_to_its_end(serve: Any) -> None:
    def page(request: Request) -> Response:
        more = "continuation-token" not in request.path
        token = "<NextContinuationToken>a+b/c=</NextContinuationToken>" if more else ""
        names = ("a%2Fb+c", "d%C3%A9") if more else ("last",)
        keys = "".join(f"<Contents><Key>{name}</Key><Size>1</Size></Contents>" for name in names)
        return Response(body=f"<ListBucketResult>{token}{keys}</ListBucketResult>".encode())

    client, script = serve(page)
    assert list(client.list("a b")) == ["a/b c", "dé", "last"]
    assert "continuation-token=a%2Bb%2Fc%3D" in script.requests[1].path


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Response(status=403), ["may not GET s3://bucket/k", "s3:GetObject", "role"]),
        (Response.refusal(403, "AccessDenied", "no way"), ["AccessDenied: no way"]),
        (Response.refusal(403, "SignatureDoesNotMatch"), ["does not accept the container's credentials"]),
        (Response.refusal(404, "NoSuchKey"), ["s3://bucket/k is not there", "run the workflow again"]),
        (Response.refusal(404, "NoSuchBucket"), ["no bucket bucket", "s3_bucket_name"]),
        (
            Response.refusal(301, "PermanentRedirect", x_amz_bucket_region="eu-west-3"),
            ["is in region eu-west-3", "not in us-east-1"],
        ),
        (Response.refusal(400, "AuthorizationHeaderMalformed"), ["in another region"]),
        (Response.refusal(501, "NotImplemented", "If-None-Match"), ["refuses to GET s3://bucket/k", "501"]),
    ],
)
def test_a_refusal_names_the_object_and_what_to_do(serve: Any, answer: Response, shown: list[str]) -> None:
    client, _ = serve(answer)
    with pytest.raises(ObjectError) as caught:
        client.read("k", 0, 10)
    for part in shown:
        assert part in str(caught.value)


def test_a_server_that_does_not_answer_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ObjectError, match=r"127\.0\.0\.1:9 does not answer, so s3://bucket/k cannot be reached"):
        S3Client("bucket").read("k", 0, 1)


def test_connections_are_used_again_until_they_are_stale(serve: Any, environment: pytest.MonkeyPatch) -> None:
    client, _ = serve(Response(body=b"x"))
    for _ in range(3):
        client.read("k", 0, 1)
    assert len(client._connections._idle) == 1
    environment.setattr(connections, "IDLE_S", -1.0)
    assert client.read("k", 0, 1) == b"x"


# Certificates


def test_an_image_without_certificates_is_told_apart_from_a_network_that_is_down(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with scripted_http(lambda request: Response(body=b"x"), context) as script:
        environment.setenv("AWS_ENDPOINT_URL", script.url.replace("http://127.0.0.1", "https://localhost"))
        with pytest.raises(ObjectError, match="ca-certificates"):
            S3Client("bucket").read("k", 0, 1)
        environment.setenv("AWS_CA_BUNDLE", str(tmp_path / "cert"))
        client = S3Client("bucket")
        assert client.read("k", 0, 1) == b"x"
        client.close()


# Credentials

GIVEN = {"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"}


def expiring(seconds: float) -> Response:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    return Response(body=json.dumps({**GIVEN, "Expiration": at}).encode())


@pytest.fixture
def no_keys(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.delenv("AWS_ACCESS_KEY_ID")
    return environment


def test_a_containers_credentials_are_fetched_once_and_with_its_token(
    no_keys: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("from file\n")
    with scripted_http(lambda request: expiring(3600)) as script:
        no_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/creds?x=1")
        no_keys.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        no_keys.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from variable")
        identity = credentials.AWSIdentity()
        assert [identity.credentials() for _ in range(3)] == [("A", "S", "T")] * 3
        assert 3500 < identity.expires_at().timestamp() - time.time() <= 3600
    assert [(request.path, request.headers["authorization"]) for request in script.requests] == [
        ("/creds?x=1", "from file")
    ]


def test_an_instances_credentials_are_fetched_as_version_2_wants(no_keys: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Response:
        if request.method == "PUT":
            assert request.headers["x-aws-ec2-metadata-token-ttl-seconds"]
            return Response(body=b"token")
        if request.headers.get("x-aws-ec2-metadata-token") != "token":
            return Response(status=401)
        return expiring(3600) if request.path.endswith("/role") else Response(body=b"role\n")

    with scripted_http(answer) as script:
        no_keys.delenv("AWS_EC2_METADATA_DISABLED")
        no_keys.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", script.url)
        assert credentials.AWSIdentity().credentials() == ("A", "S", "T")
    assert script.requests[-1].path == "/latest/meta-data/iam/security-credentials/role"


def test_credentials_are_renewed_before_they_end(no_keys: pytest.MonkeyPatch) -> None:
    with scripted_http(lambda request: expiring(RENEW_S - 1)) as script:
        no_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/")
        identity = credentials.AWSIdentity()
        for _ in range(3):
            identity.credentials()
    assert len(script.requests) == 3


def test_credentials_that_are_still_good_are_used_if_they_cannot_be_renewed(no_keys: pytest.MonkeyPatch) -> None:
    answers = [expiring(RENEW_S - 1)]
    with scripted_http(lambda request: answers.pop() if answers else Response(status=404)) as script:
        no_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/")
        identity = credentials.AWSIdentity()
        assert identity.credentials() == identity.credentials()
        with pytest.raises(CredentialsError):
            identity.credentials(is_refused=True)


def test_an_endpoint_that_is_busy_is_asked_again(no_keys: pytest.MonkeyPatch) -> None:
    answers = [expiring(3600), Response(status=500), Response(status=429)]
    with scripted_http(lambda request: answers.pop()) as script:
        no_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/")
        assert credentials.AWSIdentity().credentials() == ("A", "S", "T")


@pytest.mark.parametrize(
    "answer", [Response(status=404), Response(body=b"no json"), Response(body=b"[]"), Response(body=b"{}")]
)
def test_what_are_no_credentials_is_said_to_be_none(no_keys: pytest.MonkeyPatch, answer: Response) -> None:
    with scripted_http(lambda request: answer) as script:
        no_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{script.url}/")
        with pytest.raises(CredentialsError, match="batch_job_role_name"):
            credentials.AWSIdentity().credentials()


def test_half_a_pair_of_keys_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="AWS_SECRET_ACCESS_KEY is not"):
        credentials.AWSIdentity().credentials()
