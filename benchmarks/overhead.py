"""What a task costs beside its own work: ours, the floor and dask.distributed, in one run on the same functions.

    python benchmarks/overhead.py wide 1000
    python benchmarks/overhead.py chain 100
    python benchmarks/overhead.py single 20
    python benchmarks/overhead.py memory 10000
    python benchmarks/overhead.py all

``wide`` are N independent tasks, ``chain`` N tasks that each wait for the one before, ``single`` N dispatches of one task, ``memory``
what the dispatcher's process holds at its peak while N tasks run. The floor is ``ProcessPoolExecutor`` with cloudpickle, which stores
nothing; ours stores every step. All run on as many processes as there are cores, warmed up. Prints one JSON line for each measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle

CORES = os.cpu_count() or 2
ROUNDS = 10
EVERYTHING = (("wide", 1_000), ("chain", 100), ("single", 20), ("memory", 10_000), ("memory", 100_000))


def increment(x: int) -> int:
    return x + 1


def call(payload: bytes) -> bytes:
    function, args = cloudpickle.loads(payload)
    return cloudpickle.dumps(function(*args))


Run = Callable[[int], Any]


@contextmanager
def floor() -> Iterator[dict[str, Run]]:
    with ProcessPoolExecutor(CORES) as pool:

        def submit(x: int) -> Any:
            return pool.submit(call, cloudpickle.dumps((increment, (x,))))

        def wide(n: int) -> list[int]:
            futures = [submit(i) for i in range(n)]
            return [cloudpickle.loads(future.result()) for future in futures]

        def chain(n: int) -> int:
            x = 0
            for _ in range(n):
                x = cloudpickle.loads(submit(x).result())
            return x

        yield {"wide": wide, "chain": chain, "single": lambda _: chain(1)}


@contextmanager
def dask() -> Iterator[dict[str, Run]]:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=CORES, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):

        def wide(n: int) -> Any:
            return client.gather([client.submit(increment, i, pure=False) for i in range(n)])

        def chain(n: int) -> Any:
            x: Any = 0
            for _ in range(n):
                x = client.submit(increment, x, pure=False)
            return x.result()

        yield {"wide": wide, "chain": chain, "single": lambda _: chain(1)}


@contextmanager
def ours() -> Iterator[dict[str, Run]]:
    import covalent as ct

    task = ct.electron(increment)

    @ct.lattice
    def wide(n: int) -> Any:
        return [task(i) for i in range(n)]

    @ct.lattice
    def chain(n: int) -> Any:
        x = 0
        for _ in range(n):
            x = task(x)
        return x

    def run(lattice: Any) -> Run:
        return lambda n: ct.get_result(ct.dispatch(lattice)(n), wait=True).result

    with server():
        yield {"wide": run(wide), "chain": run(chain), "single": lambda _: run(chain)(1)}


@contextmanager
def server() -> Iterator[int]:
    """A server of its own in an empty directory; yields its process id."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "COVALENT_DATA_DIR": f"{home}/data",
            "COVALENT_CONFIG_DIR": f"{home}/config",
            "COVALENT_SVC_PORT": "0",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "covalent", "start", "--foreground"], stdout=subprocess.DEVNULL
        )
        try:
            while not Path(f"{home}/data/server.json").exists():
                if process.poll() is not None:
                    sys.exit("the server did not start")
                time.sleep(0.02)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def expected(shape: str, n: int) -> Any:
    return {"wide": list(range(1, n + 1)), "chain": n, "single": 1}[shape]


def measure(run: Run, shape: str, n: int) -> float:
    """Seconds for the fastest of some runs; the first, which warms up, does not count."""
    seconds = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        result = run(n)
        seconds.append(time.perf_counter() - began)
        if result != expected(shape, n):
            sys.exit(f"a wrong result: {result!r:.200}")
    return min(seconds[1:])


def compare(shape: str, n: int) -> None:
    seconds = {}
    for contender in (floor, dask, ours):
        with contender() as runs:
            if shape == "single":
                took = [measure(runs[shape], shape, 1) for _ in range(n)]
                seconds[contender.__name__] = statistics.median(took)
            else:
                seconds[contender.__name__] = measure(runs[shape], shape, n)
    tasks = 1 if shape == "single" else n
    for name, took in seconds.items():
        line = {
            "shape": shape,
            "n": n,
            "who": name,
            "seconds": round(took, 4),
            "ms_per_task": round(took / tasks * 1000, 3),
            "times_the_floor": round(took / seconds["floor"], 2),
            "times_dask": round(took / seconds["dask"], 3),
        }
        print(json.dumps(line))


def memory(n: int) -> None:
    import covalent as ct

    task = ct.electron(increment)

    @ct.lattice
    def wide(n: int) -> Any:
        return [task(i) for i in range(n)]

    with server() as pid:
        began = time.perf_counter()
        result = ct.get_result(ct.dispatch(wide)(n), wait=True).result
        took = time.perf_counter() - began
        if result != expected("wide", n):
            sys.exit("a wrong result")
        status = Path(f"/proc/{pid}/status").read_text()
        peak_kib = int(status.split("VmHWM:")[1].split()[0])
    line = {"shape": "memory", "n": n, "who": "ours", "peak_mib": round(peak_kib / 1024, 1), "seconds": round(took, 2)}
    print(json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=["wide", "chain", "single", "memory", "all"])
    parser.add_argument("n", type=int, nargs="?")
    chosen = parser.parse_args()
    if chosen.shape == "all":
        for shape, n in EVERYTHING:
            subprocess.run([sys.executable, __file__, shape, str(n)], check=True)
    elif chosen.n is None:
        parser.error(f"say how many tasks: {chosen.shape} N")
    elif chosen.shape == "memory":
        memory(chosen.n)
    else:
        compare(chosen.shape, chosen.n)


if __name__ == "__main__":
    main()
