"""A browser for the person at this machine."""

from __future__ import annotations

import html
import os
import sys
import tempfile
import time
import webbrowser
from pathlib import Path

from ..config import data_dir

#: Variables that say where windows can be opened. ``BROWSER`` names a program for it.
_WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")

#: Browsers that would take over the terminal.
_IN_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})

#: Seconds in which a browser that was asked to open a file has opened it.
OPEN_S = 60

_FILE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>Covalent</title>
<a href="{address}">Go on to Covalent</a>
"""


def find_browser() -> webbrowser.BaseBrowser | None:
    """One that opens windows, if this is a place where that can be done."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _WINDOWS):
        return None
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    return None if getattr(browser, "name", "") in _IN_TERMINAL else browser


def show_privately(browser: webbrowser.BaseBrowser, address: str) -> bool:
    """Have a browser go to an address that nobody else may see: everybody on the machine can read the arguments of processes."""
    try:
        return browser.open(_leading_to(address).as_uri())
    except (webbrowser.Error, OSError):
        return False


def _leading_to(address: str) -> Path:
    """A file that leads a browser there, readable by its owner alone; those of earlier times are removed."""
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for earlier in folder.glob("open-*.html"):
        if earlier.stat().st_mtime < time.time() - OPEN_S:
            earlier.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="open-", suffix=".html", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_FILE.format(address=html.escape(address)))
    return Path(name)
