"""Kill the dispatcher at random moments of a map on a cloud, and count what ran: each task once, in jobs that were submitted once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import covalent as ct
from covalent.testing.emulated import Emulated
from covalent.testing.harness import Harness
from covalent.testing.witness import witness

#: In one round, one after the other: the longer they take, the more kills come amid them.
TASKS = 80
ROUNDS = 3
KILLS_A_ROUND = 10
LIMIT_S = 200

#: Seconds after the dispatch, and after each start of the server, until which it is killed; it answers after about half of one.
FIRST_S, LATER_S = 0.6, 1.2

#: Seconds that a task takes at least.
TASK_S = 0.05


def check_kills(
    home: Path, cloud: Emulated, executor: ct.executor.BaseExecutor | str, jobs_by_name: Callable[[], Counter[str]]
) -> None:
    """:param jobs_by_name: all jobs that the cloud has ever taken"""
    dice = random.Random(20_261_121)
    amid = 0
    with witness() as hears:
        tell = hears.tell

        def work(i: int) -> int:
            time.sleep(TASK_S)
            tell(f"ended {i}")
            return i * i

        task, total = ct.electron(work, executor=executor), ct.electron(sum, executor=executor)
        workflow = ct.lattice(lambda n: total([task(i) for i in range(n)]))
        harness = Harness(home, environment=cloud.environment)
        with harness.running():
            for _ in range(ROUNDS):
                hears.forget()
                dispatch_id = ct.dispatch(workflow)(TASKS)
                time.sleep(dice.uniform(0, FIRST_S))
                for _ in range(KILLS_A_ROUND):
                    amid += hears.words("ended").total() < TASKS
                    harness.kill()
                    harness.launch()
                    time.sleep(dice.uniform(0, LATER_S))
                harness.wait_until_up()
                assert harness.wait(dispatch_id, LIMIT_S).result == sum(i * i for i in range(TASKS))
                assert hears.words("ended") == Counter({f"ended {i}": 1 for i in range(TASKS)})
        jobs = jobs_by_name()
    print(f"\nkilled the dispatcher {ROUNDS * KILLS_A_ROUND} times, {amid} of them while tasks had yet to run")
    assert jobs == Counter(dict.fromkeys(jobs, 1)), "a group was submitted twice"
    assert len(jobs) == 2 * ROUNDS
    assert amid >= ROUNDS * KILLS_A_ROUND // 2, "the kills came too late to tell anything"
