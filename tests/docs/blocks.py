"""The code blocks of a Markdown page, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

#: Languages that the tests know what to do with. Other blocks are for reading only.
LANGUAGES = frozenset({"python", "bash", "toml", "text", "ini"})

_NOT_RUN = re.compile(r"<!--\s*not run:\s*(?P<reason>.+?)\s*-->", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block."""

    page: str
    line: int  #: Of its first line of code, from 1.
    language: str
    code: str
    is_output: bool = False  #: It shows what the block before it prints.
    not_run: str = ""  #: The reason, if the page says that it cannot be run.

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path, page: str) -> list[Block]:
    """All fenced blocks of a page. A comment ``<!-- not run: reason -->`` right before one exempts it."""
    found = []
    reason = ""
    for token in MarkdownIt().parse(path.read_text()):
        if token.type == "html_block" and (match := _NOT_RUN.search(token.content)):
            reason = match["reason"]
            continue
        if token.type == "fence" and token.map:
            language, _, rest = token.info.strip().partition(" ")
            block = Block(
                page=page,
                line=token.map[0] + 2,
                language=language,
                code=token.content,
                is_output='title="Output"' in rest,
                not_run=reason,
            )
            found.append(block)
        if not token.hidden:
            reason = ""
    return found
