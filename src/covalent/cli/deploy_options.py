"""Options of ``covalent deploy``, made from the variables of a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..deploy.variables import Variable

#: What a word of each of Terraform's kinds is called in a help.
_METAVARS = {
    "string": "TEXT",
    "number": "NUMBER",
    "bool": "true|false",
    "list(string)": "A,B,…",
    "map(string)": "NAME=VALUE,…",
}


class _Kind(click.ParamType[Any]):
    """Values of one variable."""

    def __init__(self, variable: Variable) -> None:
        self.name, self._variable = variable.kind, variable

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any]:
        # In a tuple, so that one that was said to be nothing is told from one that was not said.
        try:
            return (self._variable.value(value),)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def options_of(variables: Mapping[str, Variable]) -> list[click.Option]:
    """One option for each variable that is no secret: what is said on a command line is seen by others, and kept in files."""
    return [_option(variable) for variable in variables.values() if not variable.is_secret]


def chosen_of(variables: Mapping[str, Variable], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given, by variable."""
    return {name: given[name][0] for name in variables if given.get(name) is not None}


def backend_of(kind: str | None, pairs: tuple[str, ...]) -> dict[str, Any] | None:
    """A block of Terraform's: ``{"s3": {"bucket": …}}``; None if none is given.

    :raises click.UsageError: if half of it is given, or a pair is none
    """
    if kind is None:
        if pairs:
            raise click.UsageError("--backend-config needs --backend, which says what kind of place the state lies in.")
        return None
    if wrong := next((pair for pair in pairs if not pair.partition("=")[1]), None):
        raise click.UsageError(f"--backend-config {wrong!r} has no value. Write KEY=VALUE.")
    return {kind: dict(pair.split("=", 1) for pair in pairs)}


def _option(variable: Variable) -> click.Option:
    default = variable.shown_default
    about = variable.about + (f" [default: {default}]" if default else "")
    return click.Option(
        [f"--{variable.name.replace('_', '-')}", variable.name],
        type=_Kind(variable),
        metavar=_METAVARS[variable.kind],
        help=about + (" [required the first time]" if variable.is_required else ""),
    )
