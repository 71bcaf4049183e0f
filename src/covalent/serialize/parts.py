"""What of the user's own modules travels: what the code that travels mentions of them, and what that needs in turn.

The rest stays behind, and with it the packages that only the rest needs. A module of which nothing is known but that it is there, or
whose parts are looked up by name while the program runs, travels whole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Final

_PACKAGE: Final = __name__.partition(".")[0]

#: What every module keeps.
_ALWAYS: Final = frozenset({"__all__", "__doc__", "__file__", "__getattr__", "__name__", "__package__", "__path__"})

#: Attributes that the import system gives to a module and that mean nothing elsewhere.
_MACHINERY: Final = frozenset(
    {"__builtins__", "__cached__", "__loader__", "__spec__", "__annotations__", "__annotate__"}
)

#: Code that mentions one of these may look up anything.
_LOOKUPS: Final = frozenset(
    {"__dict__", "__import__", "dir", "eval", "exec", "getattr", "globals", "hasattr", "import_module", "vars"}
)


class ModuleParts:
    """Gathers, while values are pickled, which parts of which modules they need."""

    def __init__(self, travels: Callable[[object], bool]) -> None:
        self._travels = travels
        self._wanted: dict[str, set[str]] = {}
        self._missing: dict[str, dict[str, str]] = {}
        self._seen: dict[str, ModuleType] = {}

    def __len__(self) -> int:
        """How much is wanted; grows with every part that was not known to be."""
        return sum(map(len, self._wanted.values()))

    def clear(self) -> None:
        """Begin with another value."""
        self._wanted.clear()
        self._seen.clear()

    def want_for(self, function: FunctionType, modules: Iterable[ModuleType]) -> None:
        """What the code of a function mentions of modules that it can reach."""
        names = names_in(function.__code__)
        for module in modules:
            self._want(module, names)

    def want_all(self, module: ModuleType) -> None:
        """All of a module but what it has from Covalent, which need not be where the module goes."""
        mine = {name for name, value in vars(module).items() if name not in _MACHINERY and not _is_ours(value)}
        self._wanted.setdefault(module.__name__, set()).update(mine)

    def state(self, module: ModuleType) -> dict[str, object]:
        """What is known to be wanted of a module."""
        self._seen[module.__name__] = module
        if module.__name__ not in self._wanted:
            self.want_all(module)
        missing = self._missing.get(module.__name__, {})
        wanted = (self._wanted[module.__name__] | _ALWAYS) - missing.keys()
        found = {name: value for name, value in vars(module).items() if name in wanted}
        if "__path__" in found:
            found["__path__"] = list(module.__path__)
        found.setdefault("__getattr__", functools.partial(explain_missing, module.__name__, missing))
        return found

    def leave_out(self, complaint: Callable[[object], Exception | None]) -> bool:
        """Leave out from now on what cannot travel of the modules seen so far. False if all of it can."""
        found = False
        for name, module in self._seen.items():
            missing = self._missing.setdefault(name, {})
            for part in self._wanted[name] - missing.keys():
                error = complaint(vars(module).get(part))
                if error is not None:
                    missing[part] = str(error)
                    found = True
        return found

    def _want(self, module: ModuleType, names: frozenset[str]) -> None:
        wanted = self._wanted.setdefault(module.__name__, set())
        mentioned = {name for name in names if name in vars(module)} - wanted
        wanted.update(mentioned)
        if names & _LOOKUPS:
            self.want_all(module)
        for name in mentioned:
            part = vars(module)[name]
            if isinstance(part, ModuleType) and part is not module and self._travels(part.__name__):
                self._want(part, names)


def explain_missing(module: str, missing: dict[str, str], name: str) -> object:
    """The ``__getattr__`` of a module of which a part stayed behind."""
    if name in missing:
        raise AttributeError(f"{module}.{name} did not travel with the task: {missing[name]}. Make it inside the task.")
    raise AttributeError(
        f"{module}.{name} is not here. Of a module of yours only that travels which the task's code mentions; "
        f"ct.electron(deps_module={module!r}) sends all of it."
    )


def names_in(code: CodeType) -> frozenset[str]:
    """All names that code mentions, nested functions included."""
    inner = (names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return frozenset(code.co_names).union(*inner)


def _is_ours(value: object) -> bool:
    """Whether it is Covalent, something in it, or an object of a class in it, but for what people decorated with it."""
    home: object
    if isinstance(value, ModuleType):
        home = value.__name__
    elif isinstance(value, FunctionType | type):
        home = value.__module__
    else:
        home = None if callable(value) else type(value).__module__
    return isinstance(home, str) and home.partition(".")[0] == _PACKAGE
