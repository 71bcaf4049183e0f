"""What all tests share: nobody's own settings are read or written, and one real server for those that need it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from covalent.api.pages import BUILT
from tests.support.browser import BROWSERS
from tests.support.server import RunningServer

#: Programs of which tests of these markers run one.
PROGRAMS = {
    "podman": ("podman",),
    "npm": ("azurite-blob", "npm"),
    "browser": BROWSERS,
    "terraform": ("terraform", "tofu"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine lacks the programs for."""
    for marker, programs in PROGRAMS.items():
        if not any(map(shutil.which, programs)):
            _skip(items, marker, f"{' or '.join(programs)} is not installed")
    if not (BUILT / "index.html").is_file():
        _skip(items, "browser", "the pages are not built; 'make web' does that")


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True, scope="session")
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the configuration and the data of whoever runs them."""
    home = tmp_path_factory.mktemp("covalent")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COVALENT_DISPATCHER_ADDR", "COVALENT_DATABASE_URL", "COVALENT_TOKEN"):
            patch.delenv(name, raising=False)
        patch.setenv("COVALENT_CONFIG_DIR", str(home / "config"))
        patch.setenv("COVALENT_DATA_DIR", str(home / "data"))
        patch.setenv("COVALENT_SVC_PORT", "0")
        # What is fetched once is fetched once for all tests, also for those with a home of their own.
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
        yield


@pytest.fixture
def covalent_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with empty ``config`` and ``data`` in it, in use for this test alone."""
    for name in ("config", "data"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(f"COVALENT_{name.upper()}_DIR", str(tmp_path / name))
    return tmp_path


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the whole run."""
    with RunningServer.start(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """The shared server, with this test's client pointed at it."""
    for name, value in shared_server.environment.items():
        monkeypatch.setenv(name, value)
    return shared_server
