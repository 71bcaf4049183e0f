"""The workflow of the kill tests, and the client process that dispatches it: ``python kill_workflow.py JOURNAL``.

Each task writes a line when it begins and one when it ends, so that afterwards the lines say what really ran, how often.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import covalent as ct

WIDE = 300
CHAINS, LINKS = 10, 16
TASKS = WIDE + CHAINS * LINKS + WIDE // 10 + CHAINS  # 500


def note(journal: str, word: str) -> None:
    context = ct.get_context()
    line = f"{word} {context.dispatch_id} {context.task_id}\n".encode()
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


@ct.electron
def square(journal: str, x: int) -> int:
    note(journal, "begin")
    time.sleep(0.002 * (x % 3))
    note(journal, "end")
    return x * x


@ct.electron
def add(journal: str, numbers: list[int]) -> int:
    note(journal, "begin")
    total = sum(numbers)
    note(journal, "end")
    return total


@ct.lattice
def workflow(journal: str) -> int:
    squares = [square(journal, x) for x in range(WIDE)]
    sums = [add(journal, squares[i : i + 10]) for i in range(0, WIDE, 10)]
    ends = []
    for chain in range(CHAINS):
        value = chain
        for _ in range(LINKS):
            value = add(journal, [value, 1])
        ends.append(add(journal, [value, *sums[chain * 3 : chain * 3 + 3]]))
    return ends


EXPECTED = [chain + LINKS + sum(x * x for x in range(chain * 30, chain * 30 + 30)) for chain in range(CHAINS)]


if __name__ == "__main__":
    journal = Path(sys.argv[1])
    dispatch_id = ct.dispatch(workflow)(str(journal))
    print(dispatch_id, flush=True)
    print(ct.get_result(dispatch_id, wait=True).result, flush=True)
