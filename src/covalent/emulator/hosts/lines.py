"""Cutting what is printed into lines, for services whose logs have entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

#: Longer lines are cut. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_MAX_LINE_BYTES: Final = 256 * 1024

Emit = Callable[[Sequence[bytes]], None]


class Lines:
    """An output that passes full lines on."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._rest = b""

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > _MAX_LINE_BYTES:
            lines.append(self._rest[:_MAX_LINE_BYTES])
            self._rest = self._rest[_MAX_LINE_BYTES:]
        self._pass_on(
            [line[at : at + _MAX_LINE_BYTES] for line in lines for at in range(0, len(line), _MAX_LINE_BYTES)]
        )

    def flush(self) -> None:
        """Pass on the unfinished line as well."""
        rest, self._rest = self._rest, b""
        self._pass_on([rest])

    def _pass_on(self, lines: Sequence[bytes]) -> None:
        # The services take no empty entries, so what writes to their logs leaves empty lines out.
        if full := [line for line in lines if line]:
            self._emit(full)
