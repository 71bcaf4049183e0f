"""One task from its specification to its outcome."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from typing import Any

from .arrivals import Arrivals
from .call import call, call_hooks
from .capture import Capture
from .failure import (
    MESSAGE_BYTES,
    PREVIEW_BYTES,
    TRACEBACK_BYTES,
    TaskFailedError,
    classify,
    clipped,
    name_of,
    pickled,
    text_of,
    traceback_of,
)
from .measure import Meter
from .pickling import Pickler
from .preview import preview, preview_call
from .shell import run_commands
from .spill import Spill, StorageError, Stored
from .surroundings import Surroundings
from .values import Payload, Values
from .wire import IN_FILE

_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

#: A task whose function returns an encoded submission: its bytes are the output, as they are.
SUBLATTICE = "sublattice"


class Attachments:
    """The bytes beside an outcome's header."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []
        self._at = 0

    def add(self, stored: Stored | None) -> list[Any] | None:
        """What the header says of it."""
        if stored is None:
            return None
        if stored.data is None:
            return [stored.digest, stored.size, IN_FILE]
        at = self._at
        self.blobs.append(stored.data)
        self._at += stored.size
        return [stored.digest, stored.size, at]


class TaskRunner:
    """Runs one task after the other in this process, and keeps their functions open.

    :param objects: directory of the object store
    :param verified: digests of values, and the files in which they lie, that somebody has checked already
    :param collects: put what tasks write into their outcomes; else somebody else takes it from the files
    """

    def __init__(self, objects: str, verified: dict[str, str] | None = None, *, collects: bool = True) -> None:
        self._objects, self._pid = objects, os.getpid()
        self._values, self._meter = Values(verified or {}), Meter()
        self._surroundings, self._arrivals = Surroundings(), Arrivals()
        self._capture, self._collects = Capture(objects), collects

    def run(self, task: dict[str, Any], data: Any) -> tuple[dict[str, Any], list[bytes]]:
        """The outcome, as header and attachments; never raises for what the task does."""
        attachments = Attachments()
        outcome: dict[str, Any] = {"status": "COMPLETED", "started_at": time.time()}
        self._meter.start()
        try:
            outcome["output"] = attachments.add(self._execute(task, data, outcome))
        except BaseException as error:  # noqa: BLE001 - nothing that a task does may end its worker
            self._describe(classify(error), outcome, attachments)
        try:
            outcome["peak_memory_mib"], outcome["cpu_s"] = self._meter.stop()
            self._capture.settle()
            for name, stream in self._capture.streams.items() if self._collects else ():
                written = stream.take()
                if written is not None:
                    outcome[name] = attachments.add(written)
        except StorageError as error:
            outcome["status"], outcome["cause"], outcome["message"] = "FAILED", "HOST", str(error)
        except Exception as error:  # noqa: BLE001 - a task may have done anything to this process
            message = f"What the task wrote cannot be collected ({type(error).__name__}: {error})."
            outcome["status"], outcome["cause"], outcome["message"] = "FAILED", "HOST", message
        outcome["ended_at"] = time.time()
        return outcome, attachments.blobs

    def _execute(self, task: dict[str, Any], data: Any, outcome: dict[str, Any]) -> Stored:
        shared = task["shared"]
        _check_python(shared["python"])
        function = Payload.read(shared["function"], data)
        try:
            self._surroundings.enter(shared["cwd"], shared["dispatch"], task["node"])
            self._arrivals.enter(shared["dispatch"])
            try:
                value = self._value(task, function, data, outcome)
            except BaseException as error:
                self._leave_if_forked(error)
                raise
            self._leave_if_forked(None)
            stored = self._store(value, shared["kind"])
            # What a sublattice returns is for the dispatcher.
            if shared["kind"] != SUBLATTICE:
                _note(outcome, "output_preview", preview(value))
            return stored
        finally:
            self._arrivals.leave()
            if self._surroundings.leave():
                self._values.forget(function, shared["dispatch"])

    def _value(self, task: dict[str, Any], function: Payload, data: Any, outcome: dict[str, Any]) -> Any:
        """What the task's code returns."""
        shared = task["shared"]
        if shared["bash"]:
            run_commands(shared["bash"], self._capture.stderr.tail)
        inputs = [Payload.read(one, data) for one in task["inputs"]]
        try:
            callable_ = self._values.function(function, shared["dispatch"])
            payload = Payload.read(task["args"], data)
            args, kwargs = self._values.open(payload, inputs)
            hooks = self._values.open(Payload.read(shared["hooks"], data)) if shared["hooks"] else {}
        except ModuleNotFoundError as error:
            raise TaskFailedError(
                "ENVIRONMENT",
                f"The worker has no module {error.name!r}, which the task needs. Add its package to the task's DepsPip, "
                "or install it where the worker runs: next to the server, or in the image.",
                error,
            ) from None
        kwargs = {**kwargs, **call_hooks(hooks["before"])} if hooks else kwargs
        # Before the call, which may change them.
        _note(outcome, "inputs_preview", preview_call(callable_, args, kwargs))
        value = call(callable_, args, kwargs)
        if hooks:
            call_hooks(hooks["after"])
        return value

    def _store(self, value: Any, kind: str) -> Stored:
        spill = Spill(self._objects)
        try:
            if kind == SUBLATTICE:
                if not isinstance(value, bytes):
                    raise TaskFailedError("USER", f"A sublattice must return its graph as bytes, not {_type(value)}.")
                spill.write(value)
            else:
                _pickle(value, spill)
            return spill.finish()
        finally:
            spill.discard()

    def _describe(self, problem: TaskFailedError, outcome: dict[str, Any], attachments: Attachments) -> None:
        outcome.update(status="FAILED", cause=problem.cause, message=clipped(problem.message, MESSAGE_BYTES))
        error = problem.error
        if error is None:
            return
        failure: dict[str, Any] = {
            "type": clipped(name_of(error), MESSAGE_BYTES),
            "message": clipped(text_of(error), MESSAGE_BYTES),
            "traceback": clipped(traceback_of(error), TRACEBACK_BYTES),
        }
        failure["pickled"] = attachments.add(pickled(error, self._objects))
        outcome["failure"] = failure

    def _leave_if_forked(self, error: BaseException | None) -> None:
        """End a process that the task forked and that came back from the task's function: it must not go on as the worker."""
        if os.getpid() == self._pid:
            return
        code: Any = 0
        if isinstance(error, SystemExit):
            code = error.code
        elif error is not None:
            traceback.print_exception(type(error), error, error.__traceback__)
            code = 1
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _note(outcome: dict[str, Any], name: str, text: str) -> None:
    if text:
        outcome[name] = clipped(text, PREVIEW_BYTES)


def _check_python(wanted: str) -> None:
    """:raises TaskFailedError: if the workflow comes from another Python, whose pickles this one cannot be trusted to read"""
    ours = _PYTHON
    if wanted and not f"{wanted}.".startswith(f"{ours}."):
        theirs = ".".join(wanted.split(".")[:2])
        raise TaskFailedError(
            "ENVIRONMENT",
            f"The workflow was dispatched from Python {theirs}, but the worker runs Python {ours}, which cannot open it reliably. "
            f"Start the server with Python {theirs}, or dispatch with Python {ours}.",
        )


def _pickle(value: Any, spill: Spill) -> None:
    """:raises TaskFailedError: if it cannot be pickled"""
    try:
        Pickler(spill, protocol=5).dump(value)
    except (StorageError, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - its classes are the user's
        raise TaskFailedError(
            "USER",
            f"The task's result, a {_type(value)}, cannot be pickled ({type(error).__name__}: {text_of(error)}). "
            "Return plain data, or what is needed to make it again, instead of open files, connections, locks or the like.",
            error,
        ) from None


def _type(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
