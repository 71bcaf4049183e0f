"""What becomes of the refusals of Blob Storage, and of credentials that are not to be had, on the dispatcher's side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from covalent.errors import BucketNotFoundError, ExecutorError, ServiceUnreachableError, ThrottledError
from covalent.objects import RemoteStore
from tests.support.fake_blobs import ACCOUNT, HOST, FakeBlobs, fake_blobs, refusal
from tests.support.remote_stores import tried
from tests.support.scripted_http import Response, scripted_http


def options(url: str, **more: Any) -> dict[str, Any]:
    patience = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}
    return {
        "endpoint": f"{url}/{ACCOUNT}",
        "client_options": {"allow_http": True},
        "retry_config": patience,
        "bearer_token": "token-1",
        **more,
    }


@pytest.fixture
def served() -> Iterator[tuple[FakeBlobs, str]]:
    with fake_blobs() as (blobs, script):
        blobs.containers["box"] = {}
        yield blobs, script.url


async def refused(answer: Response, verb: str) -> ExecutorError:
    with scripted_http(lambda request: answer) as script:
        store = RemoteStore(f"az://box@{HOST}", options(script.url))
        with pytest.raises(ExecutorError) as caught:
            await tried(store, verb)
    return caught.value


@pytest.mark.parametrize("verb", ["write", "read", "list", "delete"])
@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (429, "TooManyRequests", ThrottledError, "fewer requests"),
        (503, "ServerBusy", ThrottledError, "fewer requests"),
        (500, "InternalError", ServiceUnreachableError, "did not answer"),
        (401, "InvalidAuthenticationInfo", ExecutorError, "Correct the executor's credentials"),
        (403, "AuthenticationFailed", ExecutorError, "Correct the executor's credentials"),
        (403, "AuthorizationFailure", ExecutorError, "network rules"),
        (404, "ContainerNotFound", BucketNotFoundError, "no such container"),
        (409, "ContainerBeingDeleted", BucketNotFoundError, "no such container"),
    ],
)
async def test_a_refusal_says_what_to_do(
    status: int, code: str, kind: type[ExecutorError], says: str, verb: str
) -> None:
    error = await refused(refusal(status, code, "Said the server."), verb)
    assert type(error) is kind
    said = str(error)
    assert says in said
    assert "the/key" in said
    assert f"az://box@{HOST}" in said
    assert "(Said the server.)" in said


@pytest.mark.parametrize(
    ("verb", "action"), [("write", "write"), ("read", "read"), ("list", "read"), ("delete", "delete")]
)
async def test_an_identity_without_rights_is_told_its_role(
    served: tuple[FakeBlobs, str], verb: str, action: str
) -> None:
    blobs, url = served
    blobs.denied = {action}
    with pytest.raises(ExecutorError, match=r"Allow the executor's.*role .Storage Blob Data Contributor") as caught:
        await tried(RemoteStore(f"az://box@{HOST}", options(url)), verb)
    assert "This request is not authorized" in str(caught.value)


async def test_of_an_object_that_cannot_be_looked_for_the_role_is_named_too(served: tuple[FakeBlobs, str]) -> None:
    blobs, url = served
    blobs.denied = {"read"}
    with pytest.raises(ExecutorError, match="Storage Blob Data Contributor"):
        await RemoteStore(f"az://box@{HOST}", options(url)).exists("k")


@pytest.mark.parametrize("verb", ["write", "read", "list"])
async def test_a_container_that_does_not_exist_is_named(served: tuple[FakeBlobs, str], verb: str) -> None:
    with pytest.raises(BucketNotFoundError, match="no such container"):
        await tried(RemoteStore(f"az://missing@{HOST}", options(served[1])), verb)


async def test_keys_may_hold_anything_that_a_name_may(served: tuple[FakeBlobs, str]) -> None:
    blobs, url = served
    store = RemoteStore(f"az://box@{HOST}/a b", options(url))
    await store.put("c&d/<ü>+1", b"x")
    assert blobs.containers["box"] == {"a b/c&d/<ü>+1": b"x"}
    assert [page async for page in store.list("c&d/")] == [["<ü>+1"]]


async def test_many_are_deleted_in_few_requests(served: tuple[FakeBlobs, str]) -> None:
    blobs, url = served
    names = [f"d/{number}" for number in range(600)]
    blobs.containers["box"] = dict.fromkeys([*names, "e"], b"")
    await RemoteStore(f"az://box@{HOST}", options(url)).delete_all("d/")
    assert list(blobs.containers["box"]) == ["e"]
    # A batch has up to 256, https://learn.microsoft.com/rest/api/storageservices/blob-batch
    assert len([request for request in blobs.asked if request.startswith("POST")]) == 3


@pytest.mark.parametrize("domain", ["blob.core.windows.net", "blob.core.usgovcloudapi.net"])
async def test_an_address_says_which_account_is_meant(domain: str) -> None:
    given = options("", client_options={"proxy_url": "http://127.0.0.1:9"})
    del given["endpoint"]
    with pytest.raises(ServiceUnreachableError, match=re.escape(f"PUT https://acct.{domain}/box/p/k ")):
        await RemoteStore(f"az://box@acct.{domain}/p", given).put("k", b"x")


async def test_credentials_come_from_whoever_was_named(served: tuple[FakeBlobs, str]) -> None:
    blobs, url = served
    given = {"token": blobs.token, "expires_at": None}
    made = options(url, credential_provider=lambda: given)
    del made["bearer_token"]
    assert await RemoteStore(f"az://box@{HOST}", made).put("k", b"x", create_only=True)


@pytest.mark.parametrize("kind", [ExecutorError, ServiceUnreachableError, ThrottledError])
async def test_trouble_with_credentials_keeps_its_words_and_its_kind(
    served: tuple[FakeBlobs, str], kind: type[ExecutorError]
) -> None:
    def provide() -> Any:
        raise kind("The secret has expired. Make a new one.")

    made = options(served[1], credential_provider=provide)
    del made["bearer_token"]
    with pytest.raises(ExecutorError, match="want of credentials: The secret has expired") as caught:
        await tried(RemoteStore(f"az://box@{HOST}", made), "read")
    assert type(caught.value) is kind
