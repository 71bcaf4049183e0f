"""Faults on request: what goes wrong in clouds, as often as it is asked for.

A fault that concerns calls is used up by calls, one that concerns jobs by attempts of jobs. ``count`` says how often it happens; null means
until it is cleared.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, cast, get_args

import msgspec

from ..errors import EmulatorError, hint

Caller = Literal["client", "job", "*"]
Count = Annotated[int, msgspec.Meta(ge=1)] | None
Seconds = Annotated[float, msgspec.Meta(ge=0)]


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class _Fault(msgspec.Struct, tag_field="kind", tag=_kind, forbid_unknown_fields=True, kw_only=True):
    """One thing that goes wrong."""


class _CallFault(_Fault):
    #: Name of an operation (``SubmitJob``), service and name (``s3:PutObject``), ``s3:*``, or ``*``.
    operation: str = "*"
    caller: Caller = "client"  #: Whose calls are hit: those of clients, of jobs, or of both.
    count: Count = 1

    def hits(self, service: str, operation: str, caller: str) -> bool:
        wanted_service, _, wanted = self.operation.rpartition(":")
        return (
            self.caller in ("*", caller) and wanted in ("*", operation) and wanted_service.lower() in ("", "*", service)
        )


class Throttle(_CallFault):
    """The service wants fewer calls; nothing is done."""


class LoseAnswer(_CallFault):
    """What was asked is done, and then the connection breaks off without an answer."""


class Refuse(_CallFault):
    """The service refuses, with this code; nothing is done."""

    code: str = "AccessDenied"
    message: str = "The emulator was told to refuse this call."


class Unreachable(_Fault):
    """Every connection breaks off, for this time."""

    seconds: Seconds


class _AttemptFault(_Fault):
    count: Count = 1


class _Death(_AttemptFault):
    after_s: Seconds = 0.0  #: Seconds for which the attempt runs before it happens.


class LoseHost(_Death):
    """The machine of a job goes away."""


class Preempt(_Death):
    """The machine of a job is a spot instance, and is taken back."""


class ExitWith(_Death, kw_only=True):
    """A job ends with this exit code, whatever it was about to do."""

    exit_code: Annotated[int, msgspec.Meta(ge=1, le=65535)]


class OutOfMemory(_Death):
    """A job is killed for want of memory."""


class TimeOut(_Death):
    """A job is killed because its time is over."""


class BadImage(_AttemptFault):
    """The image of a job cannot be pulled."""


class SlowStart(_Fault):
    """Every job waits this long before it starts."""

    seconds: Seconds


class Hold(_Fault):
    """No job starts, for this reason, until the hold is released."""

    reason: str | None = None  #: As the cloud words it; null stands for a want of machines.


CallFault = Throttle | LoseAnswer | Refuse
AttemptFault = LoseHost | Preempt | ExitWith | OutOfMemory | TimeOut | BadImage
Fault = CallFault | Unreachable | AttemptFault | SlowStart | Hold

#: The classes of faults, by their names in JSON and on the command line.
KINDS: Mapping[str, type[_Fault]] = {_kind(kind.__name__): kind for kind in get_args(Fault)}


def decode_fault(data: bytes) -> Fault:
    """:raises EmulatorError: if it is no fault"""
    try:
        return cast("Fault", msgspec.json.decode(data, type=Fault))
    except msgspec.MsgspecError as error:
        raise EmulatorError(f"This is no fault: {error}.") from error


def parse_fault(text: str) -> Fault:
    """A fault as the command line has it: ``KIND`` or ``KIND,NAME=VALUE,…``.

    :raises EmulatorError: if it is no fault
    """
    kind, *pairs = re.split(r",(?=\s*\w+=)", text)
    if kind not in KINDS:
        raise EmulatorError(f"There is no fault {kind!r}.{hint(kind, KINDS)} Known are {', '.join(KINDS)}.")
    fields = {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}
    try:
        # Text becomes what the field takes: a number, or null.
        return cast("Fault", msgspec.convert({**fields, "kind": kind}, type=Fault, strict=False))
    except msgspec.ValidationError as error:
        known = ", ".join(KINDS[kind].__struct_fields__)
        raise EmulatorError(f"The fault {text!r} is wrong: {error}. {kind} takes {known}.") from error


class Faults:
    """Those that are in force. Safe to use from several threads."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, hold_reason: str = "There is no machine."
    ) -> None:
        """
        :param hold_reason: how the cloud words that it has no machines
        """
        self._clock = clock
        self._hold_reason = hold_reason
        self._lock = threading.Lock()
        self._active: list[tuple[Fault, float]] = []  # with the time at which it was added
        self._on_change: list[Callable[[], None]] = []

    def on_change(self, tell: Callable[[], None]) -> None:
        """Have this called as well whenever a fault is added or cleared."""
        self._on_change.append(tell)

    def _tell(self) -> None:
        for tell in self._on_change:
            tell()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._active.append((fault, self._clock()))
        self._tell()

    def clear(self, kind: str | None = None) -> None:
        """End all faults, or those of one kind."""
        with self._lock:
            self._active = [(f, at) for f, at in self._active if kind is not None and not isinstance(f, KINDS[kind])]
        self._tell()

    def active(self) -> list[Fault]:
        with self._lock:
            return [fault for fault, _ in self._active]

    def is_unreachable(self) -> bool:
        with self._lock:
            now = self._clock()
            self._active = [
                (f, at) for f, at in self._active if not (isinstance(f, Unreachable) and now >= at + f.seconds)
            ]
            return any(isinstance(f, Unreachable) for f, _ in self._active)

    def of_call(self, service: str, operation: str, caller: str) -> CallFault | None:
        """What goes wrong with this call; it is used up by one."""
        with self._lock:
            for fault, _ in self._active:
                if isinstance(fault, _CallFault) and fault.hits(service, operation, caller):
                    self._use(fault)
                    return fault
        return None

    def of_attempt(self) -> AttemptFault | None:
        """What goes wrong with the attempt that begins now; it is used up by one."""
        with self._lock:
            for fault, _ in self._active:
                if isinstance(fault, _AttemptFault):
                    self._use(fault)
                    return fault
        return None

    def start_delay_s(self) -> float:
        """Seconds that a job waits before it starts."""
        return max((fault.seconds for fault in self.active() if isinstance(fault, SlowStart)), default=0.0)

    def hold(self) -> str | None:
        """Why no job starts; None if jobs do."""
        return next((fault.reason or self._hold_reason for fault in self.active() if isinstance(fault, Hold)), None)

    def _use(self, fault: CallFault | AttemptFault) -> None:
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self._active = [(f, at) for f, at in self._active if f is not fault]
