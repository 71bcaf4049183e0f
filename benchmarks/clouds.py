"""What a task on a batch service costs here, beside what it costs there: N tasks that do nothing, against the cloud on this machine.

    python benchmarks/clouds.py aws 1000
    python benchmarks/clouds.py azure 1000
    python benchmarks/clouds.py google 1000

Prints one JSON line for each that works on them: the client (tracing, sending, waiting), the dispatcher, and, for comparison, the emulator
with the processes that stand for containers. Seconds of CPU time, all told and for each task; a first run, which warms up, does not count.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

import covalent as ct
from covalent.executor.batch.executor import BatchExecutor
from covalent.testing import emulated_aws, emulated_azure, emulated_google
from covalent.testing.emulated import Emulated
from covalent.testing.harness import Harness

WARM_UP = 10


#: A cloud, and an executor that runs there.
CLOUDS: Mapping[str, tuple[Callable[[], AbstractContextManager[Emulated]], BatchExecutor]] = {
    "aws": (emulated_aws, ct.executor.AWSBatchExecutor()),
    "azure": (
        emulated_azure,
        ct.executor.AzureBatchExecutor(
            tenant_id="tenant-id",
            client_id="client-id",
            client_secret="client-secret",  # it opens nothing but an emulator
            batch_account_url="https://covalent.eastus.batch.azure.com",
            storage_account_name="covalentbatch",
            pool_id="covalent-pool",
        ),
    ),
    "google": (emulated_google, ct.executor.GCPBatchExecutor(bucket_name="covalent-batch-job-resources")),
}


def cpu_s(pid: int | None = None, *, with_children: bool = False) -> float:
    """CPU time of a process, this one's by default; ``with_children``, of those that it has waited for as well."""
    times = psutil.Process(pid).cpu_times()
    own = times.user + times.system
    return own + (times.children_user + times.children_system if with_children else 0.0)


def run(n: int, executor: BatchExecutor) -> None:
    @ct.electron(executor=executor)
    def nothing(x: int) -> int:
        return x

    @ct.lattice
    def wide(n: int) -> list[int]:
        return [nothing(i) for i in range(n)]

    result = ct.get_result(ct.dispatch(wide)(n), wait=True).result
    if result != list(range(n)):
        sys.exit(f"a wrong result: {result!r:.200}")


def measure(cloud: str, n: int) -> None:
    emulated, executor = CLOUDS[cloud]
    with (
        tempfile.TemporaryDirectory() as home,
        emulated() as service,
        Harness(Path(home), environment=service.environment).running() as harness,
    ):

        def spent() -> dict[str, float]:
            return {
                "client": cpu_s(),
                "dispatcher": cpu_s(harness.pid),
                "emulator": cpu_s(service.pid),
                "emulator with tasks": cpu_s(service.pid, with_children=True),
            }

        run(WARM_UP, executor)
        before, began = spent(), time.perf_counter()
        run(n, executor)
        seconds, after = time.perf_counter() - began, spent()
    used = {who: after[who] - before[who] for who in after}
    used["client and dispatcher"] = used["client"] + used["dispatcher"]
    for who, took in used.items():
        line = {
            "shape": cloud,
            "n": n,
            "who": who,
            "cpu_s": round(took, 3),
            "cpu_ms_per_task": round(took / n * 1000, 3),
            "seconds": round(seconds, 2),
        }
        print(json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cloud", choices=CLOUDS, help="whose batch service")
    parser.add_argument("n", type=int, nargs="?", default=1_000, help="how many tasks")
    arguments = parser.parse_args()
    measure(arguments.cloud, arguments.n)


if __name__ == "__main__":
    main()
