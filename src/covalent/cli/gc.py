"""``covalent gc``."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import TYPE_CHECKING

import click

from ..client.server import connect
from ..errors import NotFoundError
from .output import examples, plural

if TYPE_CHECKING:
    from ..executor.awsbatch.stale import Leftovers, StagedObjects, StaleDefinition

_DAY_S = 24 * 3600


@click.group()
def gc() -> None:
    """Delete what was left behind in a cloud account."""


@gc.command(
    epilog=examples(
        "covalent gc awsbatch --dry-run",
        "covalent gc awsbatch --older-than 7 --bucket my-bucket -y",
    )
)
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="Leave alone what was used in the last DAYS days.",
)
@click.option("--bucket", metavar="NAME", help="The S3 bucket, in place of the configured one.")
@click.option("--prefix", metavar="PATH", help="What keys in it begin with, in place of what is configured.")
@click.option("--region", metavar="REGION", help="The AWS region, in place of the configured one.")
@click.option("--profile", metavar="NAME", help="The AWS profile, in place of the configured one.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def awsbatch(
    days: float,
    bucket: str | None,
    prefix: str | None,
    region: str | None,
    profile: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete stale job definitions and staged objects of AWS Batch.

    These are job definitions that Covalent has registered and no job uses, objects that were staged for dispatches which the server does
    not know any more, and old functions and arguments, which are staged again when they are needed. What other servers have staged for
    their dispatches under the same prefix of the bucket is unknown to this one, too.

    AWS is asked with the variables and the configuration of this terminal, which need not be those of the server.
    """
    from ..executor.awsbatch.stale import Leftovers

    before = time.time() - days * _DAY_S
    chosen = {"s3_bucket_name": bucket, "s3_prefix": prefix, "region": region, "profile": profile}
    with asyncio.Runner() as runner:
        leftovers = runner.run(Leftovers.open(chosen, before))
        try:
            definitions = runner.run(leftovers.definitions())
            groups = [group for group in runner.run(leftovers.groups()) if not _is_known(group.dispatch_id)]
            staged = groups + runner.run(leftovers.shared())
            _show(definitions, staged)
            if dry_run or not (definitions or staged):
                return
            if not yes:
                click.confirm("Delete all of this?", abort=True)
            runner.run(_remove(leftovers, definitions, staged))
        finally:
            runner.run(leftovers.close())
    click.echo(f"Deleted {_summary(definitions, staged)}.")


@functools.cache
def _is_known(dispatch_id: str | None) -> bool:
    """Whether the server knows the dispatch; without an answer from it, nothing is deleted."""
    if dispatch_id is None:
        return False
    try:
        connect().dispatch(dispatch_id)
    except NotFoundError:
        return False
    return True


def _show(definitions: list[StaleDefinition], staged: list[StagedObjects]) -> None:
    for definition in definitions:
        click.echo(f"job definition {definition}")
    for one in staged:
        click.echo(f"{one.name} ({plural(len(one.keys), 'object')}, {one.size:,} bytes)")
    if not definitions and not staged:
        click.echo("There is nothing to delete.")


async def _remove(leftovers: Leftovers, definitions: list[StaleDefinition], staged: list[StagedObjects]) -> None:
    for definition in definitions:
        await leftovers.remove_definition(definition)
    for one in staged:
        await leftovers.remove_objects(one)


def _summary(definitions: list[StaleDefinition], staged: list[StagedObjects]) -> str:
    count, size = sum(len(one.keys) for one in staged), sum(one.size for one in staged)
    return f"{plural(len(definitions), 'job definition')} and {plural(count, 'object')} with {size:,} bytes"
