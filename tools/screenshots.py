"""Take the pictures of the pages that the documentation shows, with a real server and workflows that really run.

``make screenshots`` does it. The pictures are in ``docs/images``; the ones that end in ``-dark`` are in dark colours.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

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


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Dispatches that the pictures show."""

    ended: str
    failed: str
    running: str


def observatory(place: Path) -> ModuleType:
    """The workflows, as a module somewhere else: tracebacks show where it is, and nobody is to see where we are."""
    (place / "observatory.py").write_bytes((Path(__file__).parent / "observatory.py").read_bytes())
    sys.path.insert(0, str(place))
    return importlib.import_module("observatory")


def populate(flows: ModuleType) -> Shown:
    """Have workflows run, so that there is something to show."""
    redshifts, n_body, survey = flows.redshifts, flows.n_body, flows.survey
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
    with (
        tempfile.TemporaryDirectory() as code,
        tempfile.TemporaryDirectory() as home,
        RunningServer.start(Path(home)) as server,
        chromium() as browser,
    ):
        os.environ.update(server.environment)
        shown = populate(observatory(Path(code)))
        for colours in ("light", "dark"):
            take(browser, server, shown, colours)
        Server(server.address).cancel(shown.running, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
