"""Why a task has no result, in words that travel: nobody needs the task's own classes to read them."""

from __future__ import annotations

import io
import json
import pickle
import traceback
from pathlib import Path

from .pickling import Pickler
from .spill import INLINE_EXCEPTION_BYTES, Spill, StorageError, Stored

#: Longest texts, in bytes as JSON.
TRACEBACK_BYTES = 36 * 1024
MESSAGE_BYTES = 6 * 1024
PREVIEW_BYTES = 6 * 1024


class TaskFailedError(Exception):
    """A task ends without a result. ``error`` is the exception of the user's code, if there is one."""

    def __init__(self, cause: str, message: str, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause, self.message, self.error = cause, message, error


class DamagedError(Exception):
    """Bytes are missing or are not what their digest says. Nothing of them was opened."""

    #: What the rest of Covalent calls it.
    name = "covalent.errors.IntegrityError"

    def __init__(self, digest: str, reason: str) -> None:
        super().__init__(
            f"The value {digest[:12]} is damaged: {reason}. It was not opened. "
            "Run the workflow again, or restore the data directory from a backup."
        )


def classify(error: BaseException) -> TaskFailedError:
    """The problem that an exception out of a task's own code, or out of opening its values, stands for."""
    if isinstance(error, TaskFailedError):
        return error
    if isinstance(error, DamagedError):
        return TaskFailedError("UNKNOWN", str(error), error)
    if isinstance(error, StorageError):
        return TaskFailedError("HOST", str(error))
    summary = f"{type(error).__name__}: {text_of(error)}".rstrip(": ").strip()
    if isinstance(error, MemoryError):
        return TaskFailedError("OUT_OF_MEMORY", f"The task ran out of memory ({summary}).", error)
    if isinstance(error, SystemExit):
        code = "" if error.code is None else _repr_of(error.code)
        return TaskFailedError("USER", f"The task called sys.exit({code:.200}); a task ends by returning.", error)
    return TaskFailedError("USER", summary, error)


def text_of(error: BaseException) -> str:
    """``str(error)``, even if that raises."""
    try:
        return str(error)
    except BaseException as second:  # noqa: BLE001 - the class is the user's
        return f"<its message cannot be had: str() raised {type(second).__name__}>"


def _repr_of(value: object) -> str:
    """``repr(value)``, even if that raises."""
    try:
        return repr(value)
    except BaseException as error:  # noqa: BLE001 - the class is the user's
        return f"<repr() raised {type(error).__name__}>"


def traceback_of(error: BaseException) -> str:
    """The traceback with causes, contexts and notes, without this program's own frames."""
    try:
        described = traceback.TracebackException.from_exception(error, compact=True)
        _drop_own_frames(described)
        return "".join(described.format())
    except BaseException as second:  # noqa: BLE001 - the class is the user's
        return f"{type(error).__name__}: {text_of(error)}\n<its traceback cannot be had: {type(second).__name__}>\n"


def name_of(error: BaseException) -> str:
    """Where its class is found, for example ``builtins.ValueError``."""
    if isinstance(error, DamagedError):
        return error.name
    return f"{type(error).__module__}.{type(error).__qualname__}"


def pickled(error: BaseException, objects: str) -> Stored | None:
    """The exception itself, if it can be pickled and opened again."""
    if isinstance(error, (DamagedError, StorageError)):
        return None
    spill = Spill(objects, INLINE_EXCEPTION_BYTES)
    try:
        buffer = io.BytesIO()
        Pickler(buffer, protocol=5).dump(error)
        data = buffer.getvalue()
        pickle.loads(data)
        spill.write(data)
        return spill.finish()
    except BaseException:  # noqa: BLE001 - whatever the reason, the text is enough
        return None
    finally:
        spill.discard()


def clipped(text: str, limit_bytes: int) -> str:
    """The beginning and the end of a text that would be longer than the limit as JSON; always valid Unicode."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) * 6 <= limit_bytes or len(json.dumps(text)) <= limit_bytes:
        return text
    half = limit_bytes // 13
    return f"{text[:half]}\n… {len(text) - 2 * half} characters are left out …\n{text[-half:]}"


#: Where this program says that it is; in an archive, that is not where it lies.
_HERE = str(Path(classify.__code__.co_filename).parent)

#: Functions of this project that travel around that of a task.
_AROUND = ("call_with_classes", "call_with_modules")


def _drop_own_frames(described: traceback.TracebackException) -> None:
    pending: list[traceback.TracebackException | None] = [described]
    while pending:
        one = pending.pop()
        if one is not None:
            kept = [f for f in one.stack if not f.filename.startswith(_HERE) and f.name not in _AROUND]
            one.stack = traceback.StackSummary.from_list(kept)
            pending += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]
