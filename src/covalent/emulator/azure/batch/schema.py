"""Requests, parsed with azure-batch's own models, so that what is taken cannot drift from what the client sends.

The client's models believe everything; the service does not. What a request holds is therefore checked against the types of the model's
fields, which gives the service's own errors.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from azure.batch import models
from azure.batch.models import _models

from ..refusal import RefusalError

_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")

#: Returns what is kept of a value; the text is the path of the property.
_Take = Callable[[Any, str], Any]


class _Field(NamedTuple):
    take: _Take
    is_required: bool


def parse(model: str, given: Any) -> dict[str, Any]:
    """What a request holds, with enumerations in the service's own spelling.

    :param model: name of a class of :mod:`azure.batch.models`
    :raises RefusalError: if the service does not take it
    """
    return _parse(model, given, "")


@functools.cache
def property_names(model: str) -> frozenset[str]:
    """As they are in JSON, those that only the service sets included."""
    return frozenset(field._rest_name for field in _rest_fields(model).values())


def seconds(duration: Any) -> float | None:
    """Of a duration as ISO 8601 has it; None if there is none, or if it is one that stands for no limit."""
    found = _DURATION.fullmatch(duration or "")
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    total = days * 86400 + hours * 3600 + minutes * 60 + rest
    # The client's way to say "no limit": the longest duration of .NET.
    return None if days > 10_000_000 else total


def _parse(model: str, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise _invalid_body(path, "An object is expected")
    fields = _fields(model)
    found = {}
    for name, value in given.items():
        if name not in fields:
            raise _invalid_body(f"{path}{name}", f"The property does not exist on type '{model}'")
        if value is not None:
            found[name] = fields[name].take(value, f"{path}{name}")
    for name, field in fields.items():
        if field.is_required and name not in found:
            raise missing(f"{path}{name}")
    return found


@functools.cache
def _fields(model: str) -> dict[str, _Field]:
    """By their names in JSON; without those that only the service sets."""
    hints = typing.get_type_hints(getattr(_models, model), localns={"_models": models})
    given = {name: field for name, field in _rest_fields(model).items() if field._visibility != ["read"]}
    return {field._rest_name: _field(hints[attribute]) for attribute, field in given.items()}


def _rest_fields(model: str) -> Mapping[str, Any]:
    kind = getattr(_models, model)
    kind({})  # The client works its fields out when it first makes one.
    fields: Mapping[str, Any] = kind._attr_to_rest_field
    return fields


def _field(hint: Any) -> _Field:
    kinds = [each for each in _flat(hint) if each is not type(None)]
    enums = [each for each in kinds if isinstance(each, type) and issubclass(each, Enum)]
    take = functools.partial(_take_enum, enums[0]) if enums else _taker(kinds[0])
    return _Field(take, is_required=type(None) not in _flat(hint))


def _flat(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [each for part in typing.get_args(hint) for each in _flat(part)]
    return [hint]


def _taker(kind: Any) -> _Take:
    if typing.get_origin(kind) is list:
        return functools.partial(_take_list, _field(typing.get_args(kind)[0]).take)
    if kind in _SIMPLE:
        return functools.partial(_take_simple, kind)
    return lambda value, path: _parse(kind.__name__, value, f"{path}.")


def _take_list(take: _Take, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _invalid_body(path, "An array is expected")
    return [take(each, f"{path}[{index}]") for index, each in enumerate(value)]


def _take_enum(kind: type[Enum], value: Any, path: str) -> str:
    for known in kind:
        if isinstance(value, str) and value.lower() == str(known.value).lower():
            return str(known.value)
    known_values = ", ".join(str(each.value) for each in kind)
    raise invalid_value(path, value, f"It must be one of {known_values}")


_SIMPLE: Final[Mapping[type, tuple[type | tuple[type, ...], str]]] = {
    str: (str, "A text"),
    bool: (bool, "true or false"),
    int: (int, "A whole number"),
    float: ((int, float), "A number"),
    dt.datetime: (str, "A time"),
    dt.timedelta: (str, "A duration"),
}


def _take_simple(kind: type, value: Any, path: str) -> Any:
    expected, name = _SIMPLE[kind]
    is_wrong = not isinstance(value, expected) or (isinstance(value, bool) and kind is not bool)
    if is_wrong or (kind is dt.timedelta and not _is_duration(value)):
        raise _invalid_body(path, f"{name} is expected")
    return value


def _is_duration(text: str) -> bool:
    found = _DURATION.fullmatch(text)
    return found is not None and any(found.groups())


def missing(path: str) -> RefusalError:
    return RefusalError(
        "MissingRequiredProperty",
        "A required property was not specified in the request body.",
        details={"PropertyName": path},
    )


def invalid_value(path: str, value: Any, reason: str) -> RefusalError:
    return RefusalError(
        "InvalidPropertyValue",
        "The value provided for one of the properties in the request body is invalid.",
        details={"PropertyName": path, "PropertyValue": str(value), "Reason": reason},
    )


def unsupported(path: str, reason: str) -> RefusalError:
    """What the service can do, and the emulator cannot."""
    return RefusalError(
        "UnsupportedProperty",
        f"The emulator does not support {path}: {reason}",
        details={"PropertyName": path, "Reason": reason},
    )


def _invalid_body(path: str, reason: str) -> RefusalError:
    return RefusalError(
        "InvalidRequestBody",
        "The specified Request Body is not syntactically valid.",
        details={"PropertyName": path, "Reason": reason},
    )
