"""``covalent ui``."""

from __future__ import annotations

import click

from ..client.pages import dispatch_page, open_page, sign_in_address
from ..client.server import connect
from ..client.submit import with_server
from .find import resolve
from .output import examples


@click.command(
    epilog=examples(
        "covalent ui",
        "covalent ui 3f2a            # the page of one dispatch",
        "covalent ui --no-browser    # on a machine without a screen",
    )
)
@click.argument("dispatch_id", metavar="[ID]", required=False)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def ui(dispatch_id: str | None, no_browser: bool) -> None:
    """Open the server's pages in a browser.

    Prints the address that signs the browser in. It works once, within ten minutes; the browser stays signed in for 30 days.
    A server on this machine is started if none runs.
    """
    page = "/" if dispatch_id is None else dispatch_page(resolve(connect(), dispatch_id))
    address = with_server(None, lambda server: sign_in_address(server, page))
    if not no_browser and open_page(connect(), page):
        click.echo(f"Opened a browser. If none came up, go to {address}")
    else:
        click.echo(address)
