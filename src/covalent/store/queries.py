"""The package's SQL: one set of named queries in files, written out for one dialect.

Queries are written with named parameters, ``:name``. A query with a ``-- rows:`` line takes many rows at once, which it sees as the
table ``r``. What SQLite and PostgreSQL spell differently stands in braces, ``{lock}`` or ``{in_texts:ids}``; see :class:`Dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_SQL: Final = files(__package__) / "sql"
_QUERY: Final = re.compile(r"^-- query: (\w+)\n(?:-- rows: (.+)\n)?", re.MULTILINE)
_MACRO: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_OF_ROW: Final = re.compile(r"\br\.(\w+)")
_PARAMETER: Final = re.compile(r"(?<!:):([A-Za-z_]\w*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of the rows that a query takes."""

    name: str
    type: str  #: As PostgreSQL calls it.


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one database spells what the files leave open."""

    name: str
    #: What stands for each word in braces; ``$`` in it is the parameter after the colon.
    macros: Mapping[str, str]
    #: From the name of a parameter to its placeholder.
    parameter: Callable[[str], str]

    def render(self, sql: str) -> str:
        """Fill in the braces."""
        return _MACRO.sub(lambda match: self.macros[match[1]].replace("$", f":{match[2]}"), sql)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    name: str
    sql: str
    rows: tuple[Column, ...] = ()

    def with_rows(self, source: str) -> str:
        """The query over the rows that ``source``, a SELECT or VALUES, delivers."""
        names = ", ".join(column.name for column in self.rows)
        return f"WITH r ({names}) AS ({source}) {self.sql}"

    @property
    def updates(self) -> bool:
        """Whether it is an update of the rows that match those that it takes."""
        return bool(self.rows) and self.sql.startswith("UPDATE")

    def with_one_row(self) -> str:
        """An update with one row, whose columns are the numbered parameters ``?1``, ``?2``, …"""
        number = {column.name: index for index, column in enumerate(self.rows, 1)}
        return _OF_ROW.sub(lambda match: f"?{number[match[1]]}", self.sql.replace("\nFROM r\n", "\n"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    number: int
    name: str
    scripts: tuple[str, ...]


def load_queries(dialect: Dialect) -> dict[str, Query]:
    """All queries of the package, by name."""
    found: dict[str, Query] = {}
    for entry in _SQL.iterdir():
        if entry.name.endswith(".sql"):
            found |= {query.name: query for query in _queries(entry.read_text("utf-8"), dialect)}
    return found


def _queries(text: str, dialect: Dialect) -> Iterator[Query]:
    heads = list(_QUERY.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        body = dialect.render(text[head.end() : end].strip())
        columns = [column.split() for column in head[2].split(", ")] if head[2] else []
        yield Query(
            name=head[1],
            sql=_PARAMETER.sub(lambda match: dialect.parameter(match[1]), body),
            rows=tuple(Column(name=name, type=kind) for name, kind in columns),
        )


def load_migrations(dialect: Dialect) -> list[Migration]:
    """All migrations in order: what both databases share, then what is this one's own."""
    scripts: dict[tuple[int, str], list[str]] = {}
    for entry in sorted((_SQL / "migrations").iterdir(), key=lambda entry: (len(entry.name.split(".")), entry.name)):
        stem, *middle, _ = entry.name.split(".")
        if middle in ([], [dialect.name]):
            number, name = stem.split("_", 1)
            scripts.setdefault((int(number), name), []).append(dialect.render(entry.read_text("utf-8")))
    return [
        Migration(number=number, name=name, scripts=tuple(found)) for (number, name), found in sorted(scripts.items())
    ]
