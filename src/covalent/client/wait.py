"""Waiting for a dispatch to end: quietly, or with a progress bar where somebody watches."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from threading import Timer
from typing import TYPE_CHECKING

from ..errors import ServerUnreachableError
from ..model import DispatchInfo
from ..states import FINAL, Status
from .describe import standing
from .server import connect
from .standstill import Standstill

if TYPE_CHECKING:
    from rich.progress import Progress

#: How long a server may be gone before waiting for it ends, too.
GONE_LIMIT_S = 600.0
_TELL_AFTER_S = 3.0
_PAUSE_S = 0.1
_BAR_AFTER_S = 0.3
_LINE_EVERY_S = 0.1

Show = Callable[[DispatchInfo], None]


def wait_for(dispatch_id: str, address: str | None = None) -> DispatchInfo:
    """Follow a dispatch to its end, through restarts of the server.

    :raises KeyboardInterrupt: on Ctrl-C, after saying how to come back; the dispatch goes on
    :raises ServerUnreachableError: if there is no server, or it stays away for ten minutes
    """
    try:
        with _progress(lambda: connect(address).why(dispatch_id)) as show:
            return _follow(dispatch_id, address, show)
    except KeyboardInterrupt:
        tell(
            f"Stopped waiting; dispatch {dispatch_id} goes on. Come back with\n"
            f"    covalent.get_result({dispatch_id!r}, wait=True)\n"
            f"or end it with\n"
            f"    covalent cancel {dispatch_id}"
        )
        raise


def tell(text: str) -> None:
    """Say something to the person at the terminal without mixing it into the program's output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def is_watched() -> bool:
    """Whether what is told is seen by a person, in a terminal or a notebook."""
    return sys.stderr.isatty() or _in_notebook()


def _follow(dispatch_id: str, address: str | None, show: Show) -> DispatchInfo:
    server = connect(address)
    info: DispatchInfo | None = None
    gone_since: float | None = None
    told = False
    while True:
        try:
            for update in server.stream(dispatch_id):
                gone_since = None
                if isinstance(update, DispatchInfo):
                    if info is None and update.status is Status.NEW_OBJECT:
                        tell(f"Dispatch {dispatch_id} has not been started; 'covalent run {dispatch_id}' does that.")
                    info = update
                    show(info)
        except ServerUnreachableError as error:
            now = time.monotonic()
            gone_since = gone_since or now
            if info is None or now - gone_since > GONE_LIMIT_S:
                raise
            if not told and now - gone_since > _TELL_AFTER_S:
                tell(f"{error} Dispatch {dispatch_id} goes on when it is back; still waiting.")
                told = True
        if info is not None and info.status in FINAL:
            return info
        time.sleep(_PAUSE_S)


@contextmanager
def _progress(why: Callable[[], str]) -> Iterator[Show]:
    """Something to show states with: a bar in a terminal or a notebook, nothing elsewhere.

    :param why: asks the server what the dispatch waits for
    """
    if not is_watched():
        yield lambda info: None
        return
    if _in_notebook() and find_spec("ipywidgets") is None:
        with _line(why) as show_line:
            yield show_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=10)
    bar = progress.add_task("", total=None, state="")

    def show(info: DispatchInfo) -> None:
        progress.update(
            bar, description=info.name, completed=_ended(info), total=info.tasks or None, state=_state(info)
        )
        standstill.saw(info)

    standstill = Standstill(why, lambda reason: progress.console.print(reason, markup=False, highlight=False))
    with progress if _in_notebook() else _appearing(progress), standstill:
        yield show


@contextmanager
def _line(why: Callable[[], str]) -> Iterator[Show]:
    """What takes the bar's place in a notebook without ipywidgets, in which a bar cannot be drawn: a line, gone at the end."""
    line = import_module("IPython.display").display({"text/plain": ""}, raw=True, display_id=True)
    shown_at = -math.inf

    def show(info: DispatchInfo) -> None:
        nonlocal shown_at
        standstill.saw(info)
        now = time.monotonic()
        if now - shown_at >= _LINE_EVERY_S or info.status in FINAL:
            shown_at = now
            line.update({"text/plain": f"{info.name}  {_ended(info)}/{info.tasks}  {_state(info)}"}, raw=True)

    standstill = Standstill(why, tell)
    try:
        with standstill:
            yield show
    finally:
        line.update({"text/plain": ""}, raw=True)


def _ended(info: DispatchInfo) -> int:
    return sum(count for status, count in info.counts.items() if status in FINAL)


@contextmanager
def _appearing(progress: Progress) -> Iterator[None]:
    """Show it after a moment: what is over at once needs no bar."""
    timer = Timer(_BAR_AFTER_S, progress.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        progress.stop()


def _state(info: DispatchInfo) -> str:
    """Beside the bar: what is going on and what went wrong."""
    counts = standing(info)
    parts = [f"{counts[state]} {state}" for state in ("running", "failed", "cancelled") if counts.get(state)]
    return ", ".join(parts) or info.status.lower()


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell else None
    return found is not None and hasattr(found, "kernel")
