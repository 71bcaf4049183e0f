"""Reading and changing the configuration file."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..masked_text import is_secret_name
from ..secrets import Secret
from .settings import check


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cached:
    path: Path
    stamp: tuple[int, int, int]  #: Inode, size and time of the last change.
    values: dict[str, Any]


_cached: _Cached | None = None


def values(path: Path) -> dict[str, Any]:
    """What the file says, checked; read again only after it changed. Empty if there is no file.

    :raises ConfigError: if it cannot be read or something in it is wrong
    """
    global _cached
    try:
        found = path.stat()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(path, error) from error
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    cached = _cached
    if cached is None or (cached.path, cached.stamp) != (path, stamp):
        cached = _cached = _Cached(path=path, stamp=stamp, values=_parse(path, _read(path)))
    return cached.values


def forget() -> None:
    """Have the next call of :func:`values` read the file."""
    global _cached
    _cached = None


def update(path: Path, changes: Mapping[str, Any]) -> None:
    """Set these keys, nested or dotted, and keep comments, order and all other keys. None removes a key.

    :raises ConfigError: if a key or a value is wrong, or the file cannot be written; nothing is written then
    """
    import tomlkit

    flat = dict(flatten(changes))
    for key, value in flat.items():
        check(key, value)
    # A link into somebody's directory of dotfiles stays a link.
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target):
            text = _read(target) if target.exists() else ""
            _parse(target, text)
            document = tomlkit.parse(text)
            for key, value in flat.items():
                _assign(document, key, value)
            _replace(target, tomlkit.dumps(document), is_secret=any(_is_secret(*item) for item in flat.items()))
    except OSError as error:
        raise ConfigError(f"The configuration file {path} cannot be written: {error.strerror}.") from error
    forget()


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; a table that is empty is a value."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _assign(table: Any, key: str, value: Any) -> None:
    """Set or remove one key of a document."""
    *parents, name = key.split(".")
    for parent in parents:
        if value is None and parent not in table:
            return
        table = table.setdefault(parent, {})
        if not isinstance(table, Mapping):
            raise ConfigError(f"{key} cannot be set: {parent!r} in it is a value and not a table.")
    if value is None:
        table.pop(name, None)
    elif value == {}:
        table.setdefault(name, {})
    else:
        try:
            table[name] = value.reveal() if isinstance(value, Secret) else value
        except ValueError as error:
            raise ConfigError(f"{key} cannot be set: TOML has no way to write {value!r}.") from error


def lock_path(target: Path) -> Path:
    """The lock of a configuration file. The file itself is replaced, so its lock lies beside it."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    with lock_path(target).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_secret(key: str, value: Any) -> bool:
    return value is not None and (isinstance(value, Secret) or is_secret_name(key.rpartition(".")[2]))


def _replace(target: Path, text: str, *, is_secret: bool) -> None:
    """Write the whole file or nothing. Only its owner may read a new one, and one that gets a secret."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False
    ) as file:
        new = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            if target.exists():
                mode = stat.S_IMODE(target.stat().st_mode)
                new.chmod(mode & 0o700 if is_secret else mode)
            new.replace(target)
        except BaseException:
            new.unlink()
            raise


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"The configuration file {path} cannot be read: {error.strerror}.")


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        found = re.match(r"line (\d+)", place)
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        raise ConfigError(f"{path}, line {line}: this is not valid TOML: {reason}.") from error
    for key, value in flatten(tree):
        try:
            check(key, value)
        except ConfigError as error:
            raise ConfigError(f"{path}, line {_line_of(text, key.split('.'))}: {error}") from error
    return tree


def _line_of(text: str, parts: Sequence[str]) -> int:
    """The line in which a key is set: the last of the shortest beginning of the file that is valid and has it."""
    lines = text.splitlines()
    for count in range(1, len(lines) + 1):
        try:
            node: Any = tomllib.loads("\n".join(lines[:count]))
            for part in parts:
                node = node[part]
        except (tomllib.TOMLDecodeError, KeyError, TypeError):
            continue
        return count
    return len(lines)
