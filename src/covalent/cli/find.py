"""Dispatches by a beginning of their id."""

from __future__ import annotations

import click

from ..client.server import Server
from ..errors import NotFoundError

_FULL_LENGTH = 36


def resolve(server: Server, text: str) -> str:
    """The id that ``text`` is, or is the beginning of.

    :raises click.UsageError: if ``text`` is empty
    :raises NotFoundError: if no dispatch has such an id, or several have
    """
    if not text.strip():
        raise click.UsageError("The ID is empty; 'covalent list' shows those that there are.")
    if len(text) >= _FULL_LENGTH:
        return text
    found = [info for info in server.dispatches(limit=1000, search=text).items if info.id.startswith(text)]
    if len(found) == 1:
        return found[0].id
    if found:
        some = "\n".join(f"  {info.id}  {info.name}" for info in found[:5])
        raise NotFoundError(f"{len(found)} dispatches have an id that begins with {text!r}:\n{some}")
    raise NotFoundError(
        f"No dispatch has an id that begins with {text!r}. 'covalent list' shows those that there are; the id of one "
        "that belongs to a sublattice is needed in full."
    )
