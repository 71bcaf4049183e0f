"""A headless Chromium, and what a page that is shown in it has done wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, Page, Request, sync_playwright

#: Programs that will do, the likeliest first.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

#: Nothing but the pages is to be fetched, and nothing needs a screen.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-precise-memory-info",
)

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, with a profile of its own."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Conduct:
    """What the pages of a context have done that they should not do."""

    own: str  #: The server's host and port.
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  #: Addresses elsewhere that were asked for.
    #: Parts of errors that the test itself brings about, such as a server that is away.
    expected: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", lambda said: self._note(said.text, said.location) if said.type in BAD else None)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("request", self._look_at)

    def _note(self, text: str, location: Any) -> None:
        self.errors.append(f"{text} ({location['url']})")

    def _look_at(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.own:
            self.strangers.append(request.url)

    def complaints(self) -> list[str]:
        """All that was not expected."""
        return [text for text in self.errors if not any(part in text for part in self.expected)] + self.strangers


#: Frames for which something has to keep its place until it is said to rest.
RESTING = 10

REST = """async (element, frames) => {
  let last = '';
  for (let same = 0; same < frames; ) {
    await new Promise(requestAnimationFrame);
    const { x, y, width, height } = element.getBoundingClientRect();
    const now = [x, y, width, height].join();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}"""


def place_at_rest(what: Locator) -> FloatRect:
    """Where something is in the view, in pixels, once it has come to rest."""
    what.evaluate(REST, RESTING)
    place = what.bounding_box()
    assert place, "it is not shown"
    return place


#: Kinds of console messages that a page in order does not write.
BAD = ("error", "warning")


def findings(page: Page) -> list[str]:
    """What axe finds on a page, as far as it is serious: rule and place."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} - {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
