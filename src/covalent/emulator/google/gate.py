"""What every call passes: who asks, what is to go wrong, and the counts."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..calls import Calls
from ..faults import Faults, LoseAnswer, Refuse, Throttle
from .identity import Identities
from .refusal import BrokenOffError, RefusalError

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    service: str  #: ``batch``, ``logging`` or ``storage``.
    operation: str
    authorization: str
    sent: int  #: Bytes, without headers.


class Gate:
    def __init__(self, identities: Identities, faults: Faults, calls: Calls) -> None:
        self._identities = identities
        self._faults = faults
        self._calls = calls

    def __call__(self, call: Call, answer: Callable[[], _T], size: Callable[[_T], int]) -> _T:
        """Answer it.

        :param size: bytes of an answer, without headers
        :raises RefusalError: if the service refuses
        :raises BrokenOffError: if the connection is to break off
        """
        if self._faults.is_unreachable():
            raise BrokenOffError
        caller = self._identities.caller(call.authorization)
        fault = self._faults.of_call(call.service, call.operation, caller)
        began, received = time.perf_counter(), 0
        try:
            if isinstance(fault, Throttle):
                raise RefusalError("RESOURCE_EXHAUSTED", _throttled(call))
            if isinstance(fault, Refuse):
                raise RefusalError(fault.code, fault.message)
            self._identities.check(call.authorization)
            answered = answer()
            received = size(answered)
        except RefusalError:
            raise
        except Exception as error:
            traceback.print_exc()
            raise RefusalError("INTERNAL", "The emulator failed.") from error
        finally:
            self._calls.count(
                caller,
                call.service,
                call.operation,
                sent=call.sent,
                received=received,
                handling_s=time.perf_counter() - began,
            )
        if isinstance(fault, LoseAnswer):
            raise BrokenOffError
        return answered


def _throttled(call: Call) -> str:
    if call.service == "storage":
        return "The object exceeded the rate limit for object mutation operations. Please reduce your request rate."
    metric = "Read requests" if call.service == "logging" else f"{call.operation} requests"
    return f"Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' of service '{call.service}.googleapis.com'."
