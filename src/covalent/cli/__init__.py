"""The command ``covalent``.

Each command lives in a module that is imported when it is called, so that ``covalent --help`` and mistyped commands answer at once.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys

import click

from .. import __version__
from ..errors import CovalentError

#: Where each command is, and what ``covalent --help`` says of it; in the order in which they are listed.
COMMANDS = {
    "start": ("server:start", "Start the server in the background."),
    "stop": ("server:stop", "Stop the server; what it was running goes on at the next start."),
    "restart": ("server:restart", "Stop the server and start it again."),
    "status": ("server:status", "Show whether the server runs, and where."),
    "ui": ("ui:ui", "Open the server's pages in a browser."),
    "list": ("dispatches:list_", "List dispatches, newest first."),
    "show": ("show:show", "Show a dispatch and its tasks."),
    "why": ("dispatches:why", "Say why a dispatch or a task waits, failed or was retried."),
    "run": ("dispatches:run", "Start a dispatch that was stored without being started."),
    "cancel": ("dispatches:cancel", "Cancel a dispatch, or some of its tasks."),
    "logs": ("logs:logs", "Show what tasks wrote, or the server's own log."),
    "config": ("config:config", "Show and change settings."),
    "deploy": ("deploy:deploy", "Make what an executor needs in a cloud account, and remove it again."),
    "image": ("image:image", "Build an image with packages of your own for tasks, and push it."),
    "emulate": (
        "emulate:emulate",
        "Run a cloud's batch service on this machine, to try a workflow without an account.",
    ),
    "doctor": ("doctor:doctor", "Find out what is wrong, and say what mends it."),
    "gc": ("gc:gc", "Delete what was left behind in a cloud account."),
    "purge": ("purge:purge", "Delete dispatches, or all of the server's data."),
}


class _Commands(click.Group):
    """Imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f".{module}", __name__), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        if name not in COMMANDS and near:
            ctx.fail(f"No such command {name!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Ids of dispatches may be shortened to a beginning that only one of them has. Every command has a --help of its own.",
)
@click.version_option(__version__, message="Covalent %(version)s")
def cli() -> None:
    """Run Python functions as durable workflows, with a server on this machine."""


def main() -> None:
    """Run the command line. Ends with 0 if all went well, 1 if something failed, 2 if the command was wrong."""
    try:
        code = cli.main(prog_name="covalent", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CovalentError as error:
        click.echo(f"Error: {error}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("Aborted.", err=True)
        code = 1
    except BrokenPipeError:
        # Whoever read the output has had enough; Python would complain again when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
