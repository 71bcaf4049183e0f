"""What a task needs around it: packages, commands, modules, and calls before and after."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

from ..errors import WorkflowError

_CONTINUATION: Final = re.compile(r"\\\n")
_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_INCLUDE: Final = re.compile(r"(?:-r|--requirement)[\s=]*(.+)")
_RELATIVE: Final = re.compile(r"((?:(?:-e|--editable)[\s=]*)?)(\.{1,2}(?:/.*)?)")
_CONSTRAINT: Final = re.compile(r"(?:-c|--constraint)[\s=]*(.+)")


def _texts(value: object, what: str) -> tuple[str, ...]:
    """One string or several, as a tuple of what is not blank."""
    texts = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for text in texts:
        if not isinstance(text, str):
            raise WorkflowError(f"{what} takes strings, not {text!r}")
    return tuple(text for text in texts if text.strip())


class DepsPip:
    """Packages that pip installs before a task runs.

    ``packages`` are requirements as pip writes them; ``reqs_path`` is a requirements file of this machine, read when the workflow is
    dispatched. Paths of packages that begin with ``./`` or ``../`` start from the working directory then.
    """

    def __init__(self, packages: str | Iterable[str] = (), reqs_path: str = "") -> None:
        self.packages = _texts(packages, "DepsPip")
        self.reqs_path = reqs_path

    def requirements(self) -> tuple[str, ...]:
        """All requirements, one each, with those of the file last.

        :raises WorkflowError: if the file cannot be read
        """
        lines = _requirement_lines(Path(self.reqs_path), ()) if self.reqs_path else ()
        return tuple(_with_whole_path(line) for line in (*(package.strip() for package in self.packages), *lines))

    def __repr__(self) -> str:
        file = f", reqs_path={self.reqs_path!r}" if self.reqs_path else ""
        return f"DepsPip({list(self.packages)!r}{file})"


def _with_whole_path(requirement: str) -> str:
    relative = _RELATIVE.fullmatch(requirement)
    return f"{relative[1]}{os.path.abspath(relative[2])}" if relative else requirement  # noqa: PTH100 - no file may be there


def _requirement_lines(path: Path, including: tuple[Path, ...]) -> tuple[str, ...]:
    """The requirements and options of a file, without comments and with the files that it includes."""
    path = path.expanduser().resolve()
    if path in including:
        raise WorkflowError(f"The requirements file {path} includes itself.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkflowError(f"The requirements file {path} cannot be read: {error}.") from error
    found: list[str] = []
    for line in _CONTINUATION.sub(" ", text).splitlines():
        line = _COMMENT.sub("", line).strip()
        if nested := _INCLUDE.match(line):
            found += _requirement_lines(path.parent / nested[1], (*including, path))
        elif constraints := _CONSTRAINT.match(line):
            raise WorkflowError(
                f"The requirements file {path} names the constraints file {constraints[1]!r}, which does not travel. "
                "Write its versions into the requirements."
            )
        elif line:
            found.append(line)
    return tuple(found)


class DepsBash:
    """Shell commands, run in order before a task's function."""

    def __init__(self, commands: str | Iterable[str] = ()) -> None:
        self.commands = _texts(commands, "DepsBash")

    def __repr__(self) -> str:
        return f"DepsBash({list(self.commands)!r})"


class DepsModule:
    """A module, or its name, that travels with a task although it is installed here.

    Modules beside the script travel by themselves. Extension modules cannot.
    """

    def __init__(self, module: ModuleType | str) -> None:
        if not isinstance(module, ModuleType | str):
            raise WorkflowError(f"DepsModule takes a module or its name, not {module!r}")
        self.name = module if isinstance(module, str) else module.__name__

    def __repr__(self) -> str:
        return f"DepsModule({self.name!r})"


class DepsCall:
    """A call made where a task runs, before or after its function.

    What a call before returns is passed to the task's function as the argument ``retval_keyword``, if that is given.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        retval_keyword: str = "",
    ) -> None:
        if not callable(func):
            raise WorkflowError(f"DepsCall takes a function first, not {func!r}")
        self.func, self.args, self.kwargs = func, list(args), dict(kwargs or {})
        self.retval_keyword = retval_keyword

    def __repr__(self) -> str:
        keyword = f", retval_keyword={self.retval_keyword!r}" if self.retval_keyword else ""
        return f"DepsCall({self.func!r}, {self.args!r}, {self.kwargs!r}{keyword})"


PipLike: TypeAlias = DepsPip | str | Iterable[str]
BashLike: TypeAlias = DepsBash | str | Iterable[str]
ModuleLike: TypeAlias = DepsModule | ModuleType | str
CallLike: TypeAlias = DepsCall | Callable[..., Any] | tuple[Any, ...]


def pip_of(value: PipLike | None) -> DepsPip | None:
    """``deps_pip`` in any of its forms."""
    return value if value is None or isinstance(value, DepsPip) else DepsPip(value)


def bash_of(value: BashLike | None) -> DepsBash | None:
    """``deps_bash`` in any of its forms."""
    return value if value is None or isinstance(value, DepsBash) else DepsBash(value)


def modules_of(value: ModuleLike | Iterable[ModuleLike] | None) -> frozenset[str]:
    """``deps_module`` in any of its forms, as names."""
    if value is None:
        return frozenset()
    each = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    return frozenset(part.name if isinstance(part, DepsModule) else DepsModule(part).name for part in each)


def calls_of(value: CallLike | Iterable[CallLike] | None, where: str) -> tuple[DepsCall, ...] | None:
    """``call_before`` or ``call_after`` in any of its forms."""
    if value is None:
        return None
    alone = isinstance(value, DepsCall) or callable(value) or _is_call_tuple(value)
    calls = tuple(_call_of(part, where) for part in ((value,) if alone else value))  # type: ignore[union-attr]
    if where == "call_after" and any(call.retval_keyword for call in calls):
        raise WorkflowError("retval_keyword has no meaning in call_after: the task's function has ended by then.")
    return calls


def _is_call_tuple(value: object) -> bool:
    """Whether it is ``(func, args)`` or ``(func, args, kwargs)`` and not several functions."""
    return isinstance(value, tuple) and len(value) > 1 and callable(value[0]) and not callable(value[1])


def _call_of(value: Any, where: str) -> DepsCall:
    if isinstance(value, DepsCall):
        return value
    if callable(value):
        return DepsCall(value)
    if isinstance(value, tuple) and 1 <= len(value) <= 3 and callable(value[0]):
        return DepsCall(*value)
    raise WorkflowError(f"{where} takes DepsCall, functions and (function, args, kwargs) tuples, not {value!r}")
