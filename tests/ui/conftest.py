"""A real server, a real browser that is signed in, and a watch on what the pages do in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from covalent.client.pages import sign_in_address
from covalent.client.server import Server
from tests.support.browser import Conduct, chromium
from tests.support.server import PROGRAM, RunningServer

#: Milliseconds that something may take to be seen, on a machine that is busy with other tests.
PATIENCE_MS = 20_000

Visit = Callable[[RunningServer], AbstractContextManager[tuple[BrowserContext, Conduct]]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one file: its event loop runs as long as it is there, and asynchronous tests of other files need the thread for their own."""
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Browser) -> Visit:
    """Gives a browser profile that has never been at this server; whatever its pages do wrong fails the test.

    Nothing glides in it: what moves while it is pressed is not clicked.
    """

    @contextmanager
    def visiting(server: RunningServer) -> Iterator[tuple[BrowserContext, Conduct]]:
        conduct = Conduct(own=urlsplit(server.address).netloc)
        context = browser.new_context(
            base_url=server.address, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        conduct.watch(context)
        try:
            yield context, conduct
        finally:
            context.close()
        assert conduct.complaints() == []

    return visiting


@pytest.fixture
def visited(visit: Visit, server: RunningServer) -> Iterator[tuple[BrowserContext, Conduct]]:
    with visit(server) as both:
        yield both


@pytest.fixture
def context(visited: tuple[BrowserContext, Conduct]) -> BrowserContext:
    """A browser profile that has never been at the shared server."""
    return visited[0]


@pytest.fixture
def conduct(visited: tuple[BrowserContext, Conduct]) -> Conduct:
    """What its pages do wrong."""
    return visited[1]


@pytest.fixture
def page(context: BrowserContext, server: RunningServer) -> Page:
    """A page that is signed in, and shows the dispatches."""
    return signed_in(context, server)


def signed_in(context: BrowserContext, server: RunningServer, path: str = "/") -> Page:
    one = context.new_page()
    sign_in(one, server, path)
    return one


def sign_in(page: Page, server: RunningServer, path: str = "/") -> None:
    page.goto(sign_in_address(Server(server.address), path))
    expect(page).not_to_have_url(re.compile("/signin"))


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server for this test alone, with this test's client pointed at it."""
    with RunningServer.start(tmp_path) as one:
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        yield one


def restarted(server: RunningServer) -> AbstractContextManager[RunningServer]:
    """Another server in the place of one that has ended."""
    port = server.address.rpartition(":")[2]
    return RunningServer.start(server.data_dir.parent, (*PROGRAM, "-p", port))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file that is not there yet; whatever waits for it goes on when the test is over, at the latest."""
    file = tmp_path / "gate"
    yield file
    file.touch()
