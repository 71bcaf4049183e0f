"""Executors that keep something in a place of their own, ready to be asked for it: also when no dispatch of theirs is under way."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec

from ..errors import CovalentError, ExecutorError
from ..executor.base import AsyncBaseExecutor, Runtime
from ..executor.registry import executor_class, known_executors
from ..model import ExecutorSpec, Graph
from .threads import StoreThreads
from .vault import Vault

log = logging.getLogger(__name__)

#: Executors that are kept at hand, and places of which is remembered who could read there.
KEPT: Final = 64

#: How many executors of other dispatches are tried.
TRIED: Final = 100


def keepers(graph: Graph) -> list[int]:
    """The numbers of the graph's executors that may keep something in a place of their own."""
    return [number for number, spec in enumerate(graph.executors) if _may_keep(spec.name)]


def _may_keep(name: str) -> bool:
    try:
        kind = executor_class(name)
    except ExecutorError:
        # It may be there again when its dispatch is resumed.
        return True
    return kind.can_read is not AsyncBaseExecutor.can_read or kind.purge is not AsyncBaseExecutor.purge


class Keepers:
    """Makes executors from what is stored of them, and finds the one that can read at a place."""

    def __init__(self, threads: StoreThreads, runtime: Runtime, vault: Vault) -> None:
        self._threads, self._runtime, self._vault = threads, runtime, vault
        self._made: OrderedDict[bytes, AsyncBaseExecutor] = OrderedDict()
        self._readers: OrderedDict[str, AsyncBaseExecutor] = OrderedDict()

    async def make(self, spec: ExecutorSpec) -> AsyncBaseExecutor:
        """An executor with these settings.

        :raises ExecutorError: if there is none by that name, or it refuses the settings
        """
        key = msgspec.json.encode(spec, order="deterministic")
        executor = self._made.get(key)
        if executor is None:
            opened = await self._vault.open([spec])
            # Its module may have to be imported.
            executor = await self._threads.read(opened.executor, spec)
            executor.bind(self._runtime)
            self._made[key] = executor
        self._made.move_to_end(key)
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return executor

    async def readers(self, uri: str, dispatch_id: str) -> AsyncGenerator[AsyncBaseExecutor]:
        """Those that say that they can read ``uri``, the likeliest first.

        That is the one that has read from the same place before; then those of the dispatch, of its tree, and of others; then each
        executor that is known here, as it is configured.
        """
        seen = set()
        known = self._readers.get(_place(uri))
        if known is not None and _says_yes(known, uri):
            seen.add(id(known))
            yield known
        stored = await self._threads.read(self._threads.store.executors, dispatch_id, TRIED)
        for specs in (stored, await self._threads.read(_configured)):
            for executor in await self._all(specs):
                if id(executor) not in seen and _says_yes(executor, uri):
                    seen.add(id(executor))
                    yield executor

    def remember(self, uri: str, executor: AsyncBaseExecutor) -> None:
        """It has read there."""
        self._readers[_place(uri)] = executor
        self._readers.move_to_end(_place(uri))
        while len(self._readers) > KEPT:
            self._readers.popitem(last=False)

    async def _all(self, specs: Sequence[ExecutorSpec]) -> list[AsyncBaseExecutor]:
        made = []
        for spec in specs:
            try:
                made.append(await self.make(spec))
            except CovalentError as error:
                log.debug("executor %s is of no help: %s", spec.name, error)
        return made


def _says_yes(executor: AsyncBaseExecutor, uri: str) -> bool:
    try:
        return executor.can_read(uri)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        log.debug("executor %s is of no help: %r", executor.short_name, error)
        return False


def _place(uri: str) -> str:
    """Scheme and bucket, or whatever comes before the path."""
    return uri[:index] if (index := uri.find("/", uri.find("://") + 3)) > 0 else uri


def _configured() -> list[ExecutorSpec]:
    """Every executor that is known here, with nothing set on it."""
    return [ExecutorSpec(name=name) for name in known_executors() if _may_keep(name)]
