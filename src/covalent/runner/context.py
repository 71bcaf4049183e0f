"""What a task may know about itself."""

from __future__ import annotations

import os
from typing import NamedTuple

DISPATCH_VARIABLE = "COVALENT_DISPATCH_ID"
TASK_VARIABLE = "COVALENT_TASK_ID"


class Context(NamedTuple):
    dispatch_id: str
    task_id: int


def get_context() -> Context:
    """The dispatch and the task that the calling code belongs to; also in processes that the task starts.

    :raises RuntimeError: outside a task
    """
    try:
        return Context(os.environ[DISPATCH_VARIABLE], int(os.environ[TASK_VARIABLE]))
    except KeyError:
        raise RuntimeError(
            "get_context() works only inside a running task: call it in the body of an electron of a dispatched lattice."
        ) from None
