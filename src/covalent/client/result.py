"""What a dispatch has come to, fetched as it is touched."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ..config import get_config
from ..model import DispatchInfo
from ..states import Status
from . import describe
from .bundle import Bundle, opened
from .failures import error_text, raise_failure
from .node_result import NodeResult, moment
from .save import Kinds, save
from .server import Server


class Result:
    """A dispatch as it stood when this was fetched. Values come from the server when they are first touched, and are kept."""

    def __init__(
        self, server: Server, info: DispatchInfo, *, results_dir: Path | str | None = None, kinds: Kinds | None = None
    ) -> None:
        self._server, self._info = server, info
        self._base = Path(results_dir or get_config("sdk.results_dir")).expanduser().absolute()
        self._kinds = kinds or Kinds()

    # What is known at once

    @property
    def dispatch_id(self) -> str:
        return self._info.id

    @property
    def root_dispatch_id(self) -> str:
        """The dispatch at the top, if this one runs for a sublattice; otherwise its own id."""
        return self._info.root_id or self._info.id

    @property
    def status(self) -> Status:
        return self._info.status

    @property
    def start_time(self) -> datetime | None:
        return moment(self._info.started_at)

    @property
    def end_time(self) -> datetime | None:
        return moment(self._info.ended_at)

    @property
    def results_dir(self) -> str:
        """Where :meth:`save_result` puts copies."""
        return str(self._base / self.dispatch_id)

    # What is fetched

    @property
    def result(self) -> Any:
        """What the workflow returned; None while it runs.

        :raises TaskError: if it was cancelled, or failed and the exception of the first task that failed cannot be had here
        :raises Exception: that exception, with the remote traceback as its cause
        """
        if not self.status.is_final:
            return None
        if self.status is not Status.COMPLETED:
            raise_failure(self._server, self._info)
        return self._output

    @cached_property
    def error(self) -> str | None:
        """What went wrong; None if nothing did.

        The first five failures have their causes, tracebacks and last lines of output, up to twenty a line each.
        """
        return error_text(self._server, self._info)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """What the workflow was called with: ``{"args": [...], "kwargs": {...}}``."""
        args, kwargs = self._fetch("inputs")
        return {"args": list(args), "kwargs": dict(kwargs)}

    @cached_property
    def lattice(self) -> Any:
        """The workflow itself, as it was dispatched."""
        return self._fetch("lattice")

    def get_node_result(self, node_id: int) -> NodeResult:
        """One task: ``node_id, node_name, start_time, end_time, status, output, error, sublattice_result, stdout, stderr``.

        :raises NotFoundError: if there is no such task
        """
        return NodeResult(self._server, self.dispatch_id, self._server.task(self.dispatch_id, node_id), self._child)

    def get_all_node_results(self) -> list[NodeResult]:
        """All tasks, in order of their numbers; what is large in each is fetched when it is touched."""
        return [
            NodeResult(self._server, self.dispatch_id, task, self._child)
            for task in self._server.tasks(self.dispatch_id)
        ]

    def get_all_node_outputs(self) -> dict[str, Any]:
        """What each task returned, under ``name(number)``; None for those that have not completed."""
        return {f"{node['node_name']}({node['node_id']})": node["output"] for node in self.get_all_node_results()}

    def save_result(self, results_dir: Path | str | None = None) -> None:
        """Write copies of outputs and logs as files: to ``results_dir``, or to where ``get_result`` or the settings say."""
        save(self, Path(results_dir).expanduser().absolute() if results_dir else self._base, self._kinds)

    def bundle(self, what: str = "result") -> Bundle:
        """The ``result``, ``inputs`` or ``lattice``, received but not opened.

        :raises NotFoundError: if there is none
        """
        return self._server.bundle(self.dispatch_id, what)

    def __repr__(self) -> str:
        return f"<Result of {self._info.name} {self.dispatch_id}: {self.status}>"

    def __str__(self) -> str:
        return describe.as_text(self, self._info)

    def _repr_html_(self) -> str:
        return describe.as_html(self, self._info)

    @cached_property
    def _output(self) -> Any:
        return self._fetch("result")

    def _child(self, dispatch_id: str) -> Result:
        return Result(self._server, self._server.dispatch(dispatch_id), results_dir=self._base, kinds=self._kinds)

    def _fetch(self, what: str) -> Any:
        return opened(self.bundle(what), f"the {what} of dispatch {self.dispatch_id}")
