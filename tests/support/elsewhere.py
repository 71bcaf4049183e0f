"""An executor that keeps what its tasks return in a place of its own, as those of clouds do; installed as a plugin.

It runs tasks on this machine. What they leave then lies below ``$COVALENT_TEST_ELSEWHERE/<bucket>``, under ``elsewhere://<bucket>/…``,
and the dispatcher is told no more than a listing of names would tell. :class:`Bucket` is the place as a test sees it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from covalent.client.server import connect
from covalent.errors import ExecutorError, ObjectNotFoundError, ServiceUnreachableError
from covalent.executor.base import Resources
from covalent.executor.local import LocalExecutor
from covalent.model import Blob, GroupMetadata, Outcome, TaskRef, TaskUpdate
from covalent.objects import ObjectStore
from covalent.states import Cause, Status
from tests.support.server import RunningServer

HOME_VARIABLE = "COVALENT_TEST_ELSEWHERE"
PIECE_BYTES = 64 * 1024
REPOSITORY = Path(__file__).parents[2]


class Bucket:
    """A directory, and what has happened to it."""

    def __init__(self, name: str) -> None:
        self.name, self.root = name, Path(os.environ[HOME_VARIABLE]) / name

    def uri(self, key: str) -> str:
        return f"elsewhere://{self.name}/{key}"

    def file(self, uri: str) -> Path:
        return self.root / uri.removeprefix(self.uri(""))

    def files(self, dispatch_id: str) -> list[Path]:
        """All that lies in it for a dispatch."""
        groups = (self.root / "groups").glob(f"ct-{dispatch_id.replace('-', '')}-*")
        # Unlike rglob this does not mind that somebody deletes meanwhile.
        return sorted(Path(place, name) for group in groups for place, _, names in os.walk(group) for name in names)

    def note(self, kind: str, text: str) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{kind}.notes").open("a") as file:
            file.write(f"{text}\n")

    def notes(self, kind: str) -> list[str]:
        """``sent``, ``resumed``, ``downloaded`` or ``completed``, in order."""
        file = self.root / f"{kind}.notes"
        return file.read_text().splitlines() if file.exists() else []

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Answer nothing while the block runs."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "unreachable").touch()
        try:
            yield
        finally:
            (self.root / "unreachable").unlink()

    def check(self) -> None:
        if (self.root / "unreachable").exists():
            raise ServiceUnreachableError(f"No answer came from elsewhere://{self.name}.")


class ElsewhereExecutor(LocalExecutor):
    """:param bucket: where values go
    :param is_mute: cannot read what it has written
    """

    short_name: ClassVar[str] = "elsewhere"
    bound_to_machine: ClassVar[bool] = False

    def __init__(
        self,
        *,
        bucket: str = "default",
        is_mute: bool = False,
        time_limit: float | None = None,
        retries: int | None = None,
    ) -> None:
        super().__init__(time_limit=time_limit, retries=retries)
        self.bucket, self.is_mute = bucket, is_mute

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "bucket": self.bucket, "is_mute": self.is_mute}

    @property
    def _bucket(self) -> Bucket:
        return Bucket(self.bucket)

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> str:
        await self._note("sent", f"{metadata.group_id} {len(refs)} {metadata.out_of_memory}")
        await super().send(refs, resources, metadata)
        return f"job of {metadata.group_id}"

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> str:
        await self._note("resumed", f"{metadata.group_id} {handle}")
        await super().send(refs, resources, metadata)
        return f"job of {metadata.group_id}"

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        updates = await super().receive(metadata, data)
        return await asyncio.to_thread(lambda: [self._moved(metadata, update) for update in updates])

    async def why(self, metadata: GroupMetadata, ref: TaskRef, handle: Any) -> str:
        if await asyncio.to_thread((self._bucket.root / "broken").exists):
            raise RuntimeError("cannot say")
        return f"attempt {ref.attempt} of {handle} waits for rain."

    def can_read(self, uri: str) -> bool:
        return uri.startswith(f"elsewhere://{self.bucket}/") and not self.is_mute

    async def download(self, uri: str) -> AsyncIterator[bytes]:
        if not self.can_read(uri):
            raise ExecutorError(f"{uri} is not in elsewhere://{self.bucket}")
        await asyncio.to_thread(self._bucket.check)
        await self._note("downloaded", uri)
        try:
            with await asyncio.to_thread(self._bucket.file(uri).open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                    yield piece
        except FileNotFoundError:
            raise ObjectNotFoundError(uri) from None

    async def complete(self, outcome: Outcome) -> Outcome:
        assert outcome.details is not None
        pieces = [piece async for piece in self.download(outcome.details)]
        await self._note("completed", outcome.details)
        return msgspec.msgpack.decode(b"".join(pieces), type=Outcome)

    async def purge(self, group_ids: Sequence[str]) -> None:
        await asyncio.to_thread(self._bucket.check)
        for group_id in group_ids:
            await asyncio.to_thread(shutil.rmtree, self._bucket.root / "groups" / group_id, ignore_errors=True)

    async def _note(self, kind: str, text: str) -> None:
        await asyncio.to_thread(self._bucket.note, kind, text)

    def _moved(self, metadata: GroupMetadata, update: TaskUpdate) -> TaskUpdate:
        """The update, with what the task left in the bucket."""
        outcome = update.outcome
        if outcome is None:
            return update
        place = f"groups/{metadata.group_id}/{update.node_id}.{update.attempt}"
        failure = outcome.failure
        if failure is not None:
            failure = replace(failure, pickled=self._put(place, failure.pickled))
        whole = replace(
            outcome,
            output=self._put(place, outcome.output),
            failure=failure,
            stdout=self._put(place, outcome.stdout),
            stderr=self._put(place, outcome.stderr),
        )
        if whole.failure is not None and whole.failure.type == "builtins.MemoryError":
            whole = replace(whole, cause=Cause.OUT_OF_MEMORY)
        if whole.status is Status.COMPLETED:
            body = msgspec.msgpack.encode(whole)
            details = self._put(place, Blob(digest=hashlib.sha256(body).hexdigest(), size=len(body), data=body))
            assert details is not None
            whole = Outcome(status=Status.COMPLETED, output=whole.output, details=details.uri)
        return replace(update, outcome=whole)

    def _put(self, place: str, blob: Blob | None) -> Blob | None:
        if blob is None:
            return None
        data = blob.data
        if data is None:
            objects = ObjectStore(self.bound().data_dir / "objects")
            data = objects.path(blob.digest).read_bytes()
            objects.delete(blob.digest)
        key = f"{place}/{blob.digest}"
        file = self._bucket.root / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return Blob(digest=blob.digest, size=blob.size, uri=self._bucket.uri(key), inputs=blob.inputs)


def install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the executor known to this process and to those that it starts, with buckets below ``home``."""
    metadata = home / "plugins" / "elsewhere-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    entry = "[covalent.executor.executor_plugins]\nelsewhere = tests.support.elsewhere:ElsewhereExecutor\n"
    (metadata / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(str(metadata.parent))
    monkeypatch.setenv("PYTHONPATH", f"{metadata.parent}{os.pathsep}{REPOSITORY}")
    monkeypatch.setenv(HOME_VARIABLE, str(home / "buckets"))


@contextmanager
def far_server(home: Path) -> Iterator[RunningServer]:
    """A server that knows :class:`ElsewhereExecutor`, and that clients find."""
    with pytest.MonkeyPatch.context() as patch:
        install(home, patch)
        with RunningServer.start(home) as server:
            for name, value in server.environment.items():
                patch.setenv(name, value)
            connect.cache_clear()
            yield server
