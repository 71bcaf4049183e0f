"""Files of tasks, which are there as long as their nodes are.

Source: https://learn.microsoft.com/rest/api/batchservice/file
"""

from __future__ import annotations

import mimetypes
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ...http import Response
from ..refusal import RefusalError
from . import times
from .lists import EntitySet
from .scheduler import Scheduler
from .schema import property_names, seconds
from .task_api import task_of
from .tasks import Task
from .wire import Call, Route, answer

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


class FileApi:
    def __init__(self, scheduler: Scheduler, account_url: str) -> None:
        self._scheduler = scheduler
        self._entities = EntitySet(account_url=account_url, name="files", properties=property_names("BatchNodeFile"))

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/jobs/{job}/tasks/{task}/files", "ListTaskFiles", self._list),
            Route("GET", "/jobs/{job}/tasks/{task}/files/{file*}", "GetTaskFile", self._get),
            Route("HEAD", "/jobs/{job}/tasks/{task}/files/{file*}", "GetTaskFileProperties", self._head),
            Route("DELETE", "/jobs/{job}/tasks/{task}/files/{file*}", "DeleteTaskFile", self._delete),
        )

    def _list(self, call: Call) -> Response:
        task = task_of(self._scheduler, call)
        root = _directory(task)
        is_recursive = call.query.get("recursive", "false").lower() == "true"
        files = sorted(_below(root, is_recursive=is_recursive))
        return self._entities.page(call, [_view(task, root, path) for path in files], f"{task.url}/files")

    def _get(self, call: Call) -> Response:
        task, path = self._find(call)
        if path.is_dir():
            raise RefusalError(
                "OperationInvalidForCurrentState",
                "The specified operation is not valid for the current state of the resource.",
                status=409,
                details={"Reason": "It is a directory."},
            )
        headers = _headers(task, path)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            asked = call.request.headers.get("ocp-range") or call.request.headers.get("range")
            if asked is None:
                return Response(headers=headers, body=file.read(size))
            start, end = _range(asked, size)
            file.seek(start)
            body = file.read(end - start)
        return Response(status=206, headers={**headers, "content-range": f"bytes {start}-{end - 1}/{size}"}, body=body)

    def _head(self, call: Call) -> Response:
        task, path = self._find(call)
        size = path.stat().st_size if path.is_file() else 0
        return Response(headers={**_headers(task, path), "content-length": str(size)})

    def _delete(self, call: Call) -> Response:
        _, path = self._find(call)
        if path.is_file():
            path.unlink()
        elif call.query.get("recursive", "false").lower() == "true" or not any(path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)
        else:
            raise RefusalError("InvalidInput", "The directory is not empty, and recursive is not set.")
        return answer(200)

    def _find(self, call: Call) -> tuple[Task, Path]:
        task = task_of(self._scheduler, call)
        root = _directory(task)
        path = Path(os.path.normpath(root / call.names["file"]))
        if not path.is_relative_to(root) or not path.exists():
            raise RefusalError("FileNotFound", "The specified file does not exist.", status=404)
        return task, path


def _directory(task: Task) -> Path:
    """
    :raises RefusalError: if its files are gone, or there never were any
    """
    kept_s = seconds(task.constraints["retentionTime"])
    if kept_s is not None and (ended := task.execution.get("endTime")) is not None:
        age_s = time.time() - datetime.fromisoformat(ended).timestamp()
        if age_s > kept_s:
            raise RefusalError("TaskFilesCleanedup", "The files of the specified task are cleaned up.", status=409)
    if task.directory is None or not task.directory.is_dir() or (task.node is not None and task.node.lost_as):
        raise RefusalError("FileNotFound", "The specified file does not exist.", status=404)
    return task.directory


def _below(root: Path, *, is_recursive: bool) -> Iterator[Path]:
    return root.rglob("*") if is_recursive else root.iterdir()


def _view(task: Task, root: Path, path: Path) -> dict[str, Any]:
    """A ``BatchNodeFile``."""
    name = path.relative_to(root).as_posix()
    shown: dict[str, Any] = {
        "name": name,
        "url": f"{task.url}/files/{quote(name)}",
        "isDirectory": path.is_dir(),
    }
    if not path.is_dir():
        status = path.stat()
        shown["properties"] = {
            "lastModified": times.text(status.st_mtime),
            "creationTime": times.text(status.st_ctime),
            "contentLength": str(status.st_size),  # As text, like all its long numbers.
            "contentType": _kind(path),
            "fileMode": f"0o{status.st_mode:o}",
        }
    return shown


def _headers(task: Task, path: Path) -> dict[str, str]:
    status = path.stat()
    name = path.relative_to(task.directory or path).as_posix()
    return {
        "content-type": _kind(path),
        "last-modified": times.for_header(times.text(status.st_mtime)),
        "ocp-creation-time": times.for_header(times.text(status.st_ctime)),
        "ocp-batch-file-isdirectory": str(path.is_dir()).lower(),
        "ocp-batch-file-mode": f"0o{status.st_mode:o}",
        "ocp-batch-file-url": quote(f"{task.url}/files/{name}", safe="/:"),
    }


def _kind(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _range(asked: str, size: int) -> tuple[int, int]:
    """
    :raises RefusalError: if there is nothing of it
    """
    found = _RANGE.fullmatch(asked.strip())
    start = int(found[1]) if found else 0
    end = min(size, int(found[2]) + 1) if found and found[2] else size
    if found is None or start >= end:
        raise RefusalError(
            "InvalidRange", "The range specified is invalid for the current size of the resource.", status=416
        )
    return start, end
