"""What the pages cost, in Chromium, against a real server: first paint, a dispatch of 10,000 tasks, frames and memory while it runs.

``python -m benchmarks.ui`` measures all of it and ends with 1 if something is beyond its limit.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from tests.support.browser import chromium
from tests.support.server import RunningServer

import covalent as ct
from covalent.api.pages import BUILT
from covalent.client.pages import sign_in_address
from covalent.client.server import Server

#: Tasks at the same time, and seconds that each takes: about 200 steps of tasks a second, three for each task.
PLACES = 8
TASK_S = 0.115

FRAMES = """
() => {
  window.frames_ = [];
  let last = performance.now();
  const tick = (now) => { window.frames_.push(now - last); last = now; window.request_ = requestAnimationFrame(tick); };
  window.request_ = requestAnimationFrame((now) => { last = now; window.request_ = requestAnimationFrame(tick); });
}
"""
STOP_FRAMES = "() => { cancelAnimationFrame(window.request_); return window.frames_; }"


@dataclass(frozen=True, kw_only=True)
class Measured:
    what: str
    value: float
    unit: str
    limit: float | None = None  #: None if it is only told.

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"   (at most {self.limit:g})"
        return f"{'ok ' if self.holds else 'BAD'} {self.what:<58} {self.value:10.1f} {self.unit:<6}{limit}"


@ct.electron
def work(x: int, seconds: float) -> int:
    time.sleep(seconds)
    return x


@ct.lattice
def wide(n: int, seconds: float) -> list[Any]:
    """Many like tasks, as one stack."""
    return [work(i, seconds) for i in range(n)]


def of_scripts() -> Measured:
    """What a browser that has seen nothing yet has to fetch, at most."""
    size = sum(len(gzip.compress(path.read_bytes())) for path in (BUILT / "assets").glob("*.js"))
    return Measured(what="JavaScript, compressed, all pages together", value=size / 1000, unit="kB", limit=400)


@contextmanager
def profile(browser: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    """A browser profile that is signed in and has nothing in its cache."""
    context = browser.new_context(base_url=server.address, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(sign_in_address(Server(server.address)))
    page.get_by_role("heading", name="Dispatches").wait_for()
    page.close()
    yield context
    context.close()


def first_paint(browser: Browser, server: RunningServer) -> Iterator[Measured]:
    """From asking for the address to the first paint, and to the list."""
    painted, listed = [], []
    for _ in range(5):
        with profile(browser, server) as context:
            page = context.new_page()
            context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
            began = time.perf_counter()
            page.goto("/", wait_until="commit")
            page.get_by_role("link", name="wide").first.wait_for()
            listed.append((time.perf_counter() - began) * 1000)
            painted.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    yield Measured(
        what="first paint, empty cache, median of 5", value=statistics.median(painted), unit="ms", limit=1000
    )
    yield Measured(what="until the list is there, median of 5", value=statistics.median(listed), unit="ms")


def opening(context: BrowserContext, dispatch_id: str, what: str) -> Measured:
    """From asking for the address to the graph with all its tasks counted."""
    took = []
    for _ in range(3):
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"/dispatches/{dispatch_id}", wait_until="commit")
        wait_for_graph(page)
        took.append((time.perf_counter() - began) * 1000)
        page.close()
    return Measured(what=what, value=statistics.median(took), unit="ms", limit=2000)


def wait_for_graph(page: Page) -> None:
    page.get_by_role("tabpanel").get_by_text("work", exact=True).first.wait_for()
    page.get_by_role("tabpanel").get_by_text(re.compile(r"×\d+\D?\d{3}$")).first.wait_for()  # noqa: RUF001 - as it is shown


def under_way(context: BrowserContext, server: RunningServer, seconds: float, size: int) -> Iterator[Measured]:
    """Frames and heap while the dispatch runs, on the graph and on the table."""
    dispatch_id = ct.dispatch(wide)(size, TASK_S)
    yield opening(context, dispatch_id, f"opening a dispatch of {size:,} tasks that runs, median of 3")
    page = context.new_page()
    page.goto(f"/dispatches/{dispatch_id}")
    wait_for_graph(page)
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    for tab in ("Graph", "Tasks"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(2000)
        yield from smoothness(page, session, server, dispatch_id, seconds, tab)
    page.close()
    Server(server.address).cancel(dispatch_id, None)


def smoothness(
    page: Page, session: Any, server: RunningServer, dispatch_id: str, seconds: float, tab: str
) -> Iterator[Measured]:
    before, steps = heap_mib(session), last_event(server, dispatch_id)
    page.evaluate(FRAMES)
    began = time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    frames = sorted(page.evaluate(STOP_FRAMES))
    rate = (last_event(server, dispatch_id) - steps) / (time.monotonic() - began)
    after = heap_mib(session)
    yield Measured(what=f"{tab}: steps of tasks a second that stream in", value=rate, unit="1/s")
    yield Measured(what=f"{tab}: frames a second", value=len(frames) / seconds, unit="1/s")
    yield Measured(
        what=f"{tab}: 95 of 100 frames take at most", value=frames[int(len(frames) * 0.95)], unit="ms", limit=50
    )
    yield Measured(what=f"{tab}: the longest frame", value=frames[-1], unit="ms")
    yield Measured(what=f"{tab}: heap, after {seconds:g} s", value=after, unit="MiB", limit=150)
    yield Measured(what=f"{tab}: growth of the heap", value=after - before, unit="MiB")


def heap_mib(session: Any) -> float:
    session.send("HeapProfiler.collectGarbage")
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["JSHeapUsedSize"]) / 2**20


def last_event(server: RunningServer, dispatch_id: str) -> int:
    counts = Server(server.address).dispatch(dispatch_id).counts
    # Every task that has completed has taken four steps, and every one that runs three.
    return 4 * counts.get("COMPLETED", 0) + 3 * counts.get("RUNNING", 0)


def measure(seconds: float, size: int) -> Iterator[Measured]:
    yield of_scripts()
    with tempfile.TemporaryDirectory() as home, RunningServer.start(Path(home)) as server, chromium() as browser:
        os.environ.update(server.environment)
        done = ct.dispatch(wide)(size, 0)
        ct.get_result(done, wait=True, status_only=True)
        yield from first_paint(browser, server)
        with profile(browser, server) as context:
            yield opening(context, done, f"opening a dispatch of {size:,} tasks that has ended, median of 3")
            yield from under_way(context, server, seconds, size)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="how long frames are counted, twice")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of the dispatch")
    arguments = parser.parse_args()
    os.environ["COVALENT_LOCAL_WORKERS"] = str(PLACES)
    held = True
    print(f"processors: {os.cpu_count()}, load before: {os.getloadavg()[0]:.1f}", flush=True)
    for measured in measure(arguments.seconds, arguments.tasks):
        print(measured, flush=True)
        held &= measured.holds
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
