"""What the kernel says about memory: how much this container may use, has used, and how often a process was killed for want of it."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_KILLS = re.compile(r"^oom_kill (\d+)", re.MULTILINE)
_MACHINE = Path("/proc/vmstat")

#: Above this, a limit of version 1 stands for none.
_NO_LIMIT = 1 << 60


class OutOfMemoryCounter:
    """How often the kernel has killed a process for want of memory: in our control group, or anywhere on the machine.

    :param of_machine: count kills outside our control group, too; without a group of our own they are always counted
    """

    def __init__(self, *, of_machine: bool = True) -> None:
        self._of_machine = of_machine
        self._files: list[Path] = []
        self._seen = 0

    def start(self) -> None:
        """Find the counters, and see where they stand."""
        own = _find("memory.events", "memory.oom_control")
        self._files = [own] if own and _KILLS.search(_text(own)) else []
        if self._of_machine or not self._files:
            self._files.append(_MACHINE)
        self._seen = self._count()

    def has_moved(self) -> bool:
        """Whether it has done so since it was last asked."""
        seen, self._seen = self._seen, self._count()
        return self._seen > seen

    def _count(self) -> int:
        return sum(int(found) for file in self._files for found in _KILLS.findall(_text(file)))


def limit_mib() -> float | None:
    """What our control group may use; None if there is no limit."""
    found = _number(_find("memory.max", "memory.limit_in_bytes"))
    return None if found is None or found >= _NO_LIMIT else found / 1024**2


def peak_mib() -> float | None:
    """The most that our control group has used; None where that is not counted."""
    found = _number(_find("memory.peak", "memory.max_usage_in_bytes"))
    return None if found is None else found / 1024**2


def _find(name: str, name_of_v1: str) -> Path | None:
    """A file of our control group, of version 2 or 1 of the interface."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, wanted = _ROOT, name
        elif "memory" in controllers.split(","):
            root, wanted = _ROOT / "memory", name_of_v1
        else:
            continue
        # Inside a container the path is often that on the host, while its own group is what is mounted.
        for file in (root / path.lstrip("/") / wanted, root / wanted):
            if file.exists():
                return file
    return None


def _number(file: Path | None) -> int | None:
    text = _text(file).strip() if file else ""
    return int(text) if text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
