"""The language in which Google's lists are filtered, as far as these are: comparisons, ``AND``, ``OR``, ``NOT`` and parentheses.

Sources: https://google.aip.dev/160, https://cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from .refusal import RefusalError

_TOKENS: Final = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<operator>=~|!~|!=|>=|<=|=|>|<|:)|(?P<mark>[()])|(?P<word>[^\s()=!<>:"~]'
    r'(?:[^\s()=!<>"~]*[^\s()=!<>:"~])?))'
)

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")

Predicate = Callable[[Any], bool]


def compile_filter(text: str, aliases: dict[str, str] | None = None) -> Predicate:
    """Whether a message fits.

    :param aliases: paths of fields, by other names that they have in filters, in lower case
    :raises RefusalError: if it is no such filter
    """
    if not text.strip():
        return lambda _: True
    parser = _Parser(text, aliases or {})
    predicate = parser.alternatives()
    parser.expect_end()
    return predicate


class _Parser:
    def __init__(self, text: str, aliases: dict[str, str]) -> None:
        self._text = text
        self._aliases = aliases
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            if not (found := _TOKENS.match(text, at)):
                raise self._refusal()
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self._at = 0

    def alternatives(self) -> Predicate:
        parts = [self._conjunction()]
        while self._take("word", "OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda message: any(part(message) for part in parts)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._refusal()

    def _conjunction(self) -> Predicate:
        parts = [self._term()]
        # What stands side by side is joined as well.
        while self._take("word", "AND") or self._peek() not in (None, ("word", "OR"), ("mark", ")")):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda message: all(part(message) for part in parts)

    def _term(self) -> Predicate:
        if self._take("word", "NOT"):
            negated = self._term()
            return lambda message: not negated(message)
        if self._take("mark", "("):
            inner = self.alternatives()
            if not self._take("mark", ")"):
                raise self._refusal()
            return inner
        path = self._next("word", "text")
        operator = self._next("operator")
        value = self._next("text", "word")
        return _comparison(self._aliases.get(path.lower(), path).split("."), operator, value, self._refusal)

    def _peek(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kind: str, value: str) -> bool:
        if self._peek() != (kind, value):
            return False
        self._at += 1
        return True

    def _next(self, *kinds: str) -> str:
        found = self._peek()
        if found is None or found[0] not in kinds:
            raise self._refusal()
        self._at += 1
        kind, value = found
        return re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value

    def _refusal(self) -> RefusalError:
        return RefusalError("INVALID_ARGUMENT", f"Unparseable filter: {self._text!r}.")


def _comparison(path: Sequence[str], operator: str, value: str, refusal: Callable[[], RefusalError]) -> Predicate:
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise refusal() from error
        return lambda message: (pattern.search(str(_field(message, path).shown)) is not None) == (operator == "=~")

    def fits(message: Any) -> bool:
        field = _field(message, path)
        if operator == ":":
            return value.lower() in str(field.shown).lower()
        try:
            left, right = field.comparable(), field.parse(value)
        except ValueError as error:
            raise refusal() from error
        return bool(_COMPARISONS[operator](left, right))

    return fits


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


class _Field:
    """A value, and how it is compared with what a filter says."""

    def __init__(self, shown: str, comparable: Any = None, parse: Callable[[str], Any] = str) -> None:
        self.shown = shown
        self._comparable = shown if comparable is None else comparable
        self.parse = parse

    def comparable(self) -> Any:
        return self._comparable


def _field(message: Any, path: Sequence[str]) -> _Field:
    """:raises RefusalError: if a message of this kind has no such field"""
    name, *rest = path
    fields = message.DESCRIPTOR
    field = fields.fields_by_name.get(name) or fields.fields_by_camelcase_name.get(name)
    if field is None:
        raise RefusalError("INVALID_ARGUMENT", f"Invalid filter: there is no field {name!r}.")
    value = getattr(message, field.name)
    if field.message_type is None:
        if field.enum_type is not None:
            return _enum(field.enum_type, value)
        return _Field(str(value), value, type(value)) if isinstance(value, int | float) else _Field(str(value))
    if field.message_type.GetOptions().map_entry:
        return _Field(value.get(".".join(rest).strip('"'), ""))
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return _Field(value.ToJsonString(), (value.seconds, value.nanos), _parse_time)
    if not rest:
        raise RefusalError("INVALID_ARGUMENT", f"Invalid filter: {name!r} cannot be compared.")
    return _field(value, rest)


def _enum(kind: Any, value: int) -> _Field:
    def parse(text: str) -> int:
        found = kind.values_by_name.get(text.upper())
        return int(found.number) if found else int(text)

    known = kind.values_by_number.get(value)
    return _Field(known.name if known else str(value), value, parse)


def _parse_time(text: str) -> tuple[int, int]:
    """Seconds and nanoseconds; Python's own times end at microseconds."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time: {text!r}")
    day, _, hour = found[1].partition("T")
    moment = datetime.fromisoformat(f"{day}T{hour or '00:00:00'}{found[3] or 'Z'}")
    return int(moment.timestamp()), int((found[2] or "").ljust(9, "0"))
