"""``$filter``, ``$select``, ``maxresults`` and the pages of lists.

Source: https://learn.microsoft.com/azure/batch/batch-efficient-list-queries
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from ...pages import page
from ..refusal import RefusalError

_MAX_RESULTS: Final = 1000

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<time>datetime'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark>[(),])|(?P<name>[A-Za-z_][\w/.]*))",
    re.IGNORECASE,
)
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}

View = Mapping[str, Any]
Predicate = Callable[[View], bool]


def compile_filter(text: str, properties: frozenset[str]) -> Predicate:
    """Whether something fits, as the API shows it.

    :param properties: names that the first part of a path can have
    :raises RefusalError: if it is no such filter
    """
    if not text.strip():
        return lambda _: True
    parser = _Parser(text, properties)
    predicate = parser.disjunction()
    parser.expect_end()
    return predicate


def compile_select(text: str, properties: frozenset[str]) -> Callable[[View], View]:
    """
    :raises RefusalError: if something is selected that there is not
    """
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if not wanted:
        return lambda view: view
    for name in wanted:
        if name.partition("/")[0] not in properties:
            raise invalid_query("$select", text, f"There is no property {name!r}")
    roots = [name.partition("/")[0] for name in wanted]
    return lambda view: {name: view[name] for name in roots if name in view}


def paginate(items: Sequence[Any], query: Mapping[str, str], url: str) -> tuple[Sequence[Any], str | None]:
    """The page that is asked for, and where the next one is.

    :param url: of the list, without a query
    :raises RefusalError: if there cannot be such a page
    """
    text = query.get("maxresults", str(_MAX_RESULTS))
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_RESULTS:
        raise RefusalError(
            "OutOfRangeQueryParameterValue",
            "A query parameter specified in the request URI is outside the permissible range.",
            details={"QueryParameterName": "maxresults", "QueryParameterValue": text, "MaximumAllowed": "1000"},
        )
    try:
        shown, token = page(items, int(text), query.get("$skiptoken"))
    except ValueError as error:
        raise invalid_query("$skiptoken", query["$skiptoken"], str(error)) from error
    if token is None:
        return shown, None
    return shown, f"{url}?{urlencode({**query, '$skiptoken': token}, quote_via=quote)}"


def invalid_query(name: str, value: str, reason: str) -> RefusalError:
    return RefusalError(
        "InvalidQueryParameterValue",
        "Value for one of the query parameters specified in the request URI is invalid.",
        details={"QueryParameterName": name, "QueryParameterValue": value, "Reason": reason},
    )


class _Parser:
    def __init__(self, text: str, properties: frozenset[str]) -> None:
        self._text = text
        self._properties = properties
        self._tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            if not (found := _TOKEN.match(text, at)):
                raise self._refusal(f"Syntax error at position {at}")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self._at = 0
        self._folds = False  # whether the property that was read last is compared without regard to case

    def disjunction(self) -> Predicate:
        parts = [self._conjunction()]
        while self._take("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda view: any(part(view) for part in parts)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._refusal(f"Unexpected {self._tokens[self._at][1]!r}")

    def _conjunction(self) -> Predicate:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda view: all(part(view) for part in parts)

    def _term(self) -> Predicate:
        if self._take("not"):
            negated = self._term()
            return lambda view: not negated(view)
        if self._take("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        return self._startswith() if self._take("startswith") else self._comparison()

    def _startswith(self) -> Predicate:
        self._expect("(")
        read = self._property()
        self._expect(",")
        kind, prefix = self._literal()
        if kind != "text":
            raise self._refusal("startswith takes a text")
        self._expect(")")
        return lambda view: str(read(view) or "").startswith(str(prefix))

    def _comparison(self) -> Predicate:
        read = self._property()
        kind, word = self._next()
        compare = _COMPARISONS.get(word.lower()) if kind == "name" else None
        if compare is None:
            raise self._refusal(f"{word!r} is no operator")
        kind, wanted = self._literal()
        as_kind = _moment if kind == "time" else lambda value: value

        def fits(view: View) -> bool:
            value = read(view)
            if value is None or wanted is None:
                return compare in (operator.eq, operator.ne) and compare(value, wanted)
            try:
                return compare(as_kind(value), wanted)
            except (TypeError, ValueError) as error:
                raise self._refusal(f"{value!r} cannot be compared with {wanted!r}") from error

        return fits

    def _property(self) -> Callable[[View], Any]:
        kind, path = self._next()
        first, *rest = path.split("/")
        if kind != "name" or first not in self._properties:
            raise self._refusal(f"There is no property {path!r} that can be filtered by")
        # Ids keep their case, and are compared without it.
        fold = str.lower if path == "id" else None

        def read(view: View) -> Any:
            value = view.get(first)
            for name in rest:
                value = value.get(name) if isinstance(value, Mapping) else None
            return fold(value) if fold and isinstance(value, str) else value

        self._folds = fold is not None
        return read

    def _literal(self) -> tuple[str, Any]:
        kind, word = self._next()
        if kind == "text":
            text = word[1:-1].replace("''", "'")
            return kind, text.lower() if self._folds else text
        if kind == "number":
            return kind, float(word) if "." in word else int(word)
        if kind == "time":
            try:
                return kind, _moment(word[len("datetime'") : -1])
            except ValueError as error:
                raise self._refusal(f"{word} is no time") from error
        if word.lower() in _CONSTANTS:
            return "constant", _CONSTANTS[word.lower()]
        raise self._refusal(f"{word!r} is no value")

    def _take(self, word: str) -> bool:
        found = self._tokens[self._at : self._at + 1]
        if not found or found[0][0] == "text" or found[0][1].lower() != word:
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._refusal(f"{mark!r} is missing")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._refusal("It ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _refusal(self, reason: str) -> RefusalError:
        return invalid_query("$filter", self._text, reason)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
