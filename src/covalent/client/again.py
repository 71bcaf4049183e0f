"""Running a dispatch again: with other inputs, with other electrons, or without repeating what is still valid."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..errors import WorkflowError, hint
from ..workflow import Task, build, electron
from .bundle import opened
from .calls import dispatch_id_of, ids_in_full
from .result import Result
from .server import Server
from .submit import submit, with_server


def redispatch(
    dispatch_id: str | Result,
    dispatcher_addr: str | None = None,
    replace_electrons: Mapping[str, Callable[..., Any]] | None = None,
    reuse_previous_results: bool = False,
) -> Callable[..., str]:
    """Submit the workflow of an earlier dispatch again: ``redispatch(id)(arguments…)`` returns the id of the new one.

    Without arguments it gets those that it had.

    :param replace_electrons: electrons or plain functions to use in place of those of these names, in sublattices too
    :param reuse_previous_results: take the values of tasks whose function, inputs and environment are the same
    :raises NotFoundError: if there is no such dispatch
    :raises WorkflowError: if it has no electron of a name to replace, or cannot be traced or sent
    """
    earlier = dispatch_id_of(dispatch_id)
    replacements = {name: _as_electron(name, new) for name, new in (replace_electrons or {}).items()}

    def submit_it(*args: Any, **kwargs: Any) -> str:
        with ids_in_full(earlier):
            lattice, stored = with_server(dispatcher_addr, lambda server: _stored(server, earlier, replacements))
        given = (args, kwargs) if args or kwargs else stored
        submission = build(lattice, tuple(given[0]), dict(given[1]), replacements=replacements)
        return submit(replace(submission, redispatch_of=earlier, reuse=reuse_previous_results), dispatcher_addr)

    return submit_it


def _stored(server: Server, dispatch_id: str, replacements: Mapping[str, object]) -> tuple[Any, Any]:
    """The lattice and the inputs, once it is sure that every electron to replace is there."""
    if replacements:
        known = set(_names(server, dispatch_id))
        for name in replacements.keys() - known:
            raise WorkflowError(
                f"Dispatch {dispatch_id} has no electron {name!r}.{hint(name, known)} "
                f"Its electrons are: {', '.join(sorted(known))}."
            )
    lattice = opened(server.bundle(dispatch_id, "lattice"), f"the lattice of dispatch {dispatch_id}")
    return lattice, opened(server.bundle(dispatch_id, "inputs"), f"the inputs of dispatch {dispatch_id}")


def _names(server: Server, dispatch_id: str) -> Iterator[str]:
    """The electrons that a dispatch called, and those that its sublattices called."""
    for task in server.tasks(dispatch_id):
        yield task.name
        if task.child_id:
            yield from _names(server, task.child_id)


def _as_electron(name: str, new: Callable[..., Any]) -> Task[..., Any]:
    """An electron that goes by the name of the one that it replaces."""
    found = copy.copy(new) if isinstance(new, Task) else electron(new)
    found.__name__ = name
    return found
