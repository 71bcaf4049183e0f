"""What tasks need to run, read from the store when it is time, with what was just written kept at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from ..model import Blob, Graph, TaskRef, TaskSpec
from .elsewhere import Elsewhere
from .threads import StoreThreads

#: Bytes of payloads and outputs that are kept at hand, over all dispatches.
CACHE_BYTES: Final = 32 * 1024 * 1024

#: What an entry costs beside its data.
ENTRY_BYTES: Final = 400

#: A payload by its digest, or the output of a task by its node id.
Key: TypeAlias = tuple[str, str | int]


class BlobCache:
    """The most recently used blobs, up to a number of bytes."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._limit, self._used = limit_bytes, 0
        self._blobs: OrderedDict[Key, Blob] = OrderedDict()

    def get(self, key: Key) -> Blob | None:
        blob = self._blobs.get(key)
        if blob is not None:
            self._blobs.move_to_end(key)
        return blob

    def put(self, key: Key, blob: Blob) -> None:
        if key in self._blobs:
            return
        self._blobs[key] = blob
        self._used += _cost(blob)
        while self._used > self._limit:
            _, oldest = self._blobs.popitem(last=False)
            self._used -= _cost(oldest)


def _cost(blob: Blob) -> int:
    return ENTRY_BYTES + len(blob.data or b"") + sum(map(_cost, blob.inputs))


class DispatchResources:
    """Implements :class:`covalent.executor.base.Resources` for one dispatch."""

    def __init__(
        self,
        dispatch_id: str,
        graph: Graph,
        threads: StoreThreads,
        cache: BlobCache,
        path: Callable[[str], Path],
        elsewhere: Elsewhere,
    ) -> None:
        self._dispatch_id, self._graph = dispatch_id, graph
        self._threads, self._cache, self._path, self._elsewhere = threads, cache, path, elsewhere

    async def load(self, refs: Sequence[TaskRef]) -> list[TaskSpec]:
        nodes = [self._graph.nodes[ref.node_id] for ref in refs]
        digests: set[str] = set()
        producers: set[int] = set()
        for node in nodes:
            digests.add(node.args)
            digests.add(self._graph.functions[node.function].digest)
            digests.update(node.constants)
            producers.update(node.inputs)
            if hooks := self._graph.environments[node.environment].hooks:
                digests.add(hooks)
        payloads = await self.payloads(digests)
        outputs = await self.outputs(producers)
        specs = []
        for ref, node in zip(refs, nodes, strict=True):
            environment = self._graph.environments[node.environment]
            inputs = [outputs[producer] for producer in node.inputs]
            inputs.extend(payloads[digest] for digest in node.constants)
            spec = TaskSpec(
                node_id=ref.node_id,
                attempt=ref.attempt,
                name=node.name,
                kind=node.kind,
                function=payloads[self._graph.functions[node.function].digest],
                args=payloads[node.args],
                inputs=tuple(inputs),
                environment=environment,
                hooks=payloads[environment.hooks] if environment.hooks else None,
            )
            specs.append(spec)
        return specs

    def path(self, blob: Blob) -> Path:
        return self._path(blob.digest)

    async def fetch(self, blob: Blob) -> Path:
        return await self._elsewhere.fetch(blob, self._dispatch_id)

    async def payloads(self, digests: Iterable[str]) -> Mapping[str, Blob]:
        """Payloads of the graph, by digest."""
        found = {digest: self._cache.get((self._dispatch_id, digest)) for digest in digests}
        missing = [digest for digest, blob in found.items() if blob is None]
        if missing:
            read = await self._threads.read(self._threads.store.payloads, self._dispatch_id, missing)
            for digest, blob in read.items():
                self._cache.put((self._dispatch_id, digest), blob)
                found[digest] = blob
        return {digest: blob for digest, blob in found.items() if blob is not None}

    async def outputs(self, node_ids: Iterable[int]) -> Mapping[int, Blob]:
        """Outputs of completed tasks, by node id."""
        found = {node_id: self._cache.get((self._dispatch_id, node_id)) for node_id in node_ids}
        missing = [node_id for node_id, blob in found.items() if blob is None]
        if missing:
            read = await self._threads.read(self._threads.store.outputs, self._dispatch_id, missing)
            for node_id, blob in read.items():
                self._cache.put((self._dispatch_id, node_id), blob)
                found[node_id] = blob
        return {node_id: blob for node_id, blob in found.items() if blob is not None}

    def remember_payloads(self, values: Mapping[str, bytes]) -> None:
        """Keep what a client has just sent at hand."""
        for digest, data in values.items():
            self._cache.put((self._dispatch_id, digest), Blob(digest=digest, size=len(data), data=data))

    def remember_output(self, node_id: int, blob: Blob) -> None:
        self._cache.put((self._dispatch_id, node_id), blob)

    async def result(self) -> Blob:
        """The return value of the workflow, once it has completed."""
        return await self.template(self._graph.output, self._graph.output_inputs, self._graph.output_constants)

    async def template(self, digest: str, inputs: Sequence[int], constants: Sequence[str]) -> Blob:
        """A payload of the graph with what its references stand for."""
        payloads = await self.payloads({digest, *constants})
        outputs = await self.outputs(inputs)
        filled = [outputs[node_id] for node_id in inputs] + [payloads[c] for c in constants]
        base = payloads[digest]
        return Blob(digest=base.digest, size=base.size, data=base.data, uri=base.uri, inputs=tuple(filled))
