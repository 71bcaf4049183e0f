"""An emulator in a process of its own, and what tests ask of it."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from ..emulator import faults
from ..errors import EmulatorError

_START_S: Final = 60.0
_STOP_S: Final = 30.0
_CALL_S: Final = 30.0

#: Whose calls a fault hits.
Caller = Literal["client", "job", "*"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallCounts:
    """What an emulator has been asked since it started or since :meth:`Emulated.reset_calls`."""

    client: Mapping[
        str, Mapping[str, int]
    ]  #: Calls of clients, by service (``batch``, ``s3``, …) and operation (``SubmitJob``, …).
    job: Mapping[str, Mapping[str, int]]  #: The same of jobs.
    client_bytes: Mapping[
        str, Mapping[str, int]
    ]  #: Bytes that clients ``sent`` and ``received``, by service, without headers.
    job_bytes: Mapping[str, Mapping[str, int]]
    handling_s: float  #: Seconds that the emulator was busy with all of them.


class Control:
    """The control address of an emulator."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._place = (parts.hostname or "127.0.0.1", parts.port or 80)

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """:raises EmulatorError: if it refuses, or does not answer"""
        connection = http.client.HTTPConnection(*self._place, timeout=_CALL_S)
        try:
            connection.request(method, f"/_covalent/{path}", body)
            response = connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EmulatorError(
                f"The emulator at {self._place[0]}:{self._place[1]} does not answer: {error}"
            ) from error
        finally:
            connection.close()
        if response.status >= 300:
            raise EmulatorError(str(msgspec.json.decode(data)["error"]))
        return data


class FaultControl:
    """What is to go wrong. ``count`` says how often; None means until it is cleared.

    An ``operation`` is a name (``SubmitJob``), service and name (``s3:PutObject``), ``s3:*``, or ``*``.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    def throttle(self, operation: str = "*", count: int | None = 1, *, caller: Caller = "client") -> None:
        """Calls are refused because there are too many, as the service words it."""
        self._add(faults.Throttle(operation=operation, count=count, caller=caller))

    def lose_answer(self, operation: str = "*", count: int | None = 1, *, caller: Caller = "client") -> None:
        """Calls do what they should, and then the connection breaks off without an answer."""
        self._add(faults.LoseAnswer(operation=operation, count=count, caller=caller))

    def refuse(
        self,
        operation: str,
        code: str,
        message: str = "The emulator was told to refuse this call.",
        count: int | None = 1,
        *,
        caller: Caller = "client",
    ) -> None:
        """Calls are refused with this code, for example ``AccessDenied``, or for Google ``PERMISSION_DENIED``."""
        self._add(faults.Refuse(operation=operation, code=code, message=message, count=count, caller=caller))

    def unreachable(self, seconds: float) -> None:
        """Every connection breaks off, for this time, those of jobs included."""
        self._add(faults.Unreachable(seconds=seconds))

    def lose_host(self, count: int | None = 1, *, after_s: float = 0.0) -> None:
        """The machines of the next attempts go away, after they have run for this time."""
        self._add(faults.LoseHost(count=count, after_s=after_s))

    def preempt(self, count: int | None = 1, *, after_s: float = 0.0) -> None:
        """The machines of the next attempts are spot instances and are taken back, after they have run for this time."""
        self._add(faults.Preempt(count=count, after_s=after_s))

    def exit_with(self, exit_code: int, count: int | None = 1, *, after_s: float = 0.0) -> None:
        """The next attempts end with this exit code, whatever they were about to do; it may be one of the service's own."""
        self._add(faults.ExitWith(exit_code=exit_code, count=count, after_s=after_s))

    def out_of_memory(self, count: int | None = 1, *, after_s: float = 0.0) -> None:
        """The next attempts are killed for want of memory."""
        self._add(faults.OutOfMemory(count=count, after_s=after_s))

    def time_out(self, count: int | None = 1, *, after_s: float = 0.0) -> None:
        """The next attempts are ended as if the service's own time limit were over."""
        self._add(faults.TimeOut(count=count, after_s=after_s))

    def bad_image(self, count: int | None = 1) -> None:
        """The images of the next attempts cannot be pulled."""
        self._add(faults.BadImage(count=count))

    def slow_start(self, seconds: float) -> None:
        """Jobs that become runnable from now on wait this long before they start."""
        self._add(faults.SlowStart(seconds=seconds))

    def hold(self, reason: str | None = None) -> None:
        """Jobs stay in the queue, with this reason, until :meth:`release`."""
        self._add(faults.Hold() if reason is None else faults.Hold(reason=reason))

    def release(self) -> None:
        """End :meth:`hold`."""
        self._control.ask("DELETE", "faults?kind=hold")

    def clear(self) -> None:
        """End all faults."""
        self._control.ask("DELETE", "faults")

    def active(self) -> list[faults.Fault]:
        """Those that are not used up."""
        return msgspec.json.decode(self._control.ask("GET", "faults"), type=list[faults.Fault])

    def _add(self, fault: faults.Fault) -> None:
        self._control.ask("POST", "faults", msgspec.json.encode(fault))


class Emulated:
    """``covalent emulate`` in a process of its own, from the moment this is made until :meth:`stop`."""

    def __init__(self, arguments: Sequence[str], endpoint_variable: str, *, patience_s: float = _START_S) -> None:
        """
        :param arguments: what follows ``covalent emulate``
        :param endpoint_variable: the variable that holds its address
        :param patience_s: seconds that it may take until it is ready
        :raises EmulatorError: if it cannot start
        """
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 # closed by stop
        self._process = subprocess.Popen(
            [sys.executable, "-m", "covalent", "emulate", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        try:
            #: Variables with which clients on this machine find it.
            self.environment: Mapping[str, str] = self._wait_until_ready(patience_s)
        except BaseException:
            self.stop()
            raise
        #: Its address.
        self.endpoint = self.environment[endpoint_variable]
        self._control = Control(self.endpoint)
        self.faults = FaultControl(self._control)

    @property
    def pid(self) -> int:
        """Of the emulator's process."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """What it has written to its standard error; to be asked before :meth:`stop`."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def calls(self) -> CallCounts:
        """How often it has been asked for what."""
        report = msgspec.json.decode(self._control.ask("GET", "calls"))
        return CallCounts(
            client=report["client"]["operations"],
            job=report["job"]["operations"],
            client_bytes=report["client"]["bytes"],
            job_bytes=report["job"]["bytes"],
            handling_s=report["handling_s"],
        )

    def reset_calls(self) -> None:
        """Begin to count anew."""
        self._control.ask("DELETE", "calls")

    def stop(self) -> None:
        """End it with all jobs. Stopping what has stopped is no error."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                # What it was running dies with it.
                self._process.kill()
                self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def _wait_until_ready(self, patience_s: float) -> dict[str, str]:
        assert self._process.stdout is not None
        out = self._process.stdout.fileno()
        deadline = time.monotonic() + patience_s
        printed = b""
        while not printed.endswith(b"ready\n"):
            readable, _, _ = select.select([out], [], [], max(0, deadline - time.monotonic()))
            data = os.read(out, 65536) if readable else b""
            if not data:
                if readable:
                    # It is about to end, and says why until then.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(_STOP_S)
                raise EmulatorError(f"The emulator did not start: {self._explain(patience_s)}")
            printed += data
        words = (shlex.split(line) for line in printed.decode().splitlines())
        return dict(pair.split("=", 1) for command, *pairs in words if command == "export" for pair in pairs)

    def _explain(self, patience_s: float) -> str:
        if self._process.poll() is None:
            return f"it was not ready after {patience_s:g} s. {self.errors}"
        return self.errors.strip() or f"it ended with exit code {self._process.returncode}."


def options(**given: Any) -> list[str]:
    """Arguments of a command: ``log_groups=["a"]`` becomes ``--log-group=a``; None and empty ones are left out."""
    arguments: list[str] = []
    for name, value in given.items():
        if isinstance(value, str | int | float):
            arguments.append(f"--{name.replace('_', '-')}={value}")
        elif value is not None:
            arguments += [f"--{name.removesuffix('s').replace('_', '-')}={each}" for each in value]
    return arguments
