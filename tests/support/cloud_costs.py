"""What workflows on a cloud cost in calls and in bytes, counted at its emulator, on the client's side."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence

import covalent as ct
from covalent.testing.emulated import CallCounts, Emulated
from covalent.testing.harness import Harness

WIDE = 1_000
LIMIT_S = 240

#: Calls, beside those that look for news, that a map and its reduction may make.
CALLS = 20

#: Seconds between two looks, at least.
SHORTEST_LOOK_S = 0.2

LINK_BYTES = 100_000_000


def by_name(calls: CallCounts) -> Counter[str]:
    return Counter({f"{service}:{name}": n for service, names in calls.client.items() for name, n in names.items()})


def check_map(
    cloud: Emulated,
    harness: Harness,
    executor: ct.executor.BaseExecutor | str,
    looks: Sequence[str],
    *,
    most: int = CALLS,
) -> Counter[str]:
    """Run a map of 1,000 tasks and its reduction, and hold its calls against what is allowed; the calls beside looks.

    :param looks: the two calls that look for news: at the job, and at the bucket
    :param most: calls beside them that are allowed
    """
    square, total = ct.electron(lambda x: x * x, executor=executor), ct.electron(sum, executor=executor)
    squares = ct.lattice(lambda n: total([square(i) for i in range(n)]))
    began = time.monotonic()
    assert harness.wait(ct.dispatch(squares)(WIDE), LIMIT_S).result == sum(i * i for i in range(WIDE))
    took_s = time.monotonic() - began
    counts = by_name(cloud.calls())
    looked = Counter({name: counts.pop(name, 0) for name in looks})
    print(f"\n{WIDE} tasks in {took_s:.1f} s: {dict(counts)}, looks: {dict(looked)}")
    assert counts.total() <= most
    assert max(looked.values()) <= math.ceil(took_s / SHORTEST_LOOK_S)
    assert max(looked.values()) - min(looked.values()) <= 5, "a look is one question after the job and one listing"
    cloud.reset_calls()
    assert harness.wait(ct.dispatch(squares)(2), LIMIT_S).result == 1
    return counts


def check_chain(cloud: Emulated, harness: Harness, executor: ct.executor.BaseExecutor | str, store: str) -> None:
    """Pass 100 MB from task to task, and see that they do not pass through the dispatcher.

    :param store: the service that keeps objects
    """
    grow = ct.electron(lambda value, size: value or bytes(size), executor=executor)
    length = ct.electron(len, executor=executor)
    chain = ct.lattice(lambda size: length(grow(grow(None, size), size)))
    assert harness.wait(ct.dispatch(chain)(LINK_BYTES), LIMIT_S).result == LINK_BYTES
    calls = cloud.calls()
    moved = sum(sum(counts.values()) for counts in calls.client_bytes.values())
    print(f"\n{moved:,} bytes through the dispatcher, {calls.job_bytes[store]} through the tasks")
    assert moved < 1_000_000
    assert calls.job_bytes[store]["sent"] >= 2 * LINK_BYTES
