"""The local executor keeps the contract of executors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil
import pytest

from covalent.testing.contract import ExecutorContract, Faults, Lab, Limits

WORKERS = 2


class LocalFaults(Faults):
    """A worker stands for a host."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @contextmanager
    def full(self) -> Iterator[None]:
        hold = self._lab.witness.hold
        crowd = self._lab.task(lambda: hold("crowd"))
        run = self._lab.start(lambda: [crowd() for _ in range(WORKERS)])
        self._lab.witness.wait_for("crowd", times=WORKERS, within_s=self._lab.limits.patience_s)
        yield
        self._lab.witness.let_go("crowd")
        run.ended()

    @contextmanager
    def lost_host(self) -> Iterator[None]:
        yield
        for worker in psutil.Process(self._lab.harness.pid).children():
            if any(line.status == psutil.CONN_ESTABLISHED for line in worker.net_connections("tcp")):
                worker.kill()


class TestLocalExecutor(ExecutorContract):
    short_name = "local"
    limits = Limits(patience_s=30, time_limit_s=0.5, slots=WORKERS)

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls) -> Mapping[str, str]:
        return {"COVALENT_LOCAL_WORKERS": str(WORKERS)}

    @pytest.fixture(scope="class")
    @classmethod
    def faults(cls, class_lab: Lab) -> Faults:
        return LocalFaults(class_lab)
