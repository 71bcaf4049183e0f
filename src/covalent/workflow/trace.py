"""A workflow while it is being built: electrons that are called add tasks to it."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import CovalentError, HandleUseError, WorkflowError
from ..model import Graph, Node, NodeKind, Submission
from ..serialize import cycle_error, digest, find_cycle, locate
from .calls import PreparedElectron, argument_error, signature_of
from .constants import LARGE_BYTES, Constants
from .handle import Derived, Electron, Handle, describe
from .packing import Packer, WorkflowPickler, cannot_travel
from .payload import ArgumentPickler, Payload
from .previews import preview_arguments, preview_result
from .settings import WORKFLOW_EXECUTOR, Settings, known_spec
from .tables import Tables

if TYPE_CHECKING:
    from .lattices import Lattice
    from .tasks import Task

#: The workflow being built in this context, if any.
current_trace: Final[ContextVar[Trace | None]] = ContextVar("current_trace", default=None)


class Trace:
    """Collects the tasks of one workflow.

    ``defaults`` are the settings of electrons that do not say otherwise; ``replacements`` are electrons to use in place of those of
    the same name.
    """

    def __init__(self, name: str, defaults: Settings, replacements: Mapping[str, Task[..., Any]]) -> None:
        self.name, self.defaults, self.replacements = name, defaults, replacements
        self.unused_replacements = set(replacements)
        self._values: dict[str, bytes] = {}
        self._packer = Packer()
        self._tables = Tables(self._values, self._packer)
        self._constants = Constants(self._values, lambda: WorkflowPickler(self._packer))
        self._plain = ArgumentPickler(self, self._packer, self._constants)
        self._tracing = ArgumentPickler(self, self._packer, self._constants, tracing=True)
        self._prepared: dict[Task[..., Any], PreparedElectron] = {}
        self._nodes: list[Node] = []
        self._after: dict[int, dict[int, None]] = {}
        self._calls: dict[int, Derived] = {}
        self._open = True

    def add(self, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Electron:
        """A new task that calls ``task`` with these.

        :raises TypeError: if its function cannot be called like this
        :raises PickleError: if its function or an argument cannot travel
        """
        self.check_open()
        prepared = self._prepared.get(task)
        if prepared is None:
            prepared = self._prepared[task] = self._prepare(task.__name__, task)
        prepared.check(args, kwargs)
        try:
            payload = prepared.pickler.payload((args, kwargs))
        except CovalentError:
            raise
        except Exception as error:
            raise argument_error(prepared.name, prepared.signature, prepared.pickler, args, kwargs, error) from error
        node = Node(
            name=prepared.name,
            function=prepared.function,
            args=self._keep(payload),
            executor=prepared.executor,
            environment=prepared.environment,
            inputs=payload.inputs,
            constants=payload.constants,
            kind=prepared.kind,
        )
        self._nodes.append(node)
        return Electron(self, len(self._nodes) - 1)

    def wait(self, child: Handle, parents: Handle | Iterable[Handle]) -> None:
        """Let the tasks behind ``child`` start after those behind ``parents``.

        :raises HandleUseError: if one of them is not a handle of this workflow
        """
        self.check_open()
        alone = isinstance(parents, Handle) or not isinstance(parents, Iterable)
        for parent in [parents] if alone else parents:
            if not isinstance(parent, Handle) or parent._ct_trace is not self:
                raise HandleUseError(f"Only tasks of the same workflow can be waited for, and {parent!r} is none.")
            before = dict.fromkeys(self._plain.payload(parent).inputs)
            for task in self._plain.payload(child).inputs:
                self._after.setdefault(task, {}).update(before)

    def name_of(self, node_id: int) -> str:
        return self._nodes[node_id].name

    def check_open(self) -> None:
        """:raises HandleUseError: if the workflow is complete"""
        if not self._open:
            raise HandleUseError(
                f"The workflow {self.name} is complete, and its handles mean nothing any more. Use them inside the lattice; the "
                "values of its tasks are in the result of the dispatch."
            )

    def remember_call(self, call: Derived) -> Derived:
        """Expect that a method call on a handle is used."""
        self._calls[id(call)] = call
        return call

    def forget_call(self, handle: Derived) -> None:
        """Take note that ``handle`` is used."""
        self._calls.pop(id(handle), None)

    @contextlib.contextmanager
    def inlined(self, settings: Settings) -> Iterator[None]:
        """While a lattice is called in the body of another, what it says is the default."""
        outer = self.defaults, self._prepared
        self.defaults, self._prepared = settings.over(self.defaults), {}
        try:
            yield
        finally:
            self.defaults, self._prepared = outer

    def run(self, lattice: Lattice[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Submission:
        """Call the lattice's function, with electrons adding tasks to this trace; the workflow that this makes.

        :raises WorkflowError: if the function does what a lattice cannot do
        """
        _check_executors(self.defaults)
        arguments, arguments_preview = self._take_arguments(lattice, args, kwargs)
        token = current_trace.set(self)
        try:
            value = lattice.function(*args, **kwargs)
            output = self._take_output(value)
        finally:
            current_trace.reset(token)
            self._open = False
        self._check_end()
        nodes = self._finished_nodes()
        result_preview, result_marks = preview_result(value, [node.name for node in nodes])
        graph = Graph(
            name=self.name,
            nodes=nodes,
            functions=self._tables.functions.all(),
            environments=self._tables.environments.all(),
            executors=self._tables.executors.all(),
            output=self._keep(output),
            output_inputs=output.inputs,
            output_constants=output.constants,
            arguments=self._keep(arguments),
            arguments_constants=arguments.constants,
            source=lattice.source,
            cwd=_working_directory(),
            python="{}.{}.{}".format(*sys.version_info),
            arguments_preview=arguments_preview,
            result_preview=result_preview,
            result_marks=result_marks,
        )
        return Submission(graph=graph, values=self._values)

    def keep_lattice(self, lattice: Lattice[..., Any]) -> str | None:
        """The digest of the pickled lattice; None if it cannot travel, which a workflow that is not dispatched again does not need."""
        try:
            packed = self._packer.pack_lattice(lattice)
        except CovalentError:
            return None
        return self._keep_bytes(packed.data) if packed else None

    def _prepare(self, name: str, task: Task[..., Any]) -> PreparedElectron:
        if name in self.replacements:
            self.unused_replacements.discard(name)
            task = self.replacements[name]
        settings = task.settings.over(self.defaults)
        if task.lattice is None:
            packed, kind, executor = self._packer.pack(task), NodeKind.TASK, settings.executor
        else:
            _check_executors(task.lattice.settings.over(settings))
            builder = task.builder(task.lattice, self.defaults, self.replacements)
            packed, kind = self._packer.pack_as(task, builder, tracing=True), NodeKind.SUBLATTICE
            executor = task.lattice.settings.over(settings).workflow_executor or WORKFLOW_EXECUTOR
        return PreparedElectron(
            name=name,
            function=self._tables.function(packed),
            executor=self._tables.executor(executor),
            environment=self._tables.environment(settings, packed.pip if kind is NodeKind.SUBLATTICE else ()),
            kind=kind,
            pickler=self._plain if task.lattice is None else self._tracing,
            signature=None if task.packed else signature_of(task),
            supplied={call.retval_keyword: None for call in settings.before or () if call.retval_keyword},
        )

    def _take_arguments(
        self, lattice: Lattice[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Payload, str]:
        """The arguments, and how people see them."""
        try:
            payload = self._tracing.payload((args, kwargs))
            if len(payload.data) >= LARGE_BYTES:
                for value in (*args, *kwargs.values()):
                    self._constants.share(value)
                payload = self._tracing.payload((args, kwargs))
                self._constants.start()
        except CovalentError:
            raise
        except Exception as error:
            who = f"the lattice {self.name}"
            raise argument_error(who, signature_of(lattice), self._tracing, args, kwargs, error) from error
        # Now, as the lattice may change them.
        return payload, preview_arguments(lattice.function, args, kwargs)

    def _take_output(self, value: Any) -> Payload:
        if inspect.iscoroutine(value) or inspect.isgenerator(value) or inspect.isasyncgen(value):
            raise WorkflowError(
                f"The lattice {self.name} must be a plain function: 'async' and 'yield' belong into its electrons."
            )
        try:
            return self._plain.payload(value)
        except CovalentError:
            raise
        except Exception as error:
            where = locate(value, self._plain.encode)
            raise cannot_travel(f"What the lattice {self.name} returns", error, where) from error

    def _check_end(self) -> None:
        self._constants.check_unchanged()
        if self._calls:
            # The last one may hold the others.
            call = next(reversed(self._calls.values()))
            raise HandleUseError(
                f"{describe(call)} is called in the lattice {self.name}, but nothing uses what it returns, so it would never run. "
                "A call on a handle is made by each task that takes its value, on that task's own copy. Put it in an electron."
            )

    def _finished_nodes(self) -> tuple[Node, ...]:
        nodes = self._nodes
        for node_id, before in self._after.items():
            after = tuple(other for other in before if other not in nodes[node_id].inputs)
            nodes[node_id] = replace(nodes[node_id], after=after)
        cycle = find_cycle(nodes) if self._after else None
        if cycle:
            raise cycle_error(nodes, cycle)
        return tuple(nodes)

    def _keep(self, payload: Payload) -> str:
        return self._keep_bytes(payload.data)

    def _keep_bytes(self, data: bytes) -> str:
        found = digest(data)
        self._values[found] = data
        return found


def _check_executors(settings: Settings) -> None:
    """:raises UnknownExecutorError: if one is named that cannot be had, whether or not a task comes to need it"""
    for executor in (settings.executor, settings.workflow_executor):
        if executor is not None:
            known_spec(executor)


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        # It was deleted.
        return ""
