"""Settings of executors: said in the constructor, else in ``[executors.<short_name>]`` of the configuration, else a default.

A setting is an attribute of its executor's class and shows the value that applies. What a constructor is given as None was not said;
zero and empty text were.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from ..errors import ConfigError, ExecutorError, SecretError, hint
from ..secrets import MAX_CHARS, Secret, hidden, referred, wire
from .base import AsyncBaseExecutor

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Check(Protocol[T_co]):
    """Takes a setting's name and what was said; gives the value."""

    def __call__(self, name: str, value: Any) -> T_co:
        """:raises ExecutorError: if the setting does not take the value; the message begins with its name"""


class Setting(Generic[T]):
    """One setting, as an attribute of a subclass of :class:`ConfiguredExecutor`.

    :param default: None if there is nothing unless it is said
    """

    name: str

    def __init__(self, check: Check[T], default: T) -> None:
        self.check, self.default = check, default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, executor: None, owner: type) -> Self: ...

    @overload
    def __get__(self, executor: ConfiguredExecutor, owner: type) -> T: ...

    def __get__(self, executor: ConfiguredExecutor | None, owner: type) -> Self | T:
        if executor is None:
            return self
        value = executor.said(self.name)
        return self.default if value is None else self.check(self.name, value)

    def __set__(self, executor: ConfiguredExecutor, value: Any) -> None:
        executor.say(self, value)

    def keep(self, value: Any) -> Any:
        """What an executor remembers of what was said.

        :raises ExecutorError: if the setting does not take the value
        """
        self.check(self.name, value)
        return copy.deepcopy(value)


class SecretSetting(Setting[Secret | None]):
    """A setting whose text nobody may see: said as text, in the constructor or in the configuration, and a :class:`Secret` from then on.

    In the options of its executor a reference stands for it.
    """

    def __init__(self) -> None:
        super().__init__(secret, None)

    def keep(self, value: Any) -> Secret:
        return secret(self.name, value)


class ConfiguredExecutor(AsyncBaseExecutor):
    """An executor whose settings are attributes of the kind :class:`Setting`."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        """:raises ExecutorError: if a value is wrong"""
        self._said: dict[str, Any] = {}
        self._configured: Mapping[str, Any] | None = None
        for name, setting in self.settings().items():
            if (value := said.get(name)) is not None:
                self.say(setting, value)

    @classmethod
    def settings(cls) -> Mapping[str, Setting[Any]]:
        """All of them by name, in the order in which they are written."""
        return {
            name: value for c in reversed(cls.__mro__) for name, value in vars(c).items() if isinstance(value, Setting)
        }

    @classmethod
    def secret_settings(cls) -> frozenset[str]:
        return frozenset(name for name, setting in cls.settings().items() if isinstance(setting, SecretSetting))

    @classmethod
    def check_setting(cls, key: str, value: Any) -> None:
        known = cls.settings()
        if key not in known:
            section = f"executors.{cls.short_name}"
            near = hint(key, known)
            raise ConfigError(f"There is no setting '{section}.{key}'.{near} Known in [{section}]: {', '.join(known)}.")
        try:
            known[key].check(key, value)
        except ExecutorError as error:
            raise ConfigError(f"executors.{cls.short_name}.{error}.") from None

    def say(self, setting: Setting[Any], value: Any) -> None:
        """Set it on this executor; None takes back what was said before.

        :raises ExecutorError: if it does not take the value
        """
        if value is None:
            self._said.pop(setting.name, None)
            return
        try:
            self._said[setting.name] = setting.keep(value)
        except ExecutorError as error:
            raise ExecutorError(f"{error}.") from None

    def said(self, name: str) -> Any:
        """What the constructor, else the configuration, says of it, as written or as a secret; None if neither does.

        :raises ConfigError: if the configuration is wrong
        """
        if name in self._said:
            return self._said[name]
        if self._configured is None:
            from ..config import executor_defaults

            self._configured = hidden(executor_defaults(self.short_name), self.secret_settings())
        return self._configured.get(name)

    def to_dict(self) -> dict[str, Any]:
        return {name: wire(copy.deepcopy(value)) for name, value in self._said.items()}

    def __getstate__(self) -> dict[str, Any]:
        # It is another one where this arrives, and its secrets would be known no more.
        return vars(self) | {"_configured": None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(value)}' for name, value in self._said.items())})"


def _shown(value: Any) -> str:
    """A value for people, without what variables are set to: that may be secret."""
    return f"{{{', '.join(f'{key!r}: …' for key in value)}}}" if isinstance(value, Mapping) else repr(value)


# What settings take. The messages go on after the setting's name and end without a full stop: more may follow.


def text(pattern: str = r"(?s).+", kind: str = "text that is not empty") -> Check[str]:
    """Text that matches a pattern as a whole; ``kind`` says what that is."""
    matching = re.compile(pattern)

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or not matching.fullmatch(value):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        return value

    return check


def secret(name: str, value: Any) -> Secret:
    """Text that nobody may see. Complaints do not say what was said."""
    if isinstance(value, Secret):
        return value
    secret_id = referred(value)
    if secret_id is not None:
        return Secret.known_as(secret_id)
    try:
        return Secret(value)
    except SecretError:
        raise ExecutorError(f"{name} must be {_no_secret(value)}") from None


def _no_secret(value: Any) -> str:
    """What is wrong with what is none."""
    if isinstance(value, str) and len(value) > MAX_CHARS:
        return f"text of up to {MAX_CHARS} characters, not of {len(value)}"
    if isinstance(value, str) and value:
        return "text that can be written in UTF-8"
    return "text that is not empty"


def number(kind: str, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> Check[float]:
    """A finite number."""

    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        if not (value > above and least <= value <= most):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        return value

    return check


def whole(kind: str, *, least: int, most: int | None = None) -> Check[int]:
    """A whole number; 2.0 is one."""
    as_number = number(kind, least=least, most=math.inf if most is None else most)

    def check(name: str, value: Any) -> int:
        found = as_number(name, value)
        if found != int(found):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        return int(found)

    return check


def one_of(*choices: str) -> Check[str]:
    """One of these words, in upper or lower case."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value.upper() not in choices:
            raise ExecutorError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value.upper()

    return check


def flag(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ExecutorError(f"{name} must be true or false, not {value!r}")
    return value


def texts(kind: str, complaint: Callable[[str, str], str | None]) -> Check[Mapping[str, str]]:
    """A table of text by name; ``complaint`` says what is wrong with one of them, if anything is."""

    def check(name: str, value: Any) -> Mapping[str, str]:
        if not isinstance(value, Mapping):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        for key, one in value.items():
            if not isinstance(key, str) or not isinstance(one, str):
                raise ExecutorError(f"{name} must be {kind}, which {key!r} is not")
            if said := complaint(key, one):
                raise ExecutorError(f"{name}[{key!r}] {said}")
        return value

    return check


def table(kind: str) -> Check[Mapping[str, Any]]:
    """A table of anything that JSON can hold."""

    def check(name: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ExecutorError(f"{name} must be {kind}, not {value!r}")
        return value

    return check


def optional(check: Check[T]) -> Check[T | None]:
    """For a setting that is None unless it is said."""
    return check
