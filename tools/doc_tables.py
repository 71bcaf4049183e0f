"""Tables of the documentation that are made from the code: ``python tools/doc_tables.py``.

A page holds one between ``<!-- table: KIND EXECUTOR -->`` and ``<!-- end of table -->``. What stands there is replaced, or compared with
``--check``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import doc_messages
import doc_settings

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"

_PLACE: Final = re.compile(
    r"(?P<begin><!-- table: (?P<kind>\w+) (?P<executor>\w+) -->\n).*?(?P<end><!-- end of table -->)", re.DOTALL
)

Row = Sequence[str]

#: Rows by the name of an executor, the first of them with what the columns are called.
KINDS: Final[Mapping[str, Callable[[str], Iterable[Row]]]] = {
    "settings": doc_settings.settings,
    "refusals": doc_messages.refusals,
    "failures": doc_messages.failures,
    "waits": doc_messages.waits,
    "remedies": doc_messages.remedies,
}


def filled(page: str) -> str:
    """The text of a page, with its tables as they should be."""
    return _PLACE.sub(
        lambda place: f"{place['begin']}\n{table(KINDS[place['kind']](place['executor']))}\n{place['end']}", page
    )


def table(rows: Iterable[Row]) -> str:
    """In Markdown."""
    head, *body = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["--"] * len(head), *body))


def outdated() -> dict[Path, str]:
    """Pages whose tables are not as they should be, and what they should say."""
    texts = {page: page.read_text() for page in sorted(DOCS.rglob("*.md"))}
    return {page: new for page, text in texts.items() if (new := filled(text)) != text}


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the tables of the documentation from the code.")
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if something would change")
    only_check = parser.parse_args().check
    found = outdated()
    for page, text in found.items():
        print(f"{page.relative_to(DOCS.parent)}: {'is out of date' if only_check else 'made anew'}")
        if not only_check:
            page.write_text(text)
    return int(only_check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
