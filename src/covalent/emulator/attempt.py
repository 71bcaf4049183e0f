"""One attempt of a job on a host, with what is to go wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from .faults import AttemptFault, BadImage, ExitWith, LoseHost, OutOfMemory, Preempt, TimeOut
from .hosts.base import CannotPullError, Container, Ended, Host, Verdict
from .hosts.running import Output, Running

_VERDICTS: Final = {
    LoseHost: Verdict.HOST_LOST,
    Preempt: Verdict.PREEMPTED,
    OutOfMemory: Verdict.OUT_OF_MEMORY,
    TimeOut: Verdict.TIMED_OUT,
    ExitWith: Verdict.REPLACED,
}


def run_container(
    host: Host,
    container: Container,
    fault: AttemptFault | None,
    *,
    timeout_s: float | None,
    stop_timeout_s: float,
    has_started: Callable[[Running], None],
    output: Output,
    errors: Output | None = None,
) -> Ended:
    """Run it to its end, or to the end that the fault gives it.

    :param timeout_s: seconds after which it is stopped
    :param stop_timeout_s: seconds between being asked to end and being killed
    :param has_started: called as soon as something runs
    :param errors: takes what it prints to its standard error, if that is told apart
    :raises CannotPullError: if there is no such image
    :raises CannotStartError: if the command cannot be started
    """
    if isinstance(fault, BadImage):
        raise CannotPullError(f"pull access denied for {container.image}, repository does not exist")
    process = host.start(container)
    running = Running(process, memory_mib=container.memory_mib, timeout_s=timeout_s, stop_timeout_s=stop_timeout_s)
    if fault is not None:
        running.doom(_VERDICTS[type(fault)], fault.after_s)
    has_started(running)
    ended = running.follow(output, errors)
    if isinstance(fault, ExitWith) and ended.verdict is Verdict.REPLACED:
        return replace(ended, exit_code=fault.exit_code)
    return ended
