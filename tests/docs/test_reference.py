"""The reference pages name everything that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

import covalent as ct
from covalent.api.app import openapi_document
from covalent.api.routing import PREFIX
from covalent.cli import cli
from covalent.config.settings import SETTINGS

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def test_every_setting_and_its_variable_is_described():
    text = page("configuration")
    for key, setting in SETTINGS.items():
        row = re.search(rf"^\| `{re.escape(key)}` \|.*$", text, re.MULTILINE)
        assert row, f"there is no row for {key}"
        assert setting.env is None or setting.env in row[0]
        assert setting.about.rstrip(".") in row[0]


def test_every_request_of_the_api_is_described():
    paths = openapi_document()["paths"]
    served = {f"{method.upper()} {path.removeprefix(PREFIX)}" for path, methods in paths.items() for method in methods}
    assert served == set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", page("http"), re.MULTILINE))


def commands(command: click.Command, words: tuple[str, ...] = ("covalent",)) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(words), command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found
            yield from commands(found, (*words, name))


def test_every_command_and_every_option_is_described():
    text = page("cli")
    for words, command in commands(cli):
        assert f"`{words}" in text, f"nothing is said of {words}"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and words != "covalent":
                rows = [row for row in text.splitlines() if all(f"`{o}" in row for o in parameter.opts)]
                name = words.removeprefix("covalent ")
                # What all commands of a group have in common is said of the group.
                names = filter(None, (name, name.rpartition(" ")[0]))
                is_said = any(f"`{one}`" in row for one in names for row in rows)
                assert is_said, f"nothing is said of {parameter.opts} of {words}"


def test_every_public_name_is_described():
    shown = {name.rpartition(".")[2] for name in re.findall(r"^::: ([\w.]+)$", page("python"), re.MULTILINE)}
    assert {"Status", "LocalExecutor"} <= shown  # which ct.status and ct.executor stand for
    assert set(ct.__all__) - {"status", "executor"} <= shown
