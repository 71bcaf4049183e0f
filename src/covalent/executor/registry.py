"""Executors by name. What is built in is known without looking around; plugins are found by their entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any, Final

from ..errors import ExecutorError, UnknownExecutorError
from ..secrets import opened
from .base import AsyncBaseExecutor

ENTRY_POINT_GROUP: Final = "covalent.executor.executor_plugins"

#: In a plugin's module, the name of its class.
CLASS_NAME_VARIABLE: Final = "EXECUTOR_PLUGIN_NAME"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltIn:
    module: str
    class_name: str


#: By short name.
BUILT_IN: Final[Mapping[str, BuiltIn]] = MappingProxyType(
    {
        "local": BuiltIn(module="covalent.executor.local", class_name="LocalExecutor"),
        "awsbatch": BuiltIn(module="covalent.executor.awsbatch", class_name="AWSBatchExecutor"),
        "gcpbatch": BuiltIn(module="covalent.executor.gcpbatch", class_name="GCPBatchExecutor"),
        "azurebatch": BuiltIn(module="covalent.executor.azurebatch", class_name="AzureBatchExecutor"),
    }
)


def get_executor(
    name: str, options: Mapping[str, Any], secrets: Mapping[str, str] = MappingProxyType({})
) -> AsyncBaseExecutor:
    """A new executor with these settings.

    :param secrets: the texts of secrets that the settings refer to, by id; those that are not there cannot be revealed
    :raises UnknownExecutorError: if there is none by that name
    :raises ExecutorError: if it cannot be imported, or refuses the settings
    """
    return executor_class(name).from_options(opened(options, secrets))


def secret_settings(name: str) -> frozenset[str]:
    """The names of the settings of an executor that nobody may see; none if it cannot be had here."""
    try:
        return executor_class(name).secret_settings()
    except ExecutorError:
        return frozenset()


def check_setting(name: str, key: str, value: Any) -> None:
    """Whether ``[executors.<name>]`` may set ``key`` to ``value``. Of executors that are not built in, nothing is known here.

    :raises ConfigError: if it may not
    """
    if name in BUILT_IN:
        executor_class(name).check_setting(key, value)


def known_executors() -> list[str]:
    """Short names of all that can be used here."""
    return sorted({*BUILT_IN, *(point.name for point in _plugins())})


def executor_class(name: str) -> type[AsyncBaseExecutor]:
    """The class behind a short name.

    :raises UnknownExecutorError: if there is none by that name
    :raises ExecutorError: if it cannot be imported
    """
    if built_in := BUILT_IN.get(name):
        return _checked(getattr(import_module(built_in.module), built_in.class_name), name)
    for point in _plugins():
        if point.name == name:
            return _load(point)
    raise UnknownExecutorError(name, known_executors())


def executor_class_named(class_name: str) -> type[AsyncBaseExecutor]:
    """The class of that name, for ``ct.executor.<class name>``.

    :raises AttributeError: if no executor's class is called so
    """
    for built_in in BUILT_IN.values():
        if built_in.class_name == class_name:
            return _checked(getattr(import_module(built_in.module), class_name), class_name)
    broken = []
    for point in _plugins():
        try:
            found = _load(point)
        except ExecutorError as error:
            broken.append(str(error))
            continue
        if found.__name__ == class_name:
            return found
    known = f"Executors known here, by short name: {', '.join(known_executors())}."
    raise AttributeError(" ".join([f"There is no executor class {class_name!r}. {known}", *broken]))


def _plugins() -> Iterator[EntryPoint]:
    return (point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name not in BUILT_IN)


def _load(point: EntryPoint) -> type[AsyncBaseExecutor]:
    """The class that an entry point names, or that the module names which it points to."""
    try:
        found = point.load()
        if isinstance(found, ModuleType):
            found = getattr(found, getattr(found, CLASS_NAME_VARIABLE))
    except Exception as error:
        raise ExecutorError(
            f"Executor {point.name!r} ({point.value}) cannot be imported: {type(error).__name__}: {error}. "
            "Install its package again, or remove it."
        ) from error
    return _checked(found, point.name)


def _checked(found: Any, name: str) -> type[AsyncBaseExecutor]:
    if isinstance(found, type) and issubclass(found, AsyncBaseExecutor):
        return found
    raise ExecutorError(
        f"Executor {name!r} is {found!r}, which is no subclass of covalent.executor.base.AsyncBaseExecutor."
    )
