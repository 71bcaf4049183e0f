"""Kill the dispatcher at random moments of a map on AWS, and count what ran: each task once, in jobs that were submitted once."""

from __future__ import annotations

import random
import time
from collections import Counter

import boto3
import pytest

import covalent as ct
from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness
from covalent.testing.witness import witness

pytestmark = pytest.mark.slow

TASKS = 200
ROUNDS = 3
KILLS_A_ROUND = 10
LIMIT_S = 200

#: Seconds after the dispatch, and after each start of the server, until which it is killed; it answers after about one.
FIRST_S, LATER_S = 0.6, 2.0

STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")


def jobs_by_name(cloud: EmulatedAWS) -> Counter[str]:
    """All jobs that there are; the children of an array do not count."""
    batch = boto3.client(
        "batch",
        endpoint_url=cloud.endpoint,
        region_name=cloud.environment["AWS_REGION"],
        aws_access_key_id=cloud.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.environment["AWS_SECRET_ACCESS_KEY"],
    )
    pages = (
        page
        for state in STATES
        for page in batch.get_paginator("list_jobs").paginate(jobQueue="covalent-batch-queue", jobStatus=state)
    )
    return Counter(job["jobName"] for page in pages for job in page["jobSummaryList"])


@pytest.mark.timeout(ROUNDS * LIMIT_S)
def test_killing_the_dispatcher_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path):
    dice = random.Random(20_261_121)
    amid = 0
    with witness() as hears, emulated_aws() as cloud:
        tell = hears.tell

        def work(i: int) -> int:
            tell(f"ended {i}")
            return i * i

        task, total = ct.electron(work, executor="awsbatch"), ct.electron(sum, executor="awsbatch")
        workflow = ct.lattice(lambda n: total([task(i) for i in range(n)]))
        harness = Harness(tmp_path, environment=cloud.environment)
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
        jobs = jobs_by_name(cloud)
    print(f"\nkilled the dispatcher {ROUNDS * KILLS_A_ROUND} times, {amid} of them while tasks had yet to run")
    assert jobs == Counter(dict.fromkeys(jobs, 1)), "a group was submitted twice"
    assert len(jobs) == 2 * ROUNDS
    assert amid >= ROUNDS * KILLS_A_ROUND // 2, "the kills came too late to tell anything"
