"""What ``covalent deploy`` writes into the configuration beside what people and ``covalent image push`` have written there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covalent.cli.deploy_settings import configure, differing, unconfigure
from covalent.config import executor_defaults, set_config
from covalent.deploy.modules import MODULES
from covalent.deploy.results import Outputs

AZURE = MODULES["azurebatch"]
REGISTRY = "mine.azurecr.io"
PUSHED = f"{REGISTRY}/tasks@sha256:{'0' * 64}"


def outputs(image: str = "docker.io/library/python:3.11-slim", **others: Any) -> Outputs:
    return Outputs(
        settings={"pool_id": "mine-pool", "base_image_uri": image, "client_secret": "hush"},
        secret=frozenset({"client_secret"}),
        place={},
        others={"image_repository": REGISTRY, **others},
    )


def configured() -> dict[str, Any]:
    return executor_defaults("azurebatch")


@pytest.fixture(autouse=True)
def home(covalent_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that a deployment has written."""
    configure(AZURE, outputs(), None, {})


def test_what_is_made_is_written_and_secrets_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure(AZURE, outputs(), outputs(), {})
    assert configured() == dict(outputs().settings)
    shown = capsys.readouterr().out
    assert 'pool_id = "mine-pool"' in shown
    assert "hush" not in shown


def test_an_image_that_was_pushed_since_then_stays(capsys: pytest.CaptureFixture[str]) -> None:
    set_config({"executors": {"azurebatch": {"base_image_uri": PUSHED}}})
    assert differing(AZURE, outputs()) == []
    capsys.readouterr()
    configure(AZURE, outputs(), outputs(), {"max_nodes": 3})
    assert configured()["base_image_uri"] == PUSHED
    assert "base_image_uri" not in capsys.readouterr().out


def test_an_image_that_is_asked_for_takes_the_place_of_one_that_was_pushed() -> None:
    set_config({"executors": {"azurebatch": {"base_image_uri": PUSHED}}})
    configure(AZURE, outputs("other"), outputs(), {"base_image_uri": "other"})
    assert configured()["base_image_uri"] == "other"


def test_what_somebody_has_changed_by_hand_is_told_and_written_anew() -> None:
    set_config({"executors": {"azurebatch": {"base_image_uri": "python:3.9", "pool_id": "theirs"}}})
    assert differing(AZURE, outputs()) == ["base_image_uri", "pool_id"]
    configure(AZURE, outputs(), outputs(), {})
    assert configured() == dict(outputs().settings)


def test_with_the_deployment_goes_the_image_in_its_registry() -> None:
    set_config({"executors": {"azurebatch": {"base_image_uri": PUSHED, "registry": REGISTRY, "retries": 1}}})
    unconfigure(AZURE, outputs())
    assert configured() == {"retries": 1}


def test_an_image_that_lies_elsewhere_stays_when_the_deployment_goes() -> None:
    elsewhere = f"ghcr.io/me/tasks@sha256:{'0' * 64}"
    set_config({"executors": {"azurebatch": {"base_image_uri": elsewhere}}})
    unconfigure(AZURE, outputs())
    assert configured() == {"base_image_uri": elsewhere}
