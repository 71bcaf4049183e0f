"""What a module can be told, read from its ``variables.tf``, and values of it from the words of a command line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..errors import DeployError

Value: TypeAlias = str | int | float | bool | list[str] | dict[str, str] | None

#: What stands for taking an option back to its default.
NULL: Final = "null"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable of a module."""

    name: str
    kind: str  #: As Terraform writes it: ``string``, ``number``, ``bool``, ``list(string)`` or ``map(string)``.
    about: str
    default: Value
    is_required: bool
    is_secret: bool

    def value(self, text: str) -> Value:
        """What a word of the command line means.

        :raises ValueError: if it is not of this kind; the message says what is wanted
        """
        if text == NULL:
            return None
        return _KINDS[self.kind](text)

    @property
    def shown_default(self) -> str:
        """For people; empty if there is none."""
        if self.default in (None, "", [], {}):
            return ""
        return self.default if isinstance(self.default, str) else json.dumps(self.default)


def read_variables(directory: Path) -> Mapping[str, Variable]:
    """Those of a module, by name, in the order in which they are written.

    :raises DeployError: if the library that reads them is missing
    """
    try:
        import hcl2
    except ImportError as error:
        raise DeployError(
            "'covalent deploy' reads Terraform's files with python-hcl2, which cannot be imported here "
            f"({error}). Install it: pip install 'covalent-batch[deploy]'"
        ) from error
    plain = hcl2.SerializationOptions(strip_string_quotes=True)
    document = hcl2.loads((directory / "variables.tf").read_text("utf-8"), serialization_options=plain)
    found = {name.strip('"'): body for block in document["variable"] for name, body in block.items()}
    return {name: _variable(name, body) for name, body in found.items()}


def _variable(name: str, body: Mapping[str, Any]) -> Variable:
    return Variable(
        name=name,
        kind=re.sub(r"^\$\{(.*)\}$", r"\1", body["type"]),
        about=body["description"],
        default=body.get("default"),
        is_required="default" not in body,
        is_secret=body.get("sensitive", False),
    )


def _string(text: str) -> str:
    return text


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if found - found != 0:
        raise ValueError(f"{text!r} is not a finite number")
    return found


def _bool(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def _list(text: str) -> list[str]:
    """``a,b``, or JSON."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    found = _json(text)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f'{text!r} is not a list of text: write a,b or ["a", "b"]')
    return found


def _map(text: str) -> dict[str, str]:
    """``a=1,b=2``, or JSON."""
    if text.lstrip().startswith("{"):
        found = _json(text)
        if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()):
            return found
        raise ValueError(f'{text!r} is not a table of text: write a=1,b=2 or {{"a": "1", "b": "2"}}')
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if wrong := [name for name, equals, _ in pairs if not equals or not name.strip()]:
        raise ValueError(f"{wrong[0]!r} has no value: write NAME=VALUE,NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not valid JSON: {error}") from None


_KINDS: Final = {
    "string": _string,
    "number": _number,
    "bool": _bool,
    "list(string)": _list,
    "map(string)": _map,
}
