"""What becomes of the refusals of Cloud Storage, and of credentials that are not to be had, on the dispatcher's side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from covalent.errors import ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.objects import RemoteStore
from tests.support.fake_storage import FakeStorage, fake_storage
from tests.support.remote_stores import tried
from tests.support.scripted_http import Response, scripted_http


def options(url: str) -> dict[str, Any]:
    patience = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}
    return {"base_url": url, "client_options": {"allow_http": True}, "retry_config": patience}


@pytest.fixture
def served() -> Iterator[tuple[FakeStorage, str]]:
    with fake_storage() as (storage, script):
        storage.buckets["bucket"] = {}
        yield storage, script.url


@pytest.mark.parametrize("verb", ["write", "read", "list"])
@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (429, "SlowDown", ThrottledError, "fewer requests"),
        (503, "ServiceUnavailable", ServiceUnreachableError, "did not answer"),
        (408, "RequestTimeout", ServiceUnreachableError, "did not answer"),
        (401, "AuthenticationRequired", ExecutorError, "Correct the executor's credentials"),
        (403, "InvalidSecurity", ExecutorError, "Correct the executor's credentials"),
        (403, "UserProjectAccountProblem", ExecutorError, "billing"),
    ],
)
async def test_a_refusal_says_what_to_do(
    status: int, code: str, kind: type[ExecutorError], says: str, verb: str
) -> None:
    with scripted_http(lambda request: Response.refusal(status, code)) as script:
        store = RemoteStore("gs://bucket", {**options(script.url), "bearer_token": "t"})
        with pytest.raises(kind, match=says) as refusal:
            await tried(store, verb)
    assert "the/key" in str(refusal.value)
    assert "gs://bucket" in str(refusal.value)


@pytest.mark.parametrize(
    ("verb", "permission"), [("write", "create"), ("read", "get"), ("list", "list"), ("delete", "delete")]
)
async def test_a_permission_that_is_missing_is_named(
    served: tuple[FakeStorage, str], verb: str, permission: str
) -> None:
    storage, url = served
    storage.denied = {f"storage.objects.{permission}"}
    store = RemoteStore("gs://bucket", {**options(url), "bearer_token": storage.token})
    with pytest.raises(ExecutorError, match=f"a@b does not have storage.objects.{permission}.*Allow the executor's"):
        await tried(store, verb)


@pytest.mark.parametrize("verb", ["write", "read", "list"])
async def test_a_bucket_that_does_not_exist_is_named(served: tuple[FakeStorage, str], verb: str) -> None:
    storage, url = served
    with pytest.raises(ExecutorError, match="no such bucket"):
        await tried(RemoteStore("gs://missing", {**options(url), "bearer_token": storage.token}), verb)


async def test_keys_may_hold_anything_that_a_name_may(served: tuple[FakeStorage, str]) -> None:
    storage, url = served
    store = RemoteStore("gs://bucket/a b", {**options(url), "bearer_token": storage.token})
    await store.put("c&d/<ü>+1", b"x")
    assert storage.buckets["bucket"] == {"a b/c&d/<ü>+1": b"x"}
    assert [page async for page in store.list("c&d/")] == [["<ü>+1"]]


async def test_credentials_come_from_whoever_was_named(served: tuple[FakeStorage, str]) -> None:
    storage, url = served
    given = {"token": storage.token, "expires_at": None}
    store = RemoteStore("gs://bucket", {**options(url), "credential_provider": lambda: given})
    assert await store.put("k", b"x", create_only=True)


@pytest.mark.parametrize("kind", [ExecutorError, ServiceUnreachableError, ThrottledError])
async def test_trouble_with_credentials_keeps_its_words_and_its_kind(
    served: tuple[FakeStorage, str], kind: type[ExecutorError]
) -> None:
    def provide() -> Any:
        raise kind("The key file is gone. Make a new one.")

    store = RemoteStore("gs://bucket", {**options(served[1]), "credential_provider": provide})
    with pytest.raises(ExecutorError, match="want of credentials: The key file is gone") as caught:
        await tried(store, "read")
    assert type(caught.value) is kind
