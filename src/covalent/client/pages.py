"""The server's pages, for the person at this terminal: where they are, and a browser to show them."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from ..config import ui_address
from ..errors import ClientError, CovalentError
from ..model import Graph
from .browser import OPEN_S, find_browser, show_privately
from .server import TICKET_S, Server
from .wait import is_watched, tell

#: Servers of which it was said where their pages are.
_told: set[str] = set()


def page_address(server: Server, path: str = "/") -> str:
    """The address of a page, for browsers that are signed in."""
    return ui_address(server.transport.target().url) + path


def sign_in_address(server: Server, path: str = "/", *, life_s: int = TICKET_S) -> str:
    """The address at which a browser gets signed in, once and soon, and goes on to a page.

    :raises ClientError: if there is no server, or it refuses
    """
    return sign_in_url(ui_address(server.transport.target().url), server.ticket(life_s), path)


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


def open_page(server: Server, path: str) -> bool:
    """Show a page in a browser that gets signed in, if this is a place where one can be opened.

    :raises ClientError: if there is no server, or it refuses
    """
    browser = find_browser()
    return browser is not None and show_privately(browser, sign_in_address(server, path, life_s=OPEN_S))


def tell_page(server: Server, path: str) -> None:
    """Say where a page can be seen, the first time for each server; nothing if the server does not want anybody to."""
    with suppress(CovalentError):
        pages = page_address(server)
        if pages not in _told:
            tell(f"Watch it at {_address_to_tell(server, path)}")
            _told.add(pages)


def show_graph(graph: Graph) -> str | None:
    """Show a workflow that has not been dispatched on the server's pages; returns the address, or None if no server can show it."""
    server = Server(patience_s=0)
    try:
        path = f"/preview/{server.preview(graph)}"
        address = _address_to_tell(server, path)
        opened = open_page(server, path)
    except ClientError:
        return None
    tell(f"{'Opened' if opened else 'See'} the workflow {graph.name} at {address}")
    return page_address(server, path)


def _address_to_tell(server: Server, path: str) -> str:
    # What nobody watches is kept, often in a log that others read.
    return sign_in_address(server, path) if is_watched() else page_address(server, path)
