"""The secrets of executors: taken from submissions, kept sealed in the store, opened when an executor is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SecretError
from ..executor.base import AsyncBaseExecutor
from ..executor.registry import get_executor, secret_settings
from ..model import ExecutorSpec, Submission
from ..secrets import references
from .sealing import Sealing
from .threads import StoreThreads


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Opened:
    """Secrets that were asked for."""

    texts: dict[str, str]  #: By id.
    troubles: dict[str, SecretError]  #: Why the others cannot be had, by id.

    def executor(self, spec: ExecutorSpec) -> AsyncBaseExecutor:
        """A new executor with its secrets.

        :raises SecretError: if one of them cannot be had
        :raises ExecutorError: if there is none by that name, or it refuses the settings
        """
        for secret_id in references(spec.options) & self.troubles.keys():
            raise self.troubles[secret_id]
        return get_executor(spec.name, spec.options, self.texts)


class Vault:
    """Between the submissions, the store and the executors."""

    def __init__(self, threads: StoreThreads, sealing: Sealing) -> None:
        self._threads, self._sealing = threads, sealing

    async def take(self, submission: Submission) -> dict[str, bytes]:
        """What is to be stored with a dispatch, by id: the secrets that came with it, and those that its executors refer to besides.

        :raises SecretError: if it refers to one that is unknown here, or holds one as text, or one cannot be sealed or opened
        """
        specs = submission.graph.executors
        if not submission.secrets and not any(spec.options for spec in specs):
            return {}
        return await self._threads.read(self._take, submission)

    async def open(self, specs: Iterable[ExecutorSpec], dispatch_id: str | None = None) -> Opened:
        """What these executors refer to, as the dispatch has it or else whichever does."""
        wanted = _references(specs)
        if not wanted:
            return Opened(texts={}, troubles={})
        return await self._threads.read(self._open, wanted, dispatch_id)

    def _take(self, submission: Submission) -> dict[str, bytes]:
        specs, given = submission.graph.executors, submission.secrets
        for spec in specs:
            _refuse_texts(spec)
        others = _references(specs) - given.keys()
        found = self._threads.store.secrets(others) if others else {}
        for secret_id in others:
            self._text(secret_id, found)
        return self._sealing.seal(given) | found

    def _open(self, wanted: set[str], dispatch_id: str | None) -> Opened:
        found = self._threads.store.secrets(wanted, dispatch_id)
        opened = Opened(texts={}, troubles={})
        for secret_id in wanted:
            try:
                opened.texts[secret_id] = self._text(secret_id, found)
            except SecretError as error:
                opened.troubles[secret_id] = error
        return opened

    def _text(self, secret_id: str, found: dict[str, bytes]) -> str:
        if secret_id not in found:
            raise SecretError(
                f"An executor refers to the secret {secret_id}, which this server does not have: it came with a dispatch that was "
                "deleted, or to another server. Make the executor anew in the script, with the secret as text, and dispatch again."
            )
        return self._sealing.open(secret_id, found[secret_id])


def _references(specs: Iterable[ExecutorSpec]) -> set[str]:
    return {secret_id for spec in specs for secret_id in references(spec.options)}


def _refuse_texts(spec: ExecutorSpec) -> None:
    """:raises SecretError: if a secret stands in the options themselves, which are stored and shown as they are"""
    for name in sorted(secret_settings(spec.name)):
        if isinstance(spec.options.get(name), str):
            raise SecretError(
                f"The setting {name} of executor {spec.name!r} is secret and came as text. Clients send a reference to it, and the "
                "text apart from it; use the Python client of this version."
            )
