"""A container as Azure Batch would start it, but a process: the real command, the real environment, storage behind real HTTP."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from covalent.executor.azurebatch.bodies import COMMAND, packed
from covalent.executor.batch.bundle import bootstrap_source
from covalent.testing import EmulatedAzure

from .azure_clients import blobs
from .container import TaskGroup
from .fake_blobs import HOST, TOKEN_PATH, FakeBlobs, fake_blobs
from .faked_group import FakedGroup

_ADDRESSES = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "COVALENT_AZURE_STORAGE_ENDPOINT")


@dataclass
class AnyAzureGroup(TaskGroup):
    """A task group in a container of Blob Storage."""

    scheme = "az"

    identity: str = "client-1"  #: Client id of the pool's; empty to name none.

    def arguments(self) -> Sequence[str]:
        return shlex.split(COMMAND)[2:]

    def service_variables(self) -> dict[str, str]:
        return {
            "COVALENT_BOOTSTRAP": packed(bootstrap_source("az")),
            "COVALENT_INDEX_IN": "COVALENT_TASK_INDEX",
            "COVALENT_TASK_INDEX": "0",
            "AZ_BATCH_JOB_ID": "ct-1",
            "AZ_BATCH_TASK_ID": "g1-0",
            "AZURE_CLIENT_ID": self.identity,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url,
            "COVALENT_AZURE_STORAGE_ENDPOINT": self.url,
        }


@dataclass
class AzureGroup(FakedGroup, AnyAzureGroup):
    """One in storage that is a fake."""

    token_path = TOKEN_PATH

    blobs: FakeBlobs = field(default_factory=FakeBlobs)

    @property
    def cloud(self) -> FakeBlobs:
        return self.blobs

    @property
    def objects(self) -> dict[str, bytes]:
        return self.blobs.containers[self.bucket.partition("@")[0]]


@dataclass
class EmulatedGroup(AnyAzureGroup):
    """One in the emulated Azure."""

    azure: EmulatedAzure = field(kw_only=True)

    def __post_init__(self) -> None:
        self.store = blobs(self.azure)

    def put(self, name: str, data: bytes) -> None:
        self.store.put(self.key(name), data)

    def get(self, name: str) -> bytes:
        return bytes(self.store.get(self.key(name)).bytes())

    def names(self, prefix: str) -> list[str]:
        start = self.key(prefix)
        return sorted(one["path"][len(start) :] for page in self.store.list(start) for one in page)

    def service_variables(self) -> dict[str, str]:
        return {**super().service_variables(), **{name: self.azure.environment[name] for name in _ADDRESSES}}


@contextmanager
def new_azure_group(directory: Path) -> Iterator[AzureGroup]:
    """One on a server of its own."""
    scratch = directory / "scratch"
    scratch.mkdir()
    with fake_blobs() as (storage, script):
        storage.containers["container"] = {}
        yield AzureGroup(url=script.url, scratch=scratch, bucket=f"container@{HOST}", blobs=storage)


def new_emulated_group(azure: EmulatedAzure, directory: Path) -> EmulatedGroup:
    """One in the container that an emulator has unless told otherwise, under a name of its own."""
    scratch = directory / "scratch"
    scratch.mkdir()
    return EmulatedGroup(
        url="",
        scratch=scratch,
        bucket="covalent@covalentbatch.blob.core.windows.net",
        name=f"g-{directory.name}",
        identity="covalent-identity",
        azure=azure,
    )
