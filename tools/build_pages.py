"""Hatch's build hook that puts the pages of ``web/`` into the package, as far as the machine has what it takes to build them.

Set ``COVALENT_BUILD_PAGES=0`` to have none built.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = "20.19"
NO_NPM = f"There is no npm with Node.js {OLDEST_NODE} or newer, so "
NO_PAGES = (
    "this package will have no pages: its server runs, and says how to build them. Install Node.js and build again."
)
OLD_PAGES = "the pages in this package are older than their sources. Install Node.js and build again to have them new."


class PagesHook(BuildHookInterface[Any]):
    """Builds ``src/covalent/ui`` where it is missing or older than its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get("COVALENT_BUILD_PAGES") == "0":
            return
        root = Path(self.root)
        web, page = root / "web", root / "src" / "covalent" / "ui" / "index.html"
        if not web.is_dir() or (page.is_file() and (_is_unpacked(root) or page.stat().st_mtime >= max(_times(web)))):
            return
        npm, node = shutil.which("npm"), shutil.which("node")
        if npm is None or node is None or not _is_new_enough(root, node):
            self.app.display_warning(NO_NPM + (OLD_PAGES if page.is_file() else NO_PAGES))
            return
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            done = subprocess.run([npm, *command], cwd=web, check=False)
            if done.returncode:
                raise RuntimeError(
                    f"The pages cannot be built: 'npm {' '.join(command)}' in web/ failed, as it says above. "
                    "Set COVALENT_BUILD_PAGES=0 to build the package without them."
                )


def _is_unpacked(root: Path) -> bool:
    """Whether this is a source distribution: its pages were built with it, and the times of its files say nothing."""
    return (root / "PKG-INFO").is_file()


def _is_new_enough(root: Path, node: str) -> bool:
    return subprocess.run([node, root / "tools" / "node_version.cjs", OLDEST_NODE], check=False).returncode == 0


def _times(web: Path) -> Iterator[float]:
    """When each source was changed."""
    for folder, folders, names in os.walk(web):
        folders[:] = [name for name in folders if name != "node_modules"]
        yield from (Path(folder, name).stat().st_mtime for name in names)
