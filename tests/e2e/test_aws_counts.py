"""What a workflow on AWS costs in calls and in bytes, counted at the emulator, on the client's side."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import covalent as ct
from covalent.testing import CallCounts, EmulatedAWS, emulated_aws
from covalent.testing.harness import Harness

pytestmark = pytest.mark.slow

WIDE = 1_000
LIMIT_S = 240

#: Calls, beside those that look for news, that a map and its reduction may make.
CALLS = 20

#: Calls that look for news.
LOOKS = ("batch:DescribeJobs", "s3:ListObjectsV2")

#: Seconds between two looks, at least.
SHORTEST_LOOK_S = 0.2

LINK_BYTES = 100_000_000


@pytest.fixture
def cloud() -> Iterator[EmulatedAWS]:
    with emulated_aws() as cloud:
        yield cloud


@pytest.fixture
def harness(cloud: EmulatedAWS, tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, environment=cloud.environment).running() as harness:
        yield harness


def by_name(calls: CallCounts) -> Counter[str]:
    return Counter({f"{service}:{name}": n for service, names in calls.client.items() for name, n in names.items()})


@ct.electron(executor="awsbatch")
def square(x):
    return x * x


@ct.electron(executor="awsbatch")
def total(numbers):
    return sum(numbers)


@ct.lattice
def squares(n):
    return total([square(i) for i in range(n)])


@ct.electron(executor="awsbatch")
def grow(value, size):
    return value or bytes(size)


@ct.electron(executor="awsbatch")
def length(value):
    return len(value)


@ct.lattice
def chain(size):
    return length(grow(grow(None, size), size))


@pytest.mark.timeout(2 * LIMIT_S)
def test_a_thousand_like_tasks_take_as_many_calls_as_a_few(cloud, harness):
    began = time.monotonic()
    dispatch_id = ct.dispatch(squares)(WIDE)
    assert harness.wait(dispatch_id, LIMIT_S).result == sum(i * i for i in range(WIDE))
    took_s = time.monotonic() - began
    counts = by_name(cloud.calls())
    looks = Counter({name: counts.pop(name, 0) for name in LOOKS})
    print(f"\n{WIDE} tasks in {took_s:.1f} s: {dict(counts)}, looks: {dict(looks)}")
    assert counts.total() <= CALLS
    assert max(looks.values()) <= math.ceil(took_s / SHORTEST_LOOK_S)
    assert max(looks.values()) - min(looks.values()) <= 5, "a look is one DescribeJobs and one listing"
    assert counts["batch:RegisterJobDefinition"] == 1

    cloud.reset_calls()
    again = ct.dispatch(squares)(2)
    assert harness.wait(again, LIMIT_S).result == 1
    assert by_name(cloud.calls())["batch:RegisterJobDefinition"] == 0


def test_values_that_tasks_pass_on_do_not_pass_through_the_dispatcher(cloud, harness):
    dispatch_id = ct.dispatch(chain)(LINK_BYTES)
    assert harness.wait(dispatch_id, LIMIT_S).result == LINK_BYTES
    calls = cloud.calls()
    moved = sum(sum(counts.values()) for counts in calls.client_bytes.values())
    print(f"\n{moved:,} bytes through the dispatcher, {calls.job_bytes['s3']} through the tasks")
    assert moved < 1_000_000
    assert calls.job_bytes["s3"]["sent"] >= 2 * LINK_BYTES
