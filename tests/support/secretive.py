"""An executor with a secret, which runs tasks on this machine and proves what it knows; installed as a plugin."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from covalent.executor.base import Resources, Runtime
from covalent.executor.configured import ConfiguredExecutor, SecretSetting, Setting, text
from covalent.executor.local import LocalExecutor
from covalent.model import GroupMetadata, TaskRef, TaskUpdate
from covalent.secrets import Secret

#: For ``Harness(plugins=…)``.
PLUGINS: Mapping[str, str] = {"secretive": f"{__name__}:SecretiveExecutor"}


def proof(word: str) -> str:
    """What stands for a text in the file of proofs."""
    return hashlib.sha256(f"proof of {word}".encode()).hexdigest()


class SecretiveExecutor(ConfiguredExecutor):
    """:param password: whoever it hands tasks to wants it
    :param proofs: a file to which it adds a line each time
    """

    short_name: ClassVar[str] = "secretive"

    password = SecretSetting()
    proofs = Setting(text(r".*", "a path"), "")

    def __init__(self, password: str | Secret | None = None, *, proofs: str | None = None) -> None:
        super().__init__(locals())
        self._local = LocalExecutor()

    def bind(self, runtime: Runtime) -> None:
        super().bind(runtime)
        self._local.bind(runtime)

    async def send(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata) -> str:
        self._prove("send")
        await self._local.send(refs, resources, metadata)
        return f"job of {metadata.group_id}"

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> str:
        self._prove("resume")
        await self._local.resume(refs, resources, metadata, handle)
        return f"job of {metadata.group_id}"

    async def poll(self, metadata: GroupMetadata, handle: Any) -> None:
        await self._local.poll(metadata, handle)

    async def receive(self, metadata: GroupMetadata, data: Any) -> list[TaskUpdate]:
        return await self._local.receive(metadata, data)

    async def cancel(self, metadata: GroupMetadata, refs: Sequence[TaskRef], handle: Any) -> bool:
        return await self._local.cancel(metadata, refs, handle)

    async def forget(self, metadata: GroupMetadata, handle: Any) -> None:
        await self._local.forget(metadata, handle)

    async def purge(self, group_ids: Sequence[str]) -> None:
        self._prove("purge")

    def _prove(self, what: str) -> None:
        word = self.password.reveal() if self.password else ""
        if self.proofs:
            with Path(self.proofs).open("a") as file:
                file.write(f"{what} {proof(word)}\n")
