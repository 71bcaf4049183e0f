"""Fixtures for tests in which podman runs jobs: name this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .image import make_bare_image, make_python_image, podman_environment


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables with which podman works here; they are set."""
    environment = podman_environment(tmp_path_factory.mktemp("podman"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope="module")
def image(podman: dict[str, str]) -> str:
    """An image with Python."""
    return make_python_image("covalent-test-python", podman)


@pytest.fixture(scope="module")
def bare_image(podman: dict[str, str]) -> str:
    """An image without Python."""
    return make_bare_image("covalent-test-bare", podman)
