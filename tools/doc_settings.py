"""The settings of executors, as rows: what the code declares, and what the docstring of its class says of it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from covalent.errors import ConfigError
from covalent.executor.base import AsyncBaseExecutor
from covalent.executor.configured import ConfiguredExecutor
from covalent.executor.local import LocalExecutor
from covalent.executor.local.settings import _CHECKS as LOCAL
from covalent.executor.registry import executor_class

_PARAMETER: Final = re.compile(r"^:param (\w+): (.*?)(?=^:|\Z)", re.DOTALL | re.MULTILINE)
_TAKES: Final = re.compile(r" must be (.+), not <object object", re.DOTALL)

_HEAD: Final = ("setting", "takes", "default", "meaning")

#: The one setting that is in the configuration alone, so that the docstring of no constructor has it.
_WORKERS: Final = (
    "one for each processor",
    "Worker processes for all tasks together. `COVALENT_LOCAL_WORKERS` sets it, too.",
)


def settings(name: str) -> Iterator[tuple[str, ...]]:
    """One row for each key that ``[executors.NAME]`` takes, after the head."""
    executor = executor_class(name)
    meanings = {key: _sentence(text) for key, text in _PARAMETER.findall(inspect.getdoc(executor) or "")}
    yield _HEAD
    for key, default in _defaults(executor).items():
        yield f"`{key}`", _takes(executor, key), default, meanings[key] if key in meanings else _WORKERS[1]


def _defaults(executor: type[AsyncBaseExecutor]) -> Mapping[str, str]:
    if issubclass(executor, ConfiguredExecutor):
        return {key: _shown(setting.default) for key, setting in executor.settings().items()}
    local = LocalExecutor()
    found = {
        "time_limit": _shown(local.time_limit_s()),
        "retries": _shown(local.retry_budget()),
        "workers": _WORKERS[0],
    }
    assert set(found) == set(LOCAL), "the local executor has other settings now"
    return found


def _takes(executor: type[AsyncBaseExecutor], key: str) -> str:
    """In the words of the complaint about a value that fits nowhere."""
    try:
        executor.check_setting(key, object())
    except ConfigError as error:
        found = _TAKES.search(str(error))
        return found[1] if found else "text that is not empty"
    raise AssertionError(f"{key} takes anything")


def _shown(default: Any) -> str:
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _sentence(text: str) -> str:
    words = " ".join(text.split()).replace("``", "`")
    return f"{words[:1].upper()}{words[1:]}."
