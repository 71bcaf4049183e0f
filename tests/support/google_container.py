"""A container as Google Batch would start it, but a process: the real command, the real environment, a bucket behind real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .container import TaskGroup
from .fake_storage import FakeStorage, fake_storage


@dataclass
class GoogleGroup(TaskGroup):
    """A task group in a bucket of Cloud Storage."""

    scheme = "gs"

    storage: FakeStorage = field(default_factory=FakeStorage)

    @property
    def objects(self) -> dict[str, bytes]:
        """By their keys."""
        return self.storage.buckets[self.bucket]

    def put(self, name: str, data: bytes) -> None:
        self.objects[self.key(name)] = data

    def get(self, name: str) -> bytes:
        return self.objects[self.key(name)]

    def names(self, prefix: str) -> list[str]:
        start = self.key(prefix)
        return sorted(key[len(start) :] for key in self.objects if key.startswith(start))

    def service_variables(self) -> dict[str, str]:
        return {
            "COVALENT_INDEX_IN": "BATCH_TASK_INDEX",
            "COVALENT_ATTEMPT_IN": "BATCH_TASK_RETRY_ATTEMPT",
            "COVALENT_FIRST_ATTEMPT": "0",
            "BATCH_TASK_INDEX": "0",
            "BATCH_TASK_RETRY_ATTEMPT": "0",
            "BATCH_JOB_UID": "j-uid",
            "STORAGE_EMULATOR_HOST": self.url,
            "GCE_METADATA_HOST": urlsplit(self.url).netloc,
        }


@contextmanager
def new_google_group(directory: Path) -> Iterator[GoogleGroup]:
    """One on a server of its own."""
    scratch = directory / "scratch"
    scratch.mkdir()
    with fake_storage() as (storage, script):
        storage.buckets["bucket"] = {}
        yield GoogleGroup(url=script.url, scratch=scratch, bucket="bucket", storage=storage)
