"""Sessions that were ended before their time, kept for as long as their cookies would count."""

from __future__ import annotations

from pathlib import Path

from . import lock


class Ended:
    """A line for each in a file: until when, and which."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._until: dict[str, int] = {}
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        for until, _, said in (line.partition(" ") for line in lines):
            if until.isdecimal():
                self._until[said] = int(until)

    def __contains__(self, said: str) -> bool:
        return said in self._until

    def add(self, said: str, *, until: int, now: float) -> None:
        """Keep it, and drop those whose time is over by now."""
        self._until[said] = until
        self._until = {one: ends for one, ends in self._until.items() if ends > now}
        lines = [f"{ends} {one}\n" for one, ends in self._until.items()]
        lock.write(self._path, "".join(lines).encode())
