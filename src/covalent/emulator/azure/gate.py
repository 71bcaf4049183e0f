"""What every call passes: what is to go wrong with it, and the counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..calls import Calls
from ..faults import Faults, LoseAnswer, Refuse, Throttle
from .refusal import BrokenOffError, RefusalError, throttled


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    service: str  #: ``batch``, ``storage`` or ``identity``.
    operation: str
    caller: str  #: ``client`` or ``job``.


@dataclass(kw_only=True, slots=True)
class Passage:
    """A call that has been let through."""

    is_answer_lost: bool  #: Whether the connection is to break off once it is done.
    sent: int = 0  #: Bytes that the caller sent, without headers; to be counted by whoever answers.
    received: int = 0  #: The same of what it got.


class Gate:
    def __init__(self, faults: Faults, calls: Calls) -> None:
        self._faults = faults
        self._calls = calls

    @contextmanager
    def __call__(self, call: Call) -> Iterator[Passage]:
        """Have it answered within the block.

        :raises RefusalError: if it is to be refused
        :raises BrokenOffError: if the connection is to break off, before the call is answered or after it
        """
        if self._faults.is_unreachable():
            raise BrokenOffError
        fault = self._faults.of_call(call.service, call.operation, call.caller)
        passage = Passage(is_answer_lost=isinstance(fault, LoseAnswer))
        began = time.perf_counter()
        try:
            if isinstance(fault, Throttle):
                raise throttled(call.service)
            if isinstance(fault, Refuse):
                raise RefusalError(fault.code, fault.message)
            yield passage
        finally:
            self._calls.count(
                call.caller,
                call.service,
                call.operation,
                sent=passage.sent,
                received=passage.received,
                # Those of storage run at the same time, and mostly wait.
                handling_s=0.0 if call.service == "storage" else time.perf_counter() - began,
            )
        if passage.is_answer_lost:
            raise BrokenOffError
