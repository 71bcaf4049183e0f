"""Settings: defaults < file < environment < call. Read when asked, never on import.

The file is ``covalent.conf`` (TOML) in ``$COVALENT_CONFIG_DIR``, ``$XDG_CONFIG_HOME/covalent`` or ``~/.config/covalent``. The sections
``sdk``, ``dispatcher`` and ``user_interface`` hold the keys of :data:`SETTINGS` and no others; ``executors.<name>`` holds what that
executor takes.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import ConfigError, hint
from . import file
from .address import normalize_address, url_of
from .paths import config_path, data_dir
from .settings import DEFAULT_PORT, SECTIONS, SETTINGS, from_environment, unknown_key, without_texts

__all__ = [
    "DEFAULT_PORT",
    "SETTINGS",
    "config_path",
    "data_dir",
    "dispatcher_address",
    "executor_defaults",
    "get_config",
    "normalize_address",
    "reload_config",
    "set_config",
    "ui_address",
]

ADDRESS_VARIABLE = "COVALENT_DISPATCHER_ADDR"


def get_config(key: str | None = None) -> Any:
    """The value under a dotted key, a section as a dict, or everything if no key is given.

    A secret setting of an executor that is not asked for by its own key is given as a :class:`covalent.secrets.Secret`, whose
    ``reveal()`` gives the text.

    :raises ConfigError: if there is no such key, or the file is wrong
    """
    if key is None:
        return {section: _section(section) for section in SECTIONS}
    if key in SETTINGS:
        return _value(key)
    return _section(key) if key in SECTIONS else _executor_value(key)


def set_config(key_or_dict: str | Mapping[str, Any], value: Any = None) -> None:
    """Write one key, or those of a dict (nested or dotted), into the file. Everything else in it stays as it is.

    None as a value takes the key out of the file again, so that its default applies.

    :raises ConfigError: if a key is unknown, a value is of the wrong type, or the file cannot be written
    """
    changes = key_or_dict if isinstance(key_or_dict, Mapping) else {key_or_dict: value}
    file.update(config_path(), changes)


def reload_config() -> None:
    """Read the file again now, whether or not it seems to have changed.

    :raises ConfigError: if the file is wrong
    """
    file.forget()
    file.values(config_path())


def executor_defaults(name: str) -> dict[str, Any]:
    """What the file sets in ``[executors.<name>]``, as written: for the executor alone, as there may be secrets among it.

    :raises ConfigError: if the file is wrong
    """
    return copy.deepcopy(file.values(config_path()).get("executors", {}).get(name, {}))


def dispatcher_address() -> str:
    """The URL under which clients reach the server, unless the server itself says otherwise.

    :raises ConfigError: if a setting is wrong
    """
    given = os.environ.get(ADDRESS_VARIABLE)
    if given:
        return normalize_address(given, ADDRESS_VARIABLE, default_port=_stored("dispatcher.port"))
    return url_of("http", _stored("dispatcher.address"), _stored("dispatcher.port"))


def ui_address(server: str) -> str:
    """The URL under which people reach the pages of the server at the URL ``server``.

    :raises ConfigError: if a setting is wrong
    """
    said = file.values(config_path()).get("user_interface", {})
    parts = urlsplit(server)
    return url_of(parts.scheme, said.get("address", parts.hostname), said.get("port", parts.port))


def _value(key: str) -> Any:
    """The value of one of :data:`SETTINGS`."""
    if key in ("dispatcher.address", "dispatcher.port") and os.environ.get(ADDRESS_VARIABLE):
        parts = urlsplit(dispatcher_address())
        return parts.hostname if key == "dispatcher.address" else parts.port
    return _stored(key)


def _stored(key: str) -> Any:
    """The same, as if nobody had set the address of a server in the environment."""
    setting = SETTINGS[key]
    if setting.env and (text := os.environ.get(setting.env)):
        return from_environment(key, setting.env, text)
    section, name = key.split(".")
    found = file.values(config_path()).get(section, {})
    if name in found:
        return found[name]
    return _value(setting.same_as) if setting.same_as else setting.default()


def _section(section: str) -> dict[str, Any]:
    if section == "executors":
        return {name: _shown(name) for name in file.values(config_path()).get("executors", {})}
    return {key.partition(".")[2]: _value(key) for key in SETTINGS if key.startswith(f"{section}.")}


def _shown(executor: str) -> dict[str, Any]:
    """What the file sets for an executor, as it may be shown."""
    return without_texts(executor, executor_defaults(executor))


def _executor_value(key: str) -> Any:
    """Something below ``executors``, as the file has it; a whole executor that is not there is empty."""
    if not key.startswith("executors."):
        raise ConfigError(unknown_key(key))
    _, name, *rest = key.split(".")
    node: Any = executor_defaults(name) if rest else _shown(name)
    for part in rest:
        if not isinstance(node, dict) or part not in node:
            known = list(node) if isinstance(node, dict) else []
            raise ConfigError(f"{key!r} is not set in {config_path()}.{hint(part, known)}")
        node = node[part]
    return node
