"""An executor that breaks promises, for the contract suite to find out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from covalent.errors import ExecutorError
from covalent.executor.base import Resources
from covalent.executor.local import LocalExecutor
from covalent.model import GroupMetadata, TaskRef


class SloppyExecutor(LocalExecutor):
    short_name: ClassVar[str] = "sloppy"

    @classmethod
    def check_setting(cls, key: str, value: Any) -> None:
        """Takes anything."""

    def retry_budget(self) -> int:
        return super().retry_budget() + 1

    def time_limit_s(self) -> float | None:
        return None

    async def resume(self, refs: Sequence[TaskRef], resources: Resources, metadata: GroupMetadata, handle: Any) -> str:
        raise ExecutorError("What was sent before is forgotten.")
