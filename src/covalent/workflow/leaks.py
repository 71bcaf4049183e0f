"""Looks for secrets that somebody put, by other ways than an executor's setting, into what a workflow sends."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Final

from ..model import Submission

#: Texts shorter than this turn up by chance.
LEAST_CHARS: Final = 8


def warn_of_leaks(submission: Submission) -> None:
    """Warn if the text of a secret stands in the bytes of a function or of a value, which are stored as they are."""
    for text in submission.secrets.values():
        if len(text) >= LEAST_CHARS and (places := sorted(set(_places(submission, text.encode())))):
            warnings.warn(
                f"The text of a secret of an executor also stands in {', '.join(places)}, from where it is stored and sent unencrypted. "
                "Make the executor outside of the lattice, and give no function the text itself.",
                UserWarning,
                stacklevel=2,
            )


def _places(submission: Submission, text: bytes) -> Iterator[str]:
    graph = submission.graph
    names = {function.digest: f"the function {function.name}" for function in graph.functions}
    names |= {digest: f"the lattice {graph.name}" for digest in (graph.lattice,) if digest is not None}
    for digest, data in submission.values.items():
        if text in data:
            yield names.get(digest, "an argument")
