"""A container as Google Batch would start it, but a process: the real command, the real environment, a bucket behind real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .fake_storage import TOKEN_PATH, FakeStorage, fake_storage
from .faked_group import FakedGroup


@dataclass
class GoogleGroup(FakedGroup):
    """A task group in a bucket of Cloud Storage."""

    scheme, token_path = "gs", TOKEN_PATH

    storage: FakeStorage = field(default_factory=FakeStorage)

    @property
    def cloud(self) -> FakeStorage:
        return self.storage

    @property
    def objects(self) -> dict[str, bytes]:
        return self.storage.buckets[self.bucket]

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
