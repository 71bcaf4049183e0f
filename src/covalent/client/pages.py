"""The server's pages, for the person at this terminal: where they are, and a browser to show them."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import suppress
from urllib.parse import quote

from ..config import ui_address
from ..errors import ClientError
from ..model import Graph
from .server import Server
from .wait import tell

#: Variables that say where windows can be opened. ``BROWSER`` names a program for it.
_WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")

#: Browsers that would take over the terminal.
_IN_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})


def sign_in_address(server: Server, path: str = "/") -> str:
    """The address at which a browser gets signed in, once and within an hour, and goes on to a page.

    :raises ClientError: if there is no server, or it refuses
    """
    return sign_in_url(ui_address(server.transport.target().url), server.ticket(), path)


def sign_in_url(pages: str, ticket: str, path: str = "/") -> str:
    """The address at which a ticket is used.

    :param pages: where the pages are
    """
    # In a fragment: browsers keep that to themselves, so it is in no log and in no referrer.
    fragment = f"ticket={quote(ticket)}" + (f"&next={quote(path, safe='')}" if path != "/" else "")
    return f"{pages}/signin#{fragment}"


def dispatch_page(dispatch_id: str) -> str:
    """The path of the page of a dispatch."""
    return f"/dispatches/{quote(dispatch_id, safe='')}"


def open_browser(address: str) -> bool:
    """Show a page in a browser, if this is a place where one can be opened."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _WINDOWS):
        return False
    try:
        browser = webbrowser.get()
        if getattr(browser, "name", "") in _IN_TERMINAL:
            return False
        return browser.open(address)
    except (webbrowser.Error, OSError):
        return False


def tell_page(server: Server, path: str) -> None:
    """Say where a page can be seen; nothing if the server does not want anybody to."""
    with suppress(ClientError):
        tell(f"Watch it at {sign_in_address(server, path)}")


def show_graph(graph: Graph) -> str | None:
    """Show a workflow that has not been dispatched on the server's pages; returns the address, or None if no server can show it."""
    server = Server(patience_s=0)
    try:
        address = sign_in_address(server, f"/preview/{server.preview(graph)}")
    except ClientError:
        return None
    opened = open_browser(address)
    tell(f"{'Opened' if opened else 'See'} the workflow {graph.name} at {address}")
    return address
