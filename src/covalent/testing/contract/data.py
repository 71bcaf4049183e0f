"""Cases: large values arrive whole, and go on from task to task."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import covalent as ct

from .lab import Lab

SIZE = 20_000_000


def large(seed: int) -> bytes:
    return random.Random(seed).randbytes(SIZE)  # noqa: S311 - only its size matters


def digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


class DataCases:
    def test_a_large_argument_arrives_whole(self, lab: Lab) -> None:
        value = large(1)
        task = lab.task(lambda x: hashlib.sha256(x).hexdigest())
        assert lab.run(task, value).value == digest(value)

    def test_a_large_value_goes_through_two_tasks_and_comes_back_whole(self, lab: Lab) -> None:
        make = lab.task(lambda seed, size: random.Random(seed).randbytes(size))  # noqa: S311
        turn = lab.task(lambda x: x[::-1])

        def workflow() -> Any:
            return turn(make(2, SIZE))

        assert digest(lab.run(workflow).value) == digest(large(2)[::-1])

    def test_a_large_value_crosses_from_one_executor_to_another_and_back(self, lab: Lab) -> None:
        make = ct.electron(lambda seed, size: random.Random(seed).randbytes(size), executor="local")  # noqa: S311
        turn = lab.task(lambda x: x[::-1])
        look = ct.electron(lambda x: hashlib.sha256(x).hexdigest(), executor="local")

        def workflow() -> Any:
            return look(turn(make(4, SIZE)))

        assert lab.run(workflow).value == digest(large(4)[::-1])

    def test_a_large_value_serves_several_tasks(self, lab: Lab) -> None:
        make = lab.task(lambda seed, size: random.Random(seed).randbytes(size))  # noqa: S311
        at = lab.task(lambda x, i: x[i])

        def workflow() -> Any:
            value = make(3, SIZE)
            return [at(value, i) for i in range(0, SIZE, SIZE // 4)]

        value = large(3)
        assert lab.run(workflow).value == [value[i] for i in range(0, SIZE, SIZE // 4)]

    def test_parts_of_a_value_can_be_used_alone(self, lab: Lab) -> None:
        pair = lab.task(lambda: {"left": [1, 2], "right": "three"})
        join = lab.task(lambda *parts: parts)

        def workflow() -> Any:
            both = pair()
            return join(both["right"], both["left"][1])

        assert lab.run(workflow).value == ("three", 2)
