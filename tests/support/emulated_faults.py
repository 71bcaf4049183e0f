"""What the world of an executor can suffer that runs its tasks on a cloud on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from covalent.testing.contract import Faults
from covalent.testing.emulated import Emulated

#: More than a task needs to begin, on a busy machine.
BEGUN_S = 2.5


class EmulatedFaults(Faults):
    #: The operation that submits a job, and the one by which a job is found that was submitted before.
    submit: ClassVar[str]
    find: ClassVar[str]
    #: Operations of clients, those of the object store included.
    operations: ClassVar[Sequence[str]]
    #: The setting that names the image of tasks.
    image_option: ClassVar[str] = "container_image_uri"

    def __init__(self, cloud: Emulated) -> None:
        self._cloud = cloud

    @contextmanager
    def throttled(self) -> Iterator[None]:
        for operation in self.operations:
            self._cloud.faults.throttle(operation, 2)
        yield
        self._cloud.faults.clear()

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self._cloud.faults.unreachable(600)
        yield
        self._cloud.faults.clear()

    @contextmanager
    def lost_answer(self) -> Iterator[None]:
        self._cloud.faults.lose_answer(self.submit)
        yield
        self._cloud.faults.clear()

    @contextmanager
    def held_answer(self) -> Iterator[_Held]:
        # Whoever has lost an answer asks what became of the submission, and is not told.
        self._cloud.faults.lose_answer(self.submit, None)
        self._cloud.faults.throttle(self.find, None)
        yield _Held(self, self.submissions())
        self._cloud.faults.clear()

    @contextmanager
    def full(self) -> Iterator[None]:
        self._cloud.faults.hold()
        yield
        self._cloud.faults.release()

    @contextmanager
    def lost_host(self) -> Iterator[None]:
        self._cloud.faults.lose_host(after_s=BEGUN_S)
        yield

    @contextmanager
    def taken_host(self) -> Iterator[None]:
        self._cloud.faults.preempt(after_s=BEGUN_S)
        yield

    @contextmanager
    def out_of_memory(self) -> Iterator[None]:
        self._cloud.faults.out_of_memory(after_s=BEGUN_S)
        yield

    @contextmanager
    def bad_image(self) -> Iterator[Mapping[str, Any]]:
        self._cloud.faults.bad_image(None)
        yield {self.image_option: "example.com/no/such/image:1"}
        self._cloud.faults.clear()

    def submissions(self) -> int:
        return self._cloud.calls().client.get("batch", {}).get(self.submit, 0)


class _Held:
    def __init__(self, faults: EmulatedFaults, before: int) -> None:
        self._faults, self._before = faults, before

    def wait(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while self._faults.submissions() == self._before:
            assert time.monotonic() < deadline, "nothing was submitted"
            time.sleep(0.02)
