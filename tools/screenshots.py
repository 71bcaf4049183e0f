"""Take the pictures of the pages that the documentation shows, with a real server and workflows that really run.

``make screenshots`` does it. The pictures are in ``docs/images``; the ones that end in ``-dark`` are in dark colours.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page
from tests.support.browser import chromium
from tests.support.server import RunningServer

import covalent as ct
from covalent.client.pages import sign_in_address
from covalent.client.server import Server

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = {"width": 1440, "height": 900}

#: Seconds in which things have come to rest: fonts, the layout of a graph, what fades in.
STILL_S = 1.5


@ct.electron
def fetch_catalogue(year: int) -> list[str]:
    print(f"reading the catalogue of {year}")
    time.sleep(0.3)
    return [f"scene-{year}-{n:03}" for n in range(4)]


@ct.electron
def align(scene: str) -> str:
    for step in range(1, 6):
        print(f"{scene}: aligned {20 * step} %", flush=True)
        time.sleep(0.1)
    return scene


@ct.electron
def detect(scene: str, threshold: float) -> dict[str, float]:
    time.sleep(0.05 + (hash(scene) % 7) / 20)
    return {"threshold": threshold, "sources": float(len(scene))}


@ct.electron
def calibrate(found: list[Any]) -> dict[str, float]:
    time.sleep(0.5)
    return {"zero_point": 25.1, "scatter": 0.4 / len(found)}


@ct.electron
def light_curves(found: list[Any], calibration: dict[str, float]) -> list[float]:
    time.sleep(0.4)
    return [calibration["zero_point"]] * len(found)


@ct.electron
def report(curves: list[Any]) -> str:
    print("written report.html")
    return f"{len(curves)} light curves"


@ct.electron
@ct.lattice
def reduce_year(scenes: list[str]) -> Any:
    aligned = [align(scene) for scene in scenes]
    return calibrate([detect(scene, 3.5) for scene in aligned])


@ct.lattice
def survey(years: list[int], threshold: float) -> Any:
    """Find variable stars in the images of some years."""
    catalogues = [fetch_catalogue(year) for year in years]
    found = [detect(f"scene-{n}", threshold) for n in range(24)]
    reduced = [reduce_year(scenes) for scenes in catalogues]
    calibration = calibrate(found)
    curves = [light_curves(found, calibration), light_curves(reduced, calibration)]
    return report(curves)


@ct.electron
def read_spectrum(name: str) -> list[float]:
    print(f"reading {name}.fits")
    return [1.0, 0.0, 2.0]


@ct.electron
def normalise(spectrum: list[float], line: int) -> list[float]:
    print(f"dividing by the continuum at {line}", file=sys.stderr)
    return [value / spectrum[line] for value in spectrum]


@ct.electron
def fit(spectra: list[Any]) -> float:
    return 0.1 * len(spectra)


@ct.lattice
def redshifts(names: list[str]) -> Any:
    """Measure redshifts from spectra."""
    return fit([normalise(read_spectrum(name), number % 3) for number, name in enumerate(names)])


@ct.electron
def simulate(seed: int, seconds: float) -> int:
    for step in range(1, 1000):
        print(f"seed {seed}: step {step}", flush=True)
        time.sleep(seconds / 10)
        if step >= 10:
            break
    return seed


@ct.lattice
def n_body(seeds: int, seconds: float) -> Any:
    """Collide two galaxies, many times."""
    return report([simulate(seed, seconds) for seed in range(seeds)])


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Dispatches that the pictures show."""

    ended: str
    failed: str
    running: str


def populate() -> Shown:
    """Have workflows run, so that there is something to show."""
    for n in range(3):
        ct.dispatch_sync(redshifts)([f"quasar-{n}"])
    cancelled = ct.dispatch(n_body)(40, 2.0)
    time.sleep(1.0)
    ct.cancel(cancelled)
    failed = ct.dispatch(redshifts)([f"galaxy-{n}" for n in range(6)])
    ct.get_result(failed, wait=True)
    ct.dispatch_sync(n_body)(12, 0.2)
    ended = ct.dispatch(survey)([2023, 2024, 2025], 3.5)
    ct.get_result(ended, wait=True)
    running = ct.dispatch(n_body)(400, 3.0)
    return Shown(ended=ended, failed=failed, running=running)


def open_tab(name: str) -> Callable[[Page], None]:
    """Go to a tab of the page of a dispatch, and leave nothing marked as being in focus."""

    def go(page: Page) -> None:
        page.get_by_role("tab", name=name).first.click()
        page.evaluate("document.activeElement.blur()")

    return go


def stay(page: Page) -> None:
    """Show the page as it comes."""


def shots(shown: Shown) -> dict[str, tuple[str, Callable[[Page], None]]]:
    """By the name of the picture: the path of the page, and what to do there."""
    return {
        "dispatches": ("/", stay),
        "dispatch": (f"/dispatches/{shown.ended}", stay),
        "timeline": (f"/dispatches/{shown.ended}", open_tab("Timeline")),
        "tasks": (f"/dispatches/{shown.running}", open_tab("Tasks")),
        "running": (f"/dispatches/{shown.running}", stay),
        "task": (f"/dispatches/{shown.failed}/tasks/3", stay),
        "executors": ("/executors", stay),
    }


def take(browser: Browser, server: RunningServer, shown: Shown, colours: Literal["light", "dark"]) -> None:
    context = browser.new_context(base_url=server.address, viewport=SIZE, color_scheme=colours)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(sign_in_address(Server(server.address)))
    page.get_by_role("heading", name="Dispatches").wait_for()
    for name, (path, prepare) in shots(shown).items():
        page.goto(path)
        page.get_by_role("heading").first.wait_for()
        page.wait_for_timeout(STILL_S * 1000)
        prepare(page)
        page.wait_for_timeout(STILL_S * 1000)
        target = IMAGES / f"ui-{name}{'-dark' if colours == 'dark' else ''}.png"
        page.screenshot(path=target)
        print(target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target)
    context.close()


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    os.environ["COVALENT_LOCAL_WORKERS"] = "4"
    with tempfile.TemporaryDirectory() as home, RunningServer.start(Path(home)) as server, chromium() as browser:
        os.environ.update(server.environment)
        shown = populate()
        for colours in ("light", "dark"):
            take(browser, server, shown, colours)
        Server(server.address).cancel(shown.running, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
