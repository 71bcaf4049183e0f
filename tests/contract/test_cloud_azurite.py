"""Blob Storage as Azurite gives it: the runner in a container, its client, and the dispatcher's store."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from covalent.errors import BucketNotFoundError, ExecutorError, ObjectNotFoundError
from covalent.objects import RemoteStore
from covalent.objects.remote import SINGLE_PUT_BYTES
from covalent.runner.cloud import az, az_requests, names
from covalent.runner.cloud.az import AZClient
from covalent.runner.cloud.azure_identity import AzureIdentity
from covalent.runner.cloud.errors import MissingObjectError, ObjectError
from covalent.testing import EmulatedAzure, emulated_azure
from tests.support.azure_clients import identity_token, token
from tests.support.azure_container import EmulatedGroup, new_emulated_group
from tests.support.container import last_line

pytestmark = pytest.mark.npm

HOST = "covalentbatch.blob.core.windows.net"
NOTHING = hashlib.sha256().hexdigest()


@pytest.fixture(scope="module")
def azure() -> Iterator[EmulatedAzure]:
    with emulated_azure(identities=["covalent-identity", "nobody=none"]) as made:
        yield made


@pytest.fixture
def group(azure: EmulatedAzure, tmp_path: Path) -> EmulatedGroup:
    return new_emulated_group(azure, tmp_path)


@pytest.fixture
def client(azure: EmulatedAzure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AZClient]:
    for name, value in {**azure.environment, "AZURE_CLIENT_ID": "covalent-identity"}.items():
        monkeypatch.setenv(name, value)
    identity = AzureIdentity()
    for module in (az, az_requests):
        monkeypatch.setattr(module, "AZURE_IDENTITY", identity)
    made = AZClient(f"covalent@{HOST}")
    yield made
    made.close()


@pytest.fixture
def store(azure: EmulatedAzure, tmp_path: Path) -> RemoteStore:
    return store_of(azure, "covalent", tmp_path.name)


def store_of(azure: EmulatedAzure, container: str, prefix: str, bearer: str = "") -> RemoteStore:
    options = {
        "endpoint": f"{azure.storage_endpoint}/covalentbatch",
        "bearer_token": bearer or token(azure),
        "client_options": {"allow_http": True},
    }
    return RemoteStore(f"az://{container}@{HOST}/{prefix}", options)


# The runner


def test_a_task_runs_once_and_costs_six_requests(azure: EmulatedAzure, group: EmulatedGroup, tmp_path: Path) -> None:
    def task(a: int, b: int) -> int:
        with open(tmp_path / "runs", "a") as file:
            file.write("x")
        return a * b

    group.add(task, 6, 7, elsewhere=("function",))
    group.stage()
    azure.reset_calls()
    assert group.run().code == names.EXIT_OK
    # Here, who asks the metadata service is on a client's machine.
    assert sum(azure.calls().client["storage"].values()) == 6
    assert group.run().code == names.EXIT_OK
    assert group.value(group.outcome()) == 42
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.slow
def test_large_values_go_through_obstore(group: EmulatedGroup) -> None:
    big = os.urandom(1_000_000) * 70
    group.add(lambda data: data[::-1], big, elsewhere=("args",))
    group.stage()
    ended = group.run()
    assert ended.code == names.EXIT_OK, ended
    assert group.value(group.outcome()) == big[::-1]


def test_an_identity_without_rights_is_told_its_role(group: EmulatedGroup) -> None:
    group.add(lambda: 1)
    group.stage()
    line = last_line(group, names.EXIT_UNREADABLE, AZURE_CLIENT_ID="nobody")
    assert "AuthorizationPermissionMismatch" in line
    assert "Storage Blob Data Contributor" in line


# Its client


@pytest.mark.parametrize("key", ["a", 'with space/ä+~?&%<>".txt', "groups/g/outcomes/0.1.ok.5.abc", "a&amp;b"])
def test_what_is_written_is_read_in_ranges_and_listed_under_its_key(client: AZClient, tmp_path: Path, key: str) -> None:
    key = f"{tmp_path.name}/{key}"
    assert client.put(key, b"0123456789", NOTHING) is True
    assert client.put(key, b"other", NOTHING) is False
    assert client.read(key, 2, 5) == b"234"
    assert client.read(key, 8, 100) == b"89"
    assert client.read(key, 10, 20) == b""
    assert list(client.list(f"{tmp_path.name}/")) == [key]


def test_files_go_and_come_whole(client: AZClient, tmp_path: Path) -> None:
    data = os.urandom(1_000_000) * 5
    (tmp_path / "in").write_bytes(data)
    assert client.put(f"{tmp_path.name}/k", str(tmp_path / "in"), NOTHING)
    assert client.download(f"{tmp_path.name}/k", str(tmp_path / "out"), hashlib.sha256()) == len(data)
    assert (tmp_path / "out").read_bytes() == data


def test_a_listing_goes_on_to_its_end(client: AZClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"{tmp_path.name}/a&b/{number}" for number in range(5)]
    for key in keys:
        client.put(key, b"", NOTHING)
    monkeypatch.setattr(AZClient, "listing", {**AZClient.listing, "maxresults": "2"})
    assert list(client.list(f"{tmp_path.name}/a&b/")) == keys


def test_what_is_missing_or_damaged_is_named(client: AZClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingObjectError, match="is not there"):
        client.read(f"{tmp_path.name}/nothing", 0, 1)
    other = AZClient(f"missing@{HOST}")
    with closing(other), pytest.raises(ObjectError, match="no container missing"):
        other.read("k", 0, 1)
    monkeypatch.setattr(az, "content_md5", lambda body: "b3RoZXI=")
    with pytest.raises(ObjectError, match="400"):
        client.put(f"{tmp_path.name}/k", b"body", NOTHING)
    assert list(client.list(f"{tmp_path.name}/")) == []


# The dispatcher's store


async def test_creating_never_overwrites(store: RemoteStore, tmp_path: Path) -> None:
    assert await store.put("key", b"first", create_only=True)
    assert not await store.put("key", b"second", create_only=True)
    assert await store.get("key", limit=10) == b"first"
    assert await store.put("key", b"third")
    assert await store.get("key", limit=10) == b"third"
    assert await store.get_range("key", 1, 3) == b"hi"


async def test_large_files_go_in_parts(store: RemoteStore, tmp_path: Path) -> None:
    file, size = tmp_path / "file", 2 * SINGLE_PUT_BYTES + 5
    file.write_bytes(b"x" * size)
    assert await store.put_file("large", file, size, create_only=True)
    assert not await store.put_file("large", file, size, create_only=True)
    assert sum([len(piece) async for piece in store.stream("large")]) == size


async def test_deleting_what_is_missing_is_no_error_and_leaves_nothing_of_the_rest(store: RemoteStore) -> None:
    await asyncio.gather(*(store.put(f"d/{number}", b"") for number in range(300)))
    await store.delete(["d/1", "d/missing", "d/2"])
    assert not await store.exists("d/1")
    await store.delete_all("d/")
    assert [page async for page in store.list("d/")] == []


async def test_what_is_not_there_is_named(azure: EmulatedAzure, store: RemoteStore) -> None:
    with pytest.raises(ObjectNotFoundError):
        await store.get("nothing", limit=1)
    missing = store_of(azure, "missing", "")
    with pytest.raises(BucketNotFoundError, match="no such container"):
        await missing.put("k", b"x", create_only=True)
    with pytest.raises(BucketNotFoundError, match="no such container"):
        _ = [page async for page in missing.list("a/")]


@pytest.mark.parametrize("verb", ["put", "delete"])
async def test_no_rights_are_told_with_the_role(azure: EmulatedAzure, verb: str) -> None:
    store = store_of(azure, "covalent", "", identity_token(azure, "nobody"))
    with pytest.raises(ExecutorError, match="Storage Blob Data Contributor"):
        await (store.put("k", b"x") if verb == "put" else store.delete(["k"]))
