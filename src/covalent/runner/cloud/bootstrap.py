"""What a container is told to run, as ``python3 -c``: it fetches the runner with the job's own identity, checks it, and starts it.

The text is put together by :mod:`covalent.executor.batch.bundle` from this module and those that it needs, among them one service's
requests. It parses under Python 3.6.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from typing import NoReturn

from .bucket_requests import BucketRequests
from .errors import MissingObjectError, ObjectError
from .names import (
    EXIT_DAMAGED,
    EXIT_MISSING,
    EXIT_PYTHON,
    EXIT_SCRATCH,
    EXIT_UNREADABLE,
    EXIT_VARIABLES,
    PYTHON_VARIABLE,
    RUNNER_VARIABLE,
    SCRATCH_VARIABLE,
)


def end(code: int, message: object) -> NoReturn:
    """End the process, with the reason as the last line of its output."""
    sys.stderr.write(f"covalent: {message}\n")
    sys.stderr.flush()
    os._exit(code)


def fetch(uri: str, requests: Callable[[str], BucketRequests]) -> bytes:
    """:raises ObjectError: if it cannot be read"""
    bucket, _, key = uri.partition("://")[2].partition("/")
    client = requests(bucket)
    answer = client.request("GET", key)
    client.close()
    if answer.status != 200:
        raise client.refusal("GET", key, answer)
    return answer.content  # type: ignore[no-any-return]


def start(scheme: str, requests: Callable[[str], BucketRequests]) -> None:
    """Never returns.

    :param requests: to a bucket of the service that ``scheme`` stands for
    """
    version, wanted = sys.version_info[:2], os.environ.get(PYTHON_VARIABLE)
    if version < (3, 8):
        ours = "{}.{}".format(*version)
        end(
            EXIT_PYTHON,
            f"The image has Python {ours}, the workflow is of Python {wanted}. Use an image with Python {wanted}.",
        )
    uri = os.environ.get(RUNNER_VARIABLE, "")
    if not uri.startswith(scheme + "://"):
        end(
            EXIT_VARIABLES,
            f"{RUNNER_VARIABLE} is {uri!r}, which is no place to fetch the runner from. Submit the job through Covalent.",
        )
    try:
        content = fetch(uri, requests)
    except ObjectError as error:
        end(EXIT_MISSING if isinstance(error, MissingObjectError) else EXIT_UNREADABLE, error)
    if hashlib.sha256(content).hexdigest() != uri.rpartition("/")[2].partition(".")[0]:
        end(
            EXIT_DAMAGED, f"{uri} is damaged: its bytes do not match its digest. Delete it, and run the workflow again."
        )
    scratch = os.environ.get(SCRATCH_VARIABLE)
    try:
        if scratch:
            os.makedirs(scratch, exist_ok=True)  # noqa: PTH103
        home = tempfile.mkdtemp(prefix="covalent-", dir=scratch)
        archive = os.path.join(home, "runner.pyz")  # noqa: PTH118
        with open(archive, "wb") as file:  # noqa: PTH123
            file.write(content)
    except OSError as error:
        end(
            EXIT_SCRATCH,
            f"The container has no directory to write to ({error}). Set {SCRATCH_VARIABLE} (cache_dir) to one.",
        )
    sys.path.insert(0, archive)
    try:
        entry = importlib.import_module("covalent_runner.cloud.entry")
    except ImportError as error:
        end(EXIT_PYTHON, f"The image's Python cannot load the runner ({error}). Use an image with a complete Python.")
    entry.main(home)
