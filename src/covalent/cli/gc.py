"""``covalent gc``."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ..client.server import connect
from ..errors import NotFoundError
from .interruptible import interruptible
from .output import examples, plural

if TYPE_CHECKING:
    from ..executor.batch.stale import Leftovers, Stale

_DAY_S = 24 * 3600

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


@click.group()
def gc() -> None:
    """Delete what was left behind in a cloud account."""


def _options(*of_cloud: Decorator) -> Decorator:
    """The options of a command, with the cloud's own in their midst."""
    before = click.option(
        "--older-than",
        "days",
        metavar="DAYS",
        type=click.FloatRange(min=0),
        default=30,
        show_default=True,
        help="Leave alone what was used in the last DAYS days.",
    )
    dry = click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
    yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    prefix = click.option(
        "--prefix", metavar="PATH", help="What the names of its objects begin with, in place of what is configured."
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        options: tuple[Decorator, ...] = (yes, dry, *of_cloud, prefix, before)
        for option in options:
            command = option(command)
        return command

    return decorate


@gc.command(
    epilog=examples(
        "covalent gc awsbatch --dry-run",
        "covalent gc awsbatch --older-than 7 --bucket my-bucket -y",
    )
)
@_options(
    click.option("--profile", metavar="NAME", help="The AWS profile, in place of the configured one."),
    click.option("--region", metavar="REGION", help="The AWS region, in place of the configured one."),
    click.option("--bucket", metavar="NAME", help="The S3 bucket, in place of the configured one."),
)
def awsbatch(bucket: str | None, prefix: str | None, region: str | None, profile: str | None, **how: Any) -> None:
    """Delete stale job definitions and staged objects of AWS Batch.

    These are job definitions that Covalent has registered and no job uses, objects that were staged for dispatches which the server does
    not know any more, and old functions and arguments, which are staged again when they are needed. What other servers have staged for
    their dispatches under the same prefix of the bucket is unknown to this one, too.

    AWS is asked with the variables and the configuration of this terminal, which need not be those of the server.
    """
    chosen = {"s3_bucket_name": bucket, "s3_prefix": prefix, "region": region, "profile": profile}
    _collect("awsbatch", chosen, **how)


@gc.command(
    epilog=examples(
        "covalent gc gcpbatch --dry-run",
        "covalent gc gcpbatch --older-than 7 --bucket my-bucket -y",
    )
)
@_options(
    click.option("--project", metavar="ID", help="The Google Cloud project, in place of the configured one."),
    click.option("--bucket", metavar="NAME", help="The bucket, in place of the configured one."),
)
def gcpbatch(bucket: str | None, prefix: str | None, project: str | None, **how: Any) -> None:
    """Delete staged objects of Google Batch.

    These are objects that were staged for dispatches which the server does not know any more. What other servers have staged under the same
    prefix of the bucket is unknown to this one, too. Jobs that have ended go by themselves after 60 days.
    """
    _collect("gcpbatch", {"bucket_name": bucket, "bucket_prefix": prefix, "project_id": project}, **how)


@gc.command(
    epilog=examples(
        "covalent gc azurebatch --dry-run",
        "covalent gc azurebatch --older-than 7 --container my-container -y",
    )
)
@_options(
    click.option("--url", metavar="URL", help="The Batch account's URL, in place of the configured one."),
    click.option("--storage-account", metavar="NAME", help="The storage account, in place of the configured one."),
    click.option("--container", metavar="NAME", help="The blob container, in place of the configured one."),
)
def azurebatch(
    container: str | None, storage_account: str | None, url: str | None, prefix: str | None, **how: Any
) -> None:
    """Delete old jobs and staged objects of Azure Batch.

    These are jobs of Covalent's that have ended, which Azure keeps for ever, jobs that have not ended and objects that were staged, of
    dispatches which the server does not know any more, and old functions and arguments, which are staged again when they are needed. What
    other servers have under way in the same account, and under the same prefix of the container, is unknown to this one, too.
    """
    chosen = {
        "container_name": container,
        "storage_account_name": storage_account,
        "batch_account_url": url,
        "prefix": prefix,
    }
    _collect("azurebatch", chosen, **how)


def _collect(name: str, chosen: Mapping[str, str | None], *, days: float, dry_run: bool, yes: bool) -> None:
    """:param chosen: settings of the executor of that name; None for what the configuration says"""
    from ..executor.batch.executor import BatchExecutor
    from ..executor.registry import executor_class

    kind = executor_class(name)
    assert issubclass(kind, BatchExecutor)
    executor = kind(**chosen)  # What a job needs beside that is not asked for.
    with asyncio.Runner() as runner:
        leftovers: Leftovers = runner.run(executor.leftovers(time.time() - days * _DAY_S))
        try:
            found = [one for one in runner.run(interruptible(leftovers.find())) if not _is_known(one.dispatch_id)]
            for one in found:
                click.echo(str(one))
            if not found:
                click.echo("There is nothing to delete.")
            if dry_run or not found:
                return
            if not yes:
                click.confirm("Delete all of this?", abort=True)
            runner.run(interruptible(_remove(found)))
        finally:
            runner.run(leftovers.close())
    click.echo(f"Deleted {_summary(found)}.")


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


async def _remove(found: Sequence[Stale]) -> None:
    for one in found:
        await one.remove()


def _summary(found: Sequence[Stale]) -> str:
    counted = " and ".join(plural(count, kind) for kind, count in Counter(one.kind for one in found).items())
    return f"{counted} with {sum(one.size for one in found):,} bytes"
