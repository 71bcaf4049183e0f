"""The functions, environments and executors of a graph, each listed once."""

from __future__ import annotations

import json
from typing import Generic, TypeVar

from ..config import get_config
from ..errors import CovalentError
from ..model import Environment, ExecutorSpec, Function
from ..serialize import digest
from .deps import DepsCall
from .packing import Packed, Packer, WorkflowPickler, cannot_travel
from .settings import ExecutorArgument, Settings, known_spec

K = TypeVar("K")
V = TypeVar("V")


class Numbered(Generic[K, V]):
    """Values in the order in which their keys first came."""

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}
        self._values: list[V] = []

    def number(self, key: K, value: V) -> int:
        """The number of ``key``; a new one takes ``value`` with it."""
        number = self._numbers.setdefault(key, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number

    def all(self) -> tuple[V, ...]:
        return tuple(self._values)


class Tables:
    """Gives what nodes refer to its number; the bytes go into ``values``, by digest."""

    def __init__(self, values: dict[str, bytes], packer: Packer) -> None:
        self._values, self._packer = values, packer
        self.functions: Numbered[tuple[str, str], Function] = Numbered()
        self.environments: Numbered[Environment, Environment] = Numbered()
        self.executors: Numbered[str, ExecutorSpec] = Numbered()

    def function(self, packed: Packed) -> int:
        self._values[packed.digest] = packed.data
        entry = Function(name=packed.name, digest=packed.digest, source=packed.source)
        return self.functions.number((packed.name, packed.digest), entry)

    def executor(self, executor: ExecutorArgument | None) -> int:
        """None is the one that the configuration names.

        :raises UnknownExecutorError: if none has its name
        :raises WorkflowError: if its settings are not plain JSON
        """
        spec = known_spec(get_config("sdk.executor") if executor is None else executor)
        return self.executors.number(json.dumps([spec.name, spec.options], sort_keys=True), spec)

    def environment(self, settings: Settings, inner_pip: tuple[str, ...] = ()) -> int:
        """:raises PickleError: if a call before or after cannot travel"""
        environment = Environment(
            pip=settings.pip.requirements() if settings.pip else (),
            bash=settings.bash.commands if settings.bash else (),
            hooks=self._hooks(settings.before or (), settings.after or ()),
            inner_pip=inner_pip,
        )
        return self.environments.number(environment, environment)

    def _hooks(self, before: tuple[DepsCall, ...], after: tuple[DepsCall, ...]) -> str | None:
        if not before and not after:
            return None
        calls = {"before": [_plain(call) for call in before], "after": [_plain(call) for call in after]}
        try:
            data = WorkflowPickler(self._packer).encode(calls)
        except CovalentError:
            raise
        except Exception as error:
            raise cannot_travel("A call before or after a task", error) from error
        found = digest(data)
        self._values[found] = data
        return found


def _plain(call: DepsCall) -> tuple[object, list[object], dict[str, object], str]:
    return call.func, call.args, call.kwargs, call.retval_keyword
