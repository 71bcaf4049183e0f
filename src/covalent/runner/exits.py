"""Why a process ended in the middle of a task."""

from __future__ import annotations

import signal

from .descriptors import LOST

#: Signals by which a process ends through its own fault.
_OWN_FAULT = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGABRT: "an abort",
    signal.SIGBUS: "a bus error",
    signal.SIGFPE: "an arithmetic fault",
    signal.SIGILL: "an illegal instruction",
}


def explain_exit(code: int, out_of_memory: str) -> tuple[str, str]:
    """The name of a cause, and a sentence about it.

    :param code: as ``subprocess`` gives it
    :param out_of_memory: the sentence for a process that was killed for want of memory; empty if none was
    """
    if code >= 0:
        how = ", because its descriptors were closed" if code == LOST else ", through os._exit or in a library"
        return "USER", f"The task ended its process with exit code {code}{how}. A task ends by returning."
    number = -code
    if fault := _OWN_FAULT.get(number):  # type: ignore[call-overload]
        return "USER", f"The task's process died of {fault} ({_name(number)}). Its stderr shows where."
    if number == signal.SIGKILL and out_of_memory:
        return "OUT_OF_MEMORY", out_of_memory
    return "LOST", f"The task's process was killed from outside ({_name(number)})."


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
