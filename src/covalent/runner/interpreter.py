"""What an interpreter has but once, and its undoing."""

from __future__ import annotations

import builtins
import contextlib
import gc
import signal
import sys
import warnings
from importlib import import_module
from typing import Any

# The modules behind signal and locale: the first makes an enum of each answer, the other is large.
_signal: Any = import_module("_signal")
_locale: Any = import_module("_locale")

#: Builtins that somebody may plausibly put something else in the place of.
_REPLACED = ("print", "open", "input", "__import__")


class InterpreterState:
    """Hooks, limits, filters and other switches of this interpreter, as they were when this was made.

    What modules have set while they were imported stays: they are not imported again.
    """

    def __init__(self) -> None:
        self._builtins = tuple(getattr(builtins, name) for name in _REPLACED)
        self._arguments, self._hook = list(sys.argv), sys.excepthook
        self._recursion, self._switching = sys.getrecursionlimit(), sys.getswitchinterval()
        self._collects = gc.isenabled()
        self._blocked = _signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._locale = _locale.setlocale(_locale.LC_ALL, None)
        self._warnings: Any = None

    def enter(self) -> None:
        """A task begins. What was warned of before is warned of again."""
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()

    def restore(self) -> None:
        """Undo what the task did to them."""
        if (builtins.print, builtins.open, builtins.input, builtins.__import__) != self._builtins:
            for name, value in zip(_REPLACED, self._builtins):  # noqa: B905 - Python 3.8 has no such parameter
                setattr(builtins, name, value)
        if sys.argv != self._arguments:
            sys.argv = list(self._arguments)
        sys.excepthook = self._hook
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        if sys.getswitchinterval() != self._switching:
            sys.setswitchinterval(self._switching)
        if gc.isenabled() != self._collects:
            (gc.enable if self._collects else gc.disable)()
        if sys.gettrace() is not None:
            sys.settrace(None)
        if sys.getprofile() is not None:
            sys.setprofile(None)
        if _signal.pthread_sigmask(signal.SIG_BLOCK, ()) != self._blocked:
            _signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
        self._restore_libraries()

    def _restore_libraries(self) -> None:
        if self._warnings is not None:
            self._warnings.__exit__(None, None, None)
            self._warnings = None
        # Those that nobody has imported are as they were.
        if "socket" in sys.modules and sys.modules["socket"].getdefaulttimeout() is not None:
            sys.modules["socket"].setdefaulttimeout(None)
        if "logging" in sys.modules and sys.modules["logging"].root.manager.disable:
            sys.modules["logging"].disable(0)
        if "decimal" in sys.modules:
            sys.modules["decimal"].setcontext(sys.modules["decimal"].DefaultContext)
        if _locale.setlocale(_locale.LC_ALL, None) != self._locale:
            with contextlib.suppress(_locale.Error):
                _locale.setlocale(_locale.LC_ALL, self._locale)
