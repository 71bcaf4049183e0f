"""What is sent to Azure Batch, as JSON: a job, and the collections of tasks that are added to it.

Written by hand, not with the library's models: those take a millisecond for each task. Sources: API reference of Azure Batch, "Add a job",
"Add a collection of tasks"; its documentation, "Run container applications on Azure Batch".
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ...runner.cloud.names import BOOTSTRAP_VARIABLE, INDEX_VARIABLE
from ..batch.service import Job
from ..batch.submission import DISPATCH_TAG
from .names import task_id
from .options import JobOptions

#: Without a shell. The program is in the environment of the job, so that no task carries it; packed, for nodes may hand variables to
#: Docker in a file that has one in each line.
COMMAND: Final = (
    '/usr/bin/env python3 -c "import os,zlib,base64; '
    f"exec(zlib.decompress(base64.b64decode(os.environ['{BOOTSTRAP_VARIABLE}'])))\""
)

#: In which each task finds its index: Azure gives it an id only.
TASK_INDEX: Final = "COVALENT_TASK_INDEX"

#: Which of the pool's identities a task uses, as Azure's own libraries understand it.
CLIENT_ID_VARIABLE: Final = "AZURE_CLIENT_ID"

#: Tasks in one collection, and its bytes: the service takes up to 1 MB.
COLLECTION_TASKS: Final = 100
COLLECTION_BYTES: Final = 900_000

#: What happens when all tasks of a job have ended. It can be changed once: from the first to the second.
STAYS: Final = "noaction"
ENDS: Final = "terminatejob"


def job_content(job: Job, client_id: str) -> dict[str, Any]:
    """A job without its id: what is the same for all groups that may share it.

    :param client_id: of the identity that tasks use; empty for the pool's only one
    """
    options: JobOptions = job.options
    variables = {**dict(options.environment), BOOTSTRAP_VARIABLE: packed(job.command[-1])}
    if client_id:
        variables[CLIENT_ID_VARIABLE] = client_id
    return {
        # Azure sees no difference between capital and small letters, and the id of the job must not either.
        "poolInfo": {"poolId": options.pool.lower()},
        "onAllTasksComplete": STAYS,
        "commonEnvironmentSettings": _settings(variables),
        "metadata": _settings({**dict(options.metadata), DISPATCH_TAG: job.tags.get(DISPATCH_TAG, "")}),
    }


def collections(job: Job, group: str) -> Iterator[bytes]:
    """The bodies by which all tasks of a group are added.

    :param group: what the ids of its tasks begin with
    """
    shared = _task(job)
    variables = _settings({**job.environment, INDEX_VARIABLE: TASK_INDEX})
    tasks: list[bytes] = []
    length = 0
    for index in range(job.size):
        settings = [*variables, {"name": TASK_INDEX, "value": str(index)}]
        task = encode({"id": task_id(group, index), **shared, "environmentSettings": settings})
        if tasks and (len(tasks) == COLLECTION_TASKS or length + len(task) > COLLECTION_BYTES):
            yield _collection(tasks)
            tasks, length = [], 0
        tasks.append(task)
        length += len(task) + 1
    yield _collection(tasks)


def encode(body: Any) -> bytes:
    """The same bytes for the same body."""
    return msgspec.json.encode(body)


def _collection(tasks: Sequence[bytes]) -> bytes:
    return b'{"value":[' + b",".join(tasks) + b"]}"


def packed(program: str) -> str:
    """A program in one line, the same for the same."""
    return base64.b64encode(zlib.compress(program.encode(), 9)).decode()


def _task(job: Job) -> dict[str, Any]:
    """What all tasks of a group have in common."""
    options: JobOptions = job.options
    container: dict[str, Any] = {"imageName": options.image}
    if run_options := _run_options(options, job.out_of_memory):
        container["containerRunOptions"] = run_options
    if options.registry is not None:
        identity = {"resourceId": options.registry.identity}
        container["registry"] = {"registryServer": options.registry.server, "identityReference": identity}
    return {
        "commandLine": COMMAND,
        "containerSettings": container,
        "constraints": {"maxTaskRetryCount": 0, "maxWallClockTime": f"PT{options.max_run_s}S"},
        "requiredSlots": options.slots,
    }


def _run_options(options: JobOptions, out_of_memory: int) -> str:
    """Options of ``docker create``; the user's own come last."""
    words = []
    if (memory_mib := options.memory_after(out_of_memory)) is not None:
        # Without the second, a container may swap as much again.
        words += [f"--memory={memory_mib}m", f"--memory-swap={memory_mib}m"]
    if options.cpus is not None:
        words.append(f"--cpus={options.cpus:g}")
    if options.shared_memory_mib is not None:
        words.append(f"--shm-size={options.shared_memory_mib}m")
    if options.container_options:
        words.append(options.container_options)
    return " ".join(words)


def _settings(table: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in table.items()]
