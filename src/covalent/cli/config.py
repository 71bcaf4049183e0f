"""``covalent config``."""

from __future__ import annotations

import getpass
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

import click

from ..config import SETTINGS, config_path, get_config, set_config
from ..masked_text import is_secret_name, masked_text
from ..secrets import MASK, Secret
from .output import emit_json, examples, json_option


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "covalent config",
        "covalent config get dispatcher.port",
        "covalent config set executors.local.workers 4",
    ),
)
@json_option
@click.pass_context
def config(ctx: click.Context, as_json: bool) -> None:
    """Show and change settings.

    Without a command, shows all that are in force; secrets are masked.
    """
    if ctx.invoked_subcommand is not None:
        return
    everything = _masked(get_config())
    if as_json:
        emit_json(everything)
        return
    import tomlkit

    exists = "" if config_path().exists() else " (not there yet)"
    click.echo(f"# {config_path()}{exists}\n")
    click.echo(tomlkit.dumps(everything).rstrip())


@config.command(epilog=examples("covalent config get dispatcher.port", "covalent config get executors.local --json"))
@click.argument("key")
@json_option
def get(key: str, as_json: bool) -> None:
    """Print one setting, or all of a section.

    Secrets are masked, unless one is asked for by its own key.
    """
    value = get_config(key)
    if isinstance(value, Mapping):
        value = _masked(value)
    if as_json:
        emit_json(value)
    elif isinstance(value, dict):
        import tomlkit

        click.echo(tomlkit.dumps(value).rstrip())
    else:
        click.echo(str(value).lower() if isinstance(value, bool) else value)


@config.command(
    name="set",
    epilog=examples(
        "covalent config set dispatcher.port 5000",
        "covalent config set executors.local.retries 2",
        "covalent config set executors.azurebatch.client_secret -",
    ),
)
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> None:
    """Write one setting into the file, and leave the rest of it as it is.

    VALUE is read as TOML (a number, true, a list) where the setting takes that, otherwise as text. With - in its place, it is asked for
    and not shown, or read from standard input: so a secret is no argument, which others on the machine could see.
    """
    set_config(key, _parsed(key, _asked(key) if value == "-" else value))


@config.command()
@click.argument("key")
def unset(key: str) -> None:
    """Take one setting, or a section, out of the file; defaults apply."""
    set_config(key, None)


@config.command()
def keys() -> None:
    """List the settings that there are, with what they mean."""
    for key, setting in SETTINGS.items():
        more = f" [environment: {setting.env}]" if setting.env else ""
        click.echo(f"{click.style(key, bold=True)}\n    {setting.about}{more}")
    click.echo(f"{click.style('executors.NAME.KEY', bold=True)}\n    What the executor NAME takes as the argument KEY.")


@config.command()
def path() -> None:
    """Print where the file is."""
    click.echo(config_path())


def _asked(key: str) -> str:
    """A value from the person at the terminal, or the first line of what is piped in."""
    return getpass.getpass(f"{key}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _parsed(key: str, text: str) -> Any:
    if key in SETTINGS and SETTINGS[key].kind is str:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _masked(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The same without secrets."""
    return {key: _masked(v) if isinstance(v, Mapping) else _mask(key, v) for key, v in tree.items()}


def _mask(key: str, value: Any) -> Any:
    if isinstance(value, Secret) or (is_secret_name(key) and value and not isinstance(value, bool)):
        return MASK
    return masked_text(value) if isinstance(value, str) else value
