"""The keys that there are, outside ``executors``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError, hint
from ..secrets import hidden
from .paths import data_dir

DEFAULT_PORT = 48008
SECTIONS = ("sdk", "dispatcher", "user_interface", "executors")

_LEVELS = ("debug", "info", "warning", "error", "critical")
_PORTS = (0, 65535)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One key: what it takes, and where its value comes from when the file has none."""

    kind: type[str | int]
    about: str
    default: Callable[[], str | int] = str
    same_as: str | None = None  #: The key whose value it has unless it is set.
    env: str | None = None  #: The environment variable that overrides the file.
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None

    def complaint(self, value: object) -> str | None:
        """What is wrong with ``value``, as the end of a sentence; None if nothing is."""
        if not isinstance(value, self.kind) or isinstance(value, bool):
            return f"must be {'a whole number' if self.kind is int else 'a string'}, not {value!r}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}, not {value!r}"
        if self.bounds and not self.bounds[0] <= int(value) <= self.bounds[1]:
            return f"must be between {self.bounds[0]} and {self.bounds[1]}, not {value!r}"
        return None


SETTINGS: Mapping[str, Setting] = {
    "sdk.executor": Setting(kind=str, default=lambda: "local", about="The executor of tasks that name none."),
    "sdk.log_level": Setting(
        kind=str, default=lambda: "warning", choices=_LEVELS, about="How much the client tells on stderr."
    ),
    "sdk.results_dir": Setting(
        kind=str,
        default=lambda: str(data_dir() / "results"),
        about="Where results put copies of outputs when they are saved.",
    ),
    "dispatcher.address": Setting(
        kind=str,
        default=lambda: "localhost",
        about="The host that the server listens on and that clients connect to.",
    ),
    "dispatcher.port": Setting(
        kind=int,
        default=lambda: DEFAULT_PORT,
        env="COVALENT_SVC_PORT",
        bounds=_PORTS,
        about="The port of the server; 0 takes a free one.",
    ),
    "dispatcher.database_url": Setting(
        kind=str,
        env="COVALENT_DATABASE_URL",
        about="postgresql://… for PostgreSQL; empty for SQLite in the data directory.",
    ),
    "dispatcher.takeover_s": Setting(
        kind=int,
        default=lambda: 30,
        bounds=(2, 86400),
        about="Seconds of silence after which another dispatcher on the same PostgreSQL is taken for dead.",
    ),
    "dispatcher.max_request_mib": Setting(
        kind=int, default=lambda: 256, bounds=(64, 65536), about="The largest dispatch that the server takes."
    ),
    "dispatcher.log_level": Setting(
        kind=str, default=lambda: "info", choices=_LEVELS, about="How much the server writes to its log."
    ),
    "user_interface.address": Setting(
        kind=str,
        same_as="dispatcher.address",
        about="The host under which people reach the server's pages, for example through a proxy.",
    ),
    "user_interface.port": Setting(
        kind=int, same_as="dispatcher.port", bounds=_PORTS, about="The port that goes with it."
    ),
}


def from_environment(key: str, variable: str, text: str) -> str | int:
    """The value of an environment variable.

    :raises ConfigError: if the setting does not take it
    """
    whole = SETTINGS[key].kind is int and re.fullmatch(r"\s*-?[0-9]+\s*", text)
    value: str | int = int(text) if whole else text
    if complaint := SETTINGS[key].complaint(value):
        raise ConfigError(f"The environment variable {variable} {complaint}.")
    return value


def check(key: str, value: Any) -> None:
    """Whether ``key`` may be set to ``value``; None stands for taking it away.

    :raises ConfigError: if it may not
    """
    section, _, rest = key.partition(".")
    complaint = None
    if key in SETTINGS:
        complaint = None if value is None else SETTINGS[key].complaint(value)
    elif key in SECTIONS or (section == "executors" and "." not in rest):
        if not isinstance(value, Mapping | None):
            complaint = f"must be a table, [{key}], not {value!r}"
    elif section != "executors":
        raise ConfigError(unknown_key(key))
    elif value is not None:
        _check_executor(rest, value)
    if complaint:
        raise ConfigError(f"{key} {complaint}.")


def _check_executor(path: str, value: Any) -> None:
    """Ask the executor; what lies deeper than its own keys is a table for it."""
    from ..executor.registry import check_setting  # Most configurations say nothing of executors.

    name, key, *deeper = path.split(".", 2)
    check_setting(name, key, {deeper[0]: value} if deeper else value)


def without_texts(executor: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """What is set for an executor, with a :class:`~covalent.secrets.Secret` in place of each text that nobody may see."""
    from ..executor.registry import secret_settings  # As above.

    return hidden(table, secret_settings(executor)) if table else {}


def unknown_key(key: str) -> str:
    """Sentences that say so and name the nearest key there is."""
    section, _, name = key.partition(".")
    if section not in SECTIONS:
        by_name = {k.partition(".")[2]: k for k in SETTINGS}
        near = f" Did you mean {by_name[key]!r}?" if key in by_name else hint(key, [*SETTINGS, *SECTIONS])
        return f"There is no setting {key!r}.{near} The sections are {', '.join(SECTIONS)}."
    known = [k.partition(".")[2] for k in SETTINGS if k.startswith(f"{section}.")]
    return f"There is no setting {key!r}.{hint(name, known)} Known in [{section}]: {', '.join(known)}."
