"""Which modules are the user's own files, and which of those a function imports while it runs."""

from __future__ import annotations

import dis
import functools
import importlib
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

_PACKAGE = __name__.partition(".")[0]
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]


def is_own(name: str) -> bool:
    """Whether that loaded module is made of the user's own files: not the standard library's, not installed, not ours."""
    module = sys.modules.get(name)
    if not isinstance(module, ModuleType) or name.partition(".")[0] == _PACKAGE:
        return False
    attributes = vars(module)
    file = attributes.get("__file__")
    if isinstance(file, str):
        return _is_own_source(file)
    return _are_own_folders(attributes.get("__path__") or ())


def own_imports(function: FunctionType) -> list[ModuleType]:
    """The user's own modules that a function imports in its body, each after the packages that hold it.

    Those that are not loaded yet are loaded; those that cannot be are left out, and the task will say so itself.
    """
    found: dict[str, ModuleType] = {}
    for level, name, items in _imports(function.__code__):
        target = _absolute(level, name, function.__globals__)
        if not target or not _is_own_import(target):
            continue
        for prefix in _prefixes(target):
            _find(prefix, found)
        for item in items:
            # An attribute wins over a submodule of the same name, as it does when the statement runs.
            if not hasattr(found.get(target), item) or f"{target}.{item}" in sys.modules:
                _find(f"{target}.{item}", found)
    return list(found.values())


def family(name: str) -> list[ModuleType]:
    """The module of that name with the packages that hold it and its submodules loaded so far."""
    names = [*_prefixes(name), *sorted(other for other in sys.modules if other.startswith(f"{name}."))]
    return [module for each in names if isinstance(module := sys.modules.get(each), ModuleType)]


def _imports(code: CodeType) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Level, name and ``from`` list of each import statement, nested functions included."""
    if _IMPORT_NAME in code.co_code[::2]:
        steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
        for index, step in enumerate(steps):
            if step.opcode == _IMPORT_NAME:
                level, items = steps[index - 2].argval, steps[index - 1].argval
                yield level, step.argval, tuple(item for item in items or () if item != "*")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imports(constant)


def _absolute(level: int, name: str, namespace: dict[str, object]) -> str | None:
    package = namespace.get("__package__")
    if level == 0:
        return name
    try:
        return importlib.util.resolve_name("." * level + name, package if isinstance(package, str) else None)
    except ImportError:
        return None


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _is_own_import(name: str) -> bool:
    """Whether the package that ``name`` belongs to is the user's, found without importing it."""
    top = name.partition(".")[0]
    if top in sys.modules:
        return is_own(top)
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    if spec is None or top == _PACKAGE:
        return False
    if spec.has_location and spec.origin:
        return _is_own_source(spec.origin)
    return _are_own_folders(spec.submodule_search_locations or ())


def load_own(name: str) -> ModuleType | None:
    """The user's own module of that name, loaded if need be; None if there is none, or it cannot be loaded."""
    if name not in sys.modules:
        try:
            # The running script, imported by its name, would run again.
            if not _is_own_import(name) or _is_script(importlib.util.find_spec(name)):
                return None
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - a name inside a module, or a module that only works where the task runs
            return None
    return sys.modules[name] if is_own(name) else None


def _find(name: str, found: dict[str, ModuleType]) -> None:
    module = load_own(name)
    if module is not None:
        found[name] = module


def _is_script(spec: ModuleSpec | None) -> bool:
    script = vars(sys.modules["__main__"]).get("__file__")
    return spec is None or (isinstance(script, str) and spec.origin == str(Path(script).resolve()))


@functools.lru_cache(maxsize=4096)
def _is_own_source(file: str) -> bool:
    return file.endswith((".py", ".pyc")) and _is_outside_python(file)


def _are_own_folders(folders: object) -> bool:
    """Whether a package without a file, which is only folders, lies in the user's files."""
    paths = list(folders) if hasattr(folders, "__iter__") else []
    return bool(paths) and all(isinstance(path, str) and _is_outside_python(path) for path in paths)


@functools.lru_cache(maxsize=4096)
def _is_outside_python(path: str) -> bool:
    file = Path(path).resolve()
    if "site-packages" in file.parts or "dist-packages" in file.parts:
        return False
    return not any(file.is_relative_to(root) for root in _python_folders())


@functools.cache
def _python_folders() -> tuple[Path, ...]:
    folders = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    # A zipped standard library lies beside the folder of the same name.
    folders += [path for path in sys.path if path.endswith(".zip") and path.startswith(sys.base_prefix)]
    return tuple({Path(folder).resolve() for folder in folders if folder})
