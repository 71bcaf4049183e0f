"""``covalent image``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import config_path, data_dir, executor_defaults, set_config
from ..deploy.modules import MODULES
from ..errors import ImageError, hint
from ..images.repository import DEFAULT_NAME, Repository
from ..secrets import Secret
from .output import examples

if TYPE_CHECKING:
    from ..images.sign_in import Login

_engine = click.option(
    "--engine",
    type=click.Choice(["podman", "docker"]),
    help="What builds and pushes. [default: podman, or docker where that does not work]",
)

#: Of a tag: as much of the image's id as tells it from others.
_TAG_CHARS = 12


@click.group()
def image() -> None:
    """Build an image with packages of your own for tasks, and push it.

    Nothing else needs this: without an image of your own, tasks run in Python's published one. It needs podman or docker.
    """


@image.command(
    epilog=examples(
        "covalent image build --pip numpy --pip 'scipy>=1.14'",
        "covalent image build --requirements requirements.txt --apt git",
        "covalent image build --pip dist/mine-1.0-py3-none-any.whl --dry-run",
    )
)
@click.option("--pip", metavar="REQUIREMENT", multiple=True, help="A package, a wheel or a source archive. Repeatable.")
@click.option(
    "--requirements",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of packages, as pip reads them. Repeatable.",
)
@click.option("--apt", metavar="PACKAGE", multiple=True, help="A Debian package. Repeatable.")
@click.option(
    "--python",
    metavar="VERSION",
    default=f"{sys.version_info.major}.{sys.version_info.minor}",
    help="The Python that workflows are dispatched with. [default: this one's]",
)
@click.option("--base", metavar="IMAGE", default="", help="What it is put on. [default: Python's own image, slim]")
@click.option(
    "--platform",
    type=click.Choice(["linux/amd64", "linux/arm64"]),
    default="linux/amd64",
    show_default=True,
    help="The kind of machines that tasks run on.",
)
@click.option("--user", metavar="UID[:GID]", default="1000:1000", show_default=True, help="Who runs tasks; 0 is root.")
@click.option("--no-obstore", is_flag=True, help="Leave out obstore, which moves large values.")
@click.option("-t", "--tag", "name", metavar="NAME", default=DEFAULT_NAME, show_default=True, help="What to call it.")
@click.option("--dry-run", is_flag=True, help="Only print the Containerfile.")
@_engine
def build(name: str, platform: str, engine: str | None, dry_run: bool, **given: Any) -> None:
    """Build an image that has these packages and whatever tasks need.

    It is for this Python, unless --python says another one, and for the machines that services usually have, whatever this one is.
    """
    from ..images.engine import find_engine
    from ..images.recipe import Recipe, check_name

    check_name(name)
    recipe = Recipe(has_obstore=not given.pop("no_obstore"), **given)
    if dry_run:
        click.echo(recipe.containerfile(), nl=False)
        return
    program = find_engine(engine, _tell)
    with tempfile.TemporaryDirectory(prefix="covalent-build-") as directory:
        program.build(recipe.write(Path(directory)), name, platform)
    click.echo(
        f"Built {name} with {program.name}. 'covalent image push EXECUTOR{_argument(name)}' makes tasks run in it."
    )


@image.command(
    short_help="Push an image to a registry, and have tasks run in it.",
    epilog=examples(
        "covalent image push awsbatch",
        "covalent image push azurebatch my-tasks --tag 1.0",
        "covalent image push gcpbatch --registry registry.example.com/me/tasks --username me --password-stdin < token",
    ),
)
@click.argument("executor")
@click.argument("name", metavar="[IMAGE]", default=DEFAULT_NAME)
@click.option(
    "--registry",
    metavar="HOST/NAME",
    help="Where to: a registry, and the name of an image in it. [default: what 'covalent deploy' has made]",
)
@click.option("--tag", metavar="TAG", help="What to call it there. [default: a part of its id]")
@click.option("--username", metavar="NAME", help="Who signs in, to a registry of your own.")
@click.option("--password-stdin", is_flag=True, help="Read the password or token for that from standard input.")
@click.option("--no-config", is_flag=True, help="Leave the configuration as it is.")
@_engine
def push(
    executor: str, name: str, registry: str | None, tag: str | None, no_config: bool, engine: str | None, **given: Any
) -> None:
    """Push an image to a registry, and have the tasks of EXECUTOR run in it.

    Registries of AWS, Azure and Google are signed in to with the credentials that their executors use. The image's name by its digest goes
    into the configuration: which image that is never changes.
    """
    # It imports every executor.
    from ..images.engine import find_engine
    from ..images.settings import SETTINGS, changes, check_usable
    from ..images.sign_in import sign_in

    if executor not in SETTINGS:
        raise click.UsageError(
            f"{executor!r} runs no images.{hint(executor, SETTINGS)} The executors are {', '.join(SETTINGS)}."
        )
    configured = executor_defaults(executor)
    if not no_config:
        check_usable(executor, configured)
    own, named = _own_login(**given), Repository.parse(registry) if registry else None
    program = find_engine(engine, _tell)
    image_id = program.image_id(name)
    repository = named or _made(executor)
    login = own or sign_in(repository)
    digest = program.push(name, repository, tag or image_id[:_TAG_CHARS], login)
    full = f"{repository}@{digest}"
    click.echo(f"Pushed {full}")
    if not no_config:
        _configure(executor, changes(executor, configured, repository, full))


def _configure(executor: str, written: Mapping[str, Any]) -> None:
    set_config({"executors": {executor: written}})
    click.echo(f"Wrote into {config_path()}:\n\n[executors.{executor}]")
    for key, value in written.items():
        click.echo(f"# {key} is taken out" if value is None else f'{key} = "{value}"')


def _own_login(username: str | None, password_stdin: bool) -> Login | None:
    """:raises click.UsageError: if half of it is given"""
    from ..images.sign_in import Login

    if username is None and not password_stdin:
        return None
    if username is None or not password_stdin:
        raise click.UsageError("--username and --password-stdin go together.")
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("--password-stdin finds nothing on standard input.")
    return Login(username=username, password=Secret(password))


def _made(executor: str) -> Repository:
    """Where 'covalent deploy' has made a place for images.

    :raises ImageError: if it has made none
    """
    # Of Azure's, the configuration may name one.
    place = executor_defaults(executor).get("registry") or _deployed(executor)
    if not place:
        raise ImageError(
            f"There is no registry for {executor}. 'covalent deploy up {executor} --registry=true' makes one; or name one of yours with "
            "--registry."
        )
    return Repository.parse(place)


def _deployed(executor: str) -> str:
    """What the deployment's outputs say of it; empty if nothing."""
    from ..deploy.deployment import Deployment
    from ..deploy.workspace import Workspace

    workspace = Workspace(MODULES[executor], data_dir() / "deploy")
    if not workspace.is_begun:
        return ""
    with Deployment.open(workspace, _tell) as deployment:
        outputs = deployment.standing().outputs
    return outputs.image_repository if outputs else ""


def _argument(name: str) -> str:
    return "" if name == DEFAULT_NAME else f" {name}"


def _tell(line: str) -> None:
    click.echo(line, err=True)
