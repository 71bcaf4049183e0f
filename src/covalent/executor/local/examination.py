"""What ``covalent doctor`` looks at of tasks on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from ..examination import Check, Examination, Finding, ok, warning
from .settings import worker_count

#: Workers for each processor from which on they only keep one another waiting.
_MANY: Final = 4


class LocalExamination(Examination):
    def checks(self) -> Sequence[Check]:
        return (Check(name="workers", look=self.workers),)

    async def workers(self) -> Finding:
        count, processors = worker_count(), os.cpu_count() or 1
        said = f"{count} tasks run at a time, on {processors} processors."
        if count > _MANY * processors:
            return warning(said, f"covalent config set executors.local.workers {processors}")
        return ok(said)
