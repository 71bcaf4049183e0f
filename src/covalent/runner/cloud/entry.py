"""Where the bootstrap enters the archive. Imports under Python 3.8, so that a Python which is not the workflow's can say so."""

from __future__ import annotations

import os
import shutil
import sys
import traceback

from . import names
from .errors import FileError, MissingObjectError, ObjectError, PublishError
from .job import Assignment, VariablesError, read_assignment, read_job
from .manifest import ManifestError
from .objects import Objects
from .publish import publish_failure


def main(home: str) -> None:
    """Run what the environment says. Never returns.

    :param home: directory for temporary files, which holds the archive and is removed at the end
    """
    try:
        code = _run(home)
    except VariablesError as error:
        code = _fail(names.EXIT_VARIABLES, error)
    except ManifestError as error:
        code = _fail(
            names.EXIT_MANIFEST, f"{os.environ[names.MANIFEST_VARIABLE]} is damaged: {error}. Run the workflow again."
        )
    except PublishError as error:
        code = _fail(names.EXIT_UNWRITABLE, error)
    except MissingObjectError as error:
        code = _fail(names.EXIT_MISSING, error)
    except ObjectError as error:
        code = _fail(names.EXIT_UNREADABLE, error)
    except FileError as error:
        code = _fail(names.EXIT_SCRATCH, error)
    except Exception:  # noqa: BLE001 - another exit code would stand for something else
        traceback.print_exc()
        code = names.EXIT_BROKEN
    shutil.rmtree(home, ignore_errors=True)
    sys.stdout.flush()
    os._exit(code)


def _run(home: str) -> int:
    job, objects = read_job(), Objects()
    assignment = read_assignment(job, objects)
    if assignment is None:
        return names.EXIT_OK
    ours = "{}.{}".format(*sys.version_info[:2])
    if job.python and job.python != ours:
        _refuse(assignment, ours)
        return names.EXIT_FAILED
    from .main import run

    return run(assignment, objects, home)


def _refuse(assignment: Assignment, ours: str) -> None:
    theirs = assignment.job.python
    message = (
        f"The image has Python {ours}, but the workflow was dispatched from Python {theirs}, whose pickles it cannot open reliably. "
        f"Use an image with Python {theirs}, or dispatch with Python {ours}."
    )
    try:
        publish_failure(assignment, "ENVIRONMENT", message)
    except ObjectError as error:
        raise PublishError(error) from None


def _fail(code: int, reason: object) -> int:
    sys.stderr.write(f"covalent: {reason}\n")
    sys.stderr.flush()
    return code
