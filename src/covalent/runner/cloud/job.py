"""What the environment of a container says, and the record of the manifest that it points to. Imports under Python 3.8."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any, NamedTuple

from .. import wire
from . import names
from .errors import ObjectError
from .manifest import ManifestError, read_record
from .objects import ObjectClient, Objects

#: What services call it, and the variables in which they do.
_IDS = (
    ("job", "AWS_BATCH_JOB_ID"),
    ("job", "BATCH_JOB_UID"),
    ("job", "AZ_BATCH_JOB_ID"),
    ("task", "AZ_BATCH_TASK_ID"),
    ("node", "AZ_BATCH_NODE_ID"),
)


class VariablesError(Exception):
    """The environment is not one that a dispatcher has made."""


class Job(NamedTuple):
    """One attempt of one task."""

    manifest: str  #: Its URI.
    group: str
    prefix: str  #: What comes before ``groups/`` in the keys of its bucket.
    task: int  #: Its place in the manifest.
    attempt: int  #: The service's own count, from 1.
    python: str  #: The workflow's, as ``3.11``; empty if it does not matter.

    @property
    def place(self) -> str:
        """Where it runs, for a person."""
        found = [f"{kind} {os.environ[name]}" for kind, name in _IDS if os.environ.get(name)]
        return ", ".join((socket.gethostname(), *found))

    def key(self, name: str) -> str:
        """Of what lies beside the task's outcome."""
        return self.prefix + names.task_key(self.group, self.task, self.attempt, name)


def read_job() -> Job:
    """:raises VariablesError: if a variable is missing or senseless"""
    manifest = os.environ.get(names.MANIFEST_VARIABLE, "")
    root, _, rest = manifest.rpartition("/groups/")
    group, _, name = rest.partition("/")
    if not root or not group or name != "manifest":
        raise VariablesError(f"{names.MANIFEST_VARIABLE} is {manifest!r}, which is no address of a manifest.")
    prefix = root.partition("://")[2].partition("/")[2]
    index = _number(names.FIRST_VARIABLE, 0)
    for variable in filter(None, (os.environ.get(names.INDEX_VARIABLE),)):
        index += _number(variable, 0)
    first = _number(names.FIRST_ATTEMPT_VARIABLE, 1)
    attempt = max(1, _number(os.environ.get(names.ATTEMPT_VARIABLE, ""), first) - first + 1)
    python = os.environ.get(names.PYTHON_VARIABLE, "")
    return Job(manifest, group, prefix + "/" if prefix else "", index, attempt, python)


class Assignment:
    """A task that has no outcome yet.

    :param header: as :class:`covalent.runner.task.TaskRunner` takes it, with URIs for paths
    :param data: what its blobs point into
    """

    def __init__(self, job: Job, client: ObjectClient, header: dict[str, Any], data: Any) -> None:
        self.job, self.client, self.header, self.data = job, client, header, data

    @property
    def name(self) -> dict[str, Any]:
        """By what an outcome says whose it is."""
        return {"group": self.job.group, "node": self.header["node"], "attempt": self.header["attempt"]}

    def has_outcome(self) -> bool:
        """Whether somebody has written one meanwhile.

        :raises ObjectError: if that cannot be known
        """
        return _has_outcome(self.job, self.client)


def read_assignment(job: Job, objects: Objects) -> Assignment | None:
    """What to run; None if it has been run before.

    :raises ManifestError: if the manifest cannot be understood
    :raises ObjectError: if it cannot be read
    """
    client, key = objects.locate(job.manifest)
    if _has_outcome(job, client):
        return None
    try:
        message = wire.decode(read_record(lambda start, end: client.read(key, start, end), job.task))
        return Assignment(job, client, json.loads(bytes(message.header)), message.data)
    except (ValueError, struct.error) as error:
        raise ManifestError(f"the manifest's record {job.task} cannot be read ({error})") from None


def _has_outcome(job: Job, client: ObjectClient) -> bool:
    try:
        return any(True for _ in client.list(f"{job.prefix}{names.outcomes_prefix(job.group)}{job.task}."))
    except ObjectError as error:
        # A role that may not list can do its work all the same: an outcome is never overwritten.
        if error.status != 403:
            raise
        return False


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdigit():
        raise VariablesError(f"{variable} is {text!r}, which is no number.")
    return int(text)
