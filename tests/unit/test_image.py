"""The image for tasks on batch services."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = [
    line.split(maxsplit=1) for line in (ROOT / "images" / "Dockerfile").read_text().splitlines() if line[:1].isupper()
]


def test_it_has_no_entry_point():
    assert "ENTRYPOINT" not in {name for name, _ in STEPS}


def test_it_is_small_unless_it_is_put_on_another():
    assert ["ARG", "COVALENT_BASE_IMAGE=python:${PYTHON}-slim"] in STEPS
    assert {text.split()[0] for name, text in STEPS if name == "FROM"} == {"${COVALENT_BASE_IMAGE}"}


def test_it_has_the_obstore_that_the_package_asks_for():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (wanted,) = re.findall(r'"(obstore[^"]*)"', " ".join(text for name, text in STEPS if name == "RUN"))
    assert wanted in extras["aws"]


def test_all_that_it_copies_is_there():
    copied = [word for name, text in STEPS if name == "COPY" and "--from" not in text for word in text.split()[:-1]]
    assert copied
    assert all((ROOT / path).exists() for path in copied)
