"""The token of a pool's managed identity: whose it is, how long it is used, and what is said if there is none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from covalent.runner.cloud.azure_identity import AzureIdentity
from covalent.runner.cloud.errors import CredentialsError
from covalent.runner.cloud.identity import RENEW_S
from tests.support.fake_blobs import TOKEN_PATH
from tests.support.scripted_http import Request, Response, Script, scripted_http


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No pauses to speak of, and nothing of this machine's own."""
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return monkeypatch


@contextmanager
def token_server(environment: pytest.MonkeyPatch, *given: Any) -> Iterator[Script]:
    """A metadata service with these answers, the last of them for ever."""
    left = list(given)

    def answer(request: Request) -> Response:
        one = left.pop(0) if len(left) > 1 else left[0]
        return one if isinstance(one, Response) else Response(body=json.dumps(one).encode())

    with scripted_http(answer) as script:
        environment.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", script.url + "/")
        yield script


def token(name: str, expires_in: float) -> dict[str, Any]:
    """The service gives numbers as text."""
    return {"access_token": name, "expires_in": str(int(expires_in)), "token_type": "Bearer", "resource": "r"}


@pytest.mark.parametrize("client", ["", "00000000-1111-2222-3333-444444444444"])
def test_a_token_is_asked_for_storage_and_the_named_identity(environment: pytest.MonkeyPatch, client: str) -> None:
    environment.setenv("AZURE_CLIENT_ID", client)
    with token_server(environment, token("t", 3600)) as script:
        assert AzureIdentity().credentials() == "t"
    (request,) = script.requests
    assert (request.method, urlsplit(request.path).path, request.headers["metadata"]) == ("GET", TOKEN_PATH, "true")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(request.path).query).items()}
    named = {"client_id": client} if client else {}
    assert asked == {"api-version": "2018-02-01", "resource": "https://storage.azure.com/", **named}


def test_a_token_is_fetched_once_by_all_threads(environment: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    with token_server(environment, token("t", 3600)) as script:
        identity = AzureIdentity()
        threads = [threading.Thread(target=lambda: found.append(identity.credentials())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 3500 < identity.expires_at().timestamp() - time.time() <= 3600
    assert found == ["t"] * 8
    assert len(script.requests) == 1


def test_a_token_is_renewed_before_it_ends_or_when_it_is_refused(environment: pytest.MonkeyPatch) -> None:
    with token_server(environment, token("a", RENEW_S - 1), token("b", 3600), token("c", 3600)):
        identity = AzureIdentity()
        assert [identity.credentials() for _ in range(3)] == ["a", "b", "b"]
        assert identity.credentials(is_refused=True) == "c"


def test_a_token_that_cannot_be_renewed_yet_is_used_while_it_is_good(environment: pytest.MonkeyPatch) -> None:
    with token_server(environment, token("a", RENEW_S - 1), Response(status=400)):
        identity = AzureIdentity()
        assert [identity.credentials() for _ in range(2)] == ["a", "a"]
        with pytest.raises(CredentialsError):
            identity.credentials(is_refused=True)


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
def test_a_service_that_is_busy_or_being_changed_is_asked_again_for_long(
    environment: pytest.MonkeyPatch, status: int
) -> None:
    with token_server(environment, *[Response(status=status)] * 9, token("t", 3600)):
        assert AzureIdentity().credentials() == "t"


def test_no_identity_is_told_in_the_services_words(environment: pytest.MonkeyPatch) -> None:
    said = {"error": "invalid_request", "error_description": "Identity not found"}
    with (
        token_server(environment, Response(status=400, body=json.dumps(said).encode())) as script,
        pytest.raises(CredentialsError, match=r"Identity not found.*user_assigned_identity"),
    ):
        AzureIdentity().credentials()
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Response(body=b"no json"),
        Response(body=b"[]"),
        {},
        {"access_token": None, "expires_in": "1"},
        {"access_token": "t", "expires_in": "soon"},
    ],
    ids=["no json", "a list", "empty", "null", "no number"],
)
def test_what_is_no_token_is_said_to_be_none(environment: pytest.MonkeyPatch, answer: Any) -> None:
    with token_server(environment, answer), pytest.raises(CredentialsError, match="user_assigned_identity"):
        AzureIdentity().credentials()
