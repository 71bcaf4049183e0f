"""What every emulator is told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from .faults import Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class EmulatorSettings:
    host: str
    port: int  #: Of HTTP; 0 takes a free one.
    slots: int | None  #: Jobs that run at a time; None stands for the number of processors.
    containers: str  #: ``podman``, ``docker``, or ``none`` for processes.
    faults: Sequence[Fault] = ()  #: In force from the beginning.

    @property
    def jobs_at_a_time(self) -> int:
        return self.slots or os.cpu_count() or 1
