"""The calls that a workflow's script makes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, overload

from ..errors import ClientError, NotFoundError, WorkflowError
from ..workflow import Lattice, Task
from . import process
from .result import Result
from .save import Kinds
from .server import connect
from .submit import submit
from .wait import tell, wait_for

#: Of the ids that this client gives.
ID_LENGTH = 36

_IN_A_TASK = "COVALENT_DISPATCH_ID"  #: Variable of the environment that only tasks have.


def dispatch(
    lattice: Lattice[..., Any], dispatcher_addr: str | None = None, *, disable_run: bool = False
) -> Callable[..., str]:
    """Submit a workflow: ``dispatch(lattice)(arguments…)`` returns the id of the dispatch.

    A server on this machine is started if none runs and no address says where else one is.

    :param dispatcher_addr: ``host:port`` or a URL; by default the server of this data directory, or the configured one
    :param disable_run: store it without starting it
    :raises WorkflowError: if the workflow cannot be traced or sent
    :raises ClientError: if there is no server, or it refuses
    """
    _require_lattice(lattice)

    def submit_it(*args: Any, **kwargs: Any) -> str:
        submission = lattice.build_graph(*args, **kwargs)
        return submit(replace(submission, start=not disable_run), dispatcher_addr)

    return submit_it


def dispatch_sync(lattice: Lattice[..., Any], dispatcher_addr: str | None = None) -> Callable[..., Result]:
    """Submit a workflow and wait for its result, as :func:`dispatch` and :func:`get_result` do."""
    send = dispatch(lattice, dispatcher_addr)

    def submit_and_wait(*args: Any, **kwargs: Any) -> Result:
        return get_result(send(*args, **kwargs), wait=True, dispatcher_addr=dispatcher_addr)

    return submit_and_wait


@overload
def get_result(
    dispatch_id: str | Result,
    wait: bool = ...,
    dispatcher_addr: str | None = ...,
    status_only: Literal[False] = ...,
    *,
    results_dir: str | Path | None = ...,
    workflow_output: bool = ...,
    intermediate_outputs: bool = ...,
    sublattice_results: bool = ...,
) -> Result: ...
@overload
def get_result(
    dispatch_id: str | Result, wait: bool = ..., dispatcher_addr: str | None = ..., *, status_only: Literal[True]
) -> dict[str, str]: ...
def get_result(
    dispatch_id: str | Result,
    wait: bool = False,
    dispatcher_addr: str | None = None,
    status_only: bool = False,
    *,
    results_dir: str | Path | None = None,
    workflow_output: bool = True,
    intermediate_outputs: bool = True,
    sublattice_results: bool = True,
) -> Result | dict[str, str]:
    """What a dispatch has come to.

    Values are fetched from the server when they are touched. With ``results_dir``, copies of those that there are by now are
    written there at once, and the three switches say which: what the workflow returned, what its tasks returned and
    wrote, and the same for its sublattices.

    :param wait: return only when the dispatch has ended; Ctrl-C leaves it running
    :param status_only: return ``{"id": …, "status": …}`` instead
    :raises NotFoundError: if there is no such dispatch
    :raises ClientError: if there is no server, or it refuses
    """
    wanted = dispatch_id_of(dispatch_id)
    with ids_in_full(wanted):
        info = wait_for(wanted, dispatcher_addr) if wait else connect(dispatcher_addr).dispatch(wanted)
    if status_only:
        return {"id": info.id, "status": info.status}
    kinds = Kinds(workflow=workflow_output, intermediate=intermediate_outputs, sublattices=sublattice_results)
    result = Result(connect(dispatcher_addr), info, results_dir=results_dir, kinds=kinds)
    if results_dir is not None:
        result.save_result()
    return result


def cancel(
    dispatch_id: str | Result, task_ids: int | Iterable[int] | None = None, dispatcher_addr: str | None = None
) -> str:
    """Cancel a dispatch, or some of its tasks; returns what was done, in a sentence.

    :raises NotFoundError: if there is no such dispatch or task
    :raises ClientError: if there is no server, or it refuses
    """
    tasks = [task_ids] if isinstance(task_ids, int) else task_ids
    wanted = dispatch_id_of(dispatch_id)
    with ids_in_full(wanted):
        return connect(dispatcher_addr).cancel(wanted, tasks)


def covalent_start(port: int | None = None, *, quiet: bool = False) -> str:
    """Start the server of this data directory in the background, unless it runs; returns its address.

    :raises ServerError: if it does not start
    """
    started = process.ensure_running(port=port)
    if not quiet:
        word = "Started a Covalent server" if started.new else "A Covalent server already runs"
        tell(f"{word} at {started.record.address}.")
    return started.record.address


def covalent_stop(*, quiet: bool = False) -> None:
    """Stop it. What it was running goes on when it is started again.

    :raises ServerError: if it does not end
    """
    stopped = process.stop()
    if not quiet:
        tell(f"Stopped the Covalent server at {stopped.address}." if stopped else "No Covalent server was running.")


def is_covalent_running() -> bool:
    """Whether the server of this data directory answers."""
    return process.running() is not None


def dispatch_id_of(dispatch: str | Result) -> str:
    """The id itself, or that of a result.

    :raises ClientError: if it is neither
    """
    found = getattr(dispatch, "dispatch_id", dispatch)
    if not isinstance(found, str) or not found:
        raise ClientError(f"{dispatch!r} is not the id of a dispatch; dispatch(lattice)(…) returns one.")
    return found


@contextmanager
def ids_in_full(dispatch_id: str) -> Iterator[None]:
    """Say of an id that is not found and looks like the beginning of one that here it is needed in full."""
    try:
        yield
    except NotFoundError as error:
        if len(dispatch_id) >= ID_LENGTH:
            raise
        raise NotFoundError(
            f"{error} Ids are needed in full here, with their {ID_LENGTH} characters; 'covalent list' shows them."
        ) from None


def _require_lattice(lattice: object) -> None:
    if isinstance(lattice, Lattice):
        return
    name = getattr(lattice, "__name__", repr(lattice))
    if isinstance(lattice, Task) and lattice.lattice:
        raise WorkflowError(
            f"dispatch() takes a workflow, and {name} is a sublattice, which runs as a task of one. "
            "Give it the lattice without the @covalent.electron around it."
        )
    if isinstance(lattice, FunctionType) and _IN_A_TASK in os.environ:
        raise WorkflowError(
            f"dispatch() takes a workflow, and in a task {name} is a plain function, even if it was made a lattice outside. Call it as a "
            "sublattice in the outer lattice, with @covalent.electron over @covalent.lattice, or decorate it inside the task."
        )
    if not callable(lattice):
        raise WorkflowError(
            f"dispatch() takes a workflow, and was given a value of type {type(lattice).__name__}. A lattice that is called "
            "runs at once, as any function does: call dispatch as dispatch(lattice)(arguments…)."
        )
    raise WorkflowError(
        f"dispatch() takes a workflow, and {name} is not one. Decorate it with @covalent.lattice, and call dispatch as "
        f"dispatch({name})(arguments…)."
    )
