"""The executor contract, as a suite of tests that every executor must pass. It needs pytest.

Write a class that says which executor it is about, and what of its world can be made to fail::

    from covalent.testing.contract import ExecutorContract

    class TestMyExecutor(ExecutorContract):
        short_name = "mine"
        options = {"queue": "test"}

Every case dispatches a workflow to a real server and looks at what comes out of it.
"""

from __future__ import annotations

import pytest

for _name in (
    "crash",
    "data",
    "endings",
    "environment",
    "failures",
    "fan_out",
    "output",
    "results",
    "service",
    "settings",
):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from .faults import Faults, Held  # noqa: E402 - what is above must come first
from .lab import Lab, Limits  # noqa: E402
from .suite import ExecutorContract  # noqa: E402

__all__ = ["ExecutorContract", "Faults", "Held", "Lab", "Limits"]
