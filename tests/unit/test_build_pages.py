"""Whether a build of the package builds the pages."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class App:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources on a machine without Node.js."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "main.ts").write_text("")
    (tmp_path / "src" / "covalent" / "ui").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("COVALENT_BUILD_PAGES", raising=False)
    return tmp_path


def warnings(tree: Path) -> list[str]:
    pytest.importorskip("hatchling")
    app = App()
    hook: Any = runpy.run_path(str(ROOT / "tools" / "build_pages.py"))["PagesHook"]
    hook(str(tree), {}, None, None, str(tree), "wheel", app).initialize("standard", {})
    return app.warnings


def add_old_pages(tree: Path) -> None:
    page = tree / "src" / "covalent" / "ui" / "index.html"
    page.write_text("")
    os.utime(page, (0, 0))


def test_a_package_without_pages_says_so(tree):
    (warning,) = warnings(tree)
    assert "will have no pages" in warning


def test_pages_that_are_old_are_said_to_be_old(tree):
    add_old_pages(tree)
    (warning,) = warnings(tree)
    assert "older than their sources" in warning


def test_an_unpacked_source_distribution_is_taken_as_it_is(tree):
    add_old_pages(tree)
    (tree / "PKG-INFO").write_text("")
    assert warnings(tree) == []


def test_an_unpacked_source_distribution_that_came_without_pages_says_so(tree):
    (tree / "PKG-INFO").write_text("")
    (warning,) = warnings(tree)
    assert "will have no pages" in warning
