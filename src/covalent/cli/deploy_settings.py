"""What ``covalent deploy`` writes into the configuration, and takes out of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import click

from ..config import config_path, executor_defaults, set_config
from ..deploy.modules import Module
from ..deploy.results import Outputs
from ..images.settings import SETTINGS, is_pushed, without
from ..secrets import MASK
from .output import emit_pairs


def configure(module: Module, outputs: Outputs, before: Outputs | None, chosen: Mapping[str, Any]) -> None:
    """Write what was made, take out what is no longer, and say so.

    :param before: what the last run gave out
    :param chosen: variables that were given to this one
    """
    kept = _kept(module, before, chosen)
    written = {name: value for name, value in outputs.settings.items() if name not in kept}
    set_config({"executors": {module.executor: _taken_out(module, before) | written}})
    click.echo(f"\nWrote into {config_path()}:\n\n[executors.{module.executor}]")
    for name, value in masked(outputs).items():
        if name in written:
            click.echo(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    click.echo()
    emit_pairs(list(outputs.others.items()))
    click.echo(
        f'\nTasks can run there: @ct.electron(executor="{module.executor}"). A server that runs takes the settings up by itself.'
    )


def unconfigure(module: Module, before: Outputs | None) -> None:
    """Take out what was written, and the image that lay in a registry which is gone."""
    repository = before.image_repository if before else ""
    gone = _taken_out(module, before) | without(module.executor, executor_defaults(module.executor), repository)
    if gone:
        set_config({"executors": {module.executor: gone}})


def differing(module: Module, outputs: Outputs | None) -> list[str]:
    """Settings that are configured otherwise than they were given out, in order."""
    configured, kept = executor_defaults(module.executor), _kept(module, outputs, {})
    settings = outputs.settings if outputs else {}
    return sorted(name for name, value in settings.items() if name not in kept and configured.get(name) != value)


def masked(outputs: Outputs) -> Mapping[str, Any]:
    """The settings, as they may be shown."""
    return {name: MASK if name in outputs.secret else value for name, value in outputs.settings.items()}


def _kept(module: Module, before: Outputs | None, chosen: Mapping[str, Any]) -> Collection[str]:
    """What stays as it is configured: an image that was pushed since then, unless another one is asked for now."""
    image = SETTINGS[module.executor]
    written = before.settings if before else {}
    is_kept = image not in chosen and is_pushed(module.executor, executor_defaults(module.executor), written)
    return (image,) if is_kept else ()


def _taken_out(module: Module, outputs: Outputs | None) -> dict[str, Any]:
    """What takes out what was written, as far as it still says the same."""
    now = executor_defaults(module.executor)
    written = outputs.settings if outputs else {}
    return {name: None for name, value in written.items() if now.get(name) == value}
