"""Show docstrings as Markdown: an extension of griffe, which reads them for the documentation."""

from __future__ import annotations

import re
from typing import Any

import griffe

#: A role such as :class:`~covalent.errors.ClientError`, of which the last part is shown if it begins with a tilde.
ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`(?:~(?:[\w.]+\.)?([\w]+)|([\w.]+))`")

#: The mark before a block of text as it is, which Markdown knows by its indentation alone.
LITERAL = re.compile(r"^::\n", re.MULTILINE)


class Docstrings(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            text = ROLE.sub(lambda match: f"`{match[1] or match[2]}`", obj.docstring.value)
            obj.docstring.value = LITERAL.sub("", text)
