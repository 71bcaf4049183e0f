"""The program that travels to containers: an archive for the bucket, and the short text that fetches and starts it."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import io
import marshal
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cloudpickle

from ... import runner
from ...runner.cloud import names
from ...runner.cloud.az_requests import AZRequests
from ...runner.cloud.bucket_requests import BucketRequests
from ...runner.cloud.gs_requests import GSRequests
from ...runner.cloud.s3_requests import S3Requests

#: The runner's name in the archive.
PACKAGE: Final = "covalent_runner"

#: What the bootstrap is made of, each after what it needs: for all services, for the one that keeps the job's objects, for all.
_COMMON: Final = ("errors", "identity", "connections", "bucket_requests")
_CLIENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("sigv4", "credentials", "s3_requests"),
    "gs": ("google_identity", "gs_requests"),
    "az": ("azure_identity", "az_requests"),
}
_START: Final = "bootstrap"

#: The class of requests that a client defines.
_REQUESTS: Final[Mapping[str, type[BucketRequests]]] = {"s3": S3Requests, "gs": GSRequests, "az": AZRequests}

#: The same for all archives of a version, so that their bytes are.
_DATE: Final = (1980, 1, 1, 0, 0, 0)

#: A version of the format without back references, whose bytes do not depend on what else the process holds.
_MARSHAL: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """The archive. Its name in the bucket is :func:`covalent.runner.cloud.names.runner_key` of its digest."""

    digest: str
    data: bytes
    size: int


@functools.cache
def runner_bundle() -> Bundle:
    """The runner and cloudpickle, made once in a process; the same bytes for the same versions."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(_files()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    data = content.getvalue()
    return Bundle(digest=hashlib.sha256(data).hexdigest(), data=data, size=len(data))


@functools.cache
def bootstrap_source(scheme: str) -> str:
    """What ``python3 -c`` runs in a container whose objects have URIs of this scheme; see :mod:`covalent.runner.cloud.bootstrap`.

    It is one text made of several modules, without annotations and docstrings: short, and readable in a cloud's console.
    """
    root = Path(names.__file__).parent
    # No file in the image's working directory may hide a module of the standard library.
    body: list[ast.stmt] = ast.parse("import sys\nsys.path[:] = [p for p in sys.path if p]").body
    for name in (*_COMMON, *_CLIENTS[scheme], _START):
        body += _Stripped().visit(ast.parse((root / f"{name}.py").read_text())).body
    body += ast.parse(f"start({scheme!r}, {_REQUESTS[scheme].__name__})").body
    text = ast.unparse(ast.fix_missing_locations(ast.Module(body=body, type_ignores=[])))
    return re.sub(r"^(?: {4})+", lambda indent: " " * (len(indent[0]) // 4), text, flags=re.MULTILINE)


def command(scheme: str) -> tuple[str, ...]:
    """The command of a container whose objects have URIs of this scheme."""
    return ("python3", "-c", bootstrap_source(scheme))


def _files() -> Iterator[tuple[str, bytes]]:
    for package, module in ((PACKAGE, runner), ("cloudpickle", cloudpickle)):
        root = Path(str(module.__file__)).parent
        for file in root.rglob("*.py"):
            name = f"{package}/{file.relative_to(root).as_posix()}"
            source = file.read_bytes()
            yield name, source
            if compiled := _compiled(name, source):
                yield f"{name}c", compiled


def _compiled(name: str, source: bytes) -> bytes | None:
    """What an image with this very version of Python loads instead of compiling the source; others ignore it."""
    try:
        code = marshal.dumps(compile(source, name, "exec", dont_inherit=True), _MARSHAL)
    except ValueError:
        return None
    # Flags: the file is checked by no hash and by no time, https://peps.python.org/pep-0552/
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + code


class _Stripped(ast.NodeTransformer):
    """A module as a part of the bootstrap: without what only readers and type checkers need, and without imports of its neighbours."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        node.body = _without_docstring(node.body) or [ast.Pass()]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.body = _without_docstring(node.body) or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        return ast.Assign(targets=[node.target], value=node.value, lineno=node.lineno) if node.value else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt] | ast.stmt | None:
        if node.module == "names":
            return [ast.parse(f"{alias.name} = {getattr(names, alias.name)!r}").body[0] for alias in node.names]
        is_needed = not node.level and node.module not in ("__future__", "typing", "collections.abc")
        return node if is_needed else None


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_docstring else body
