"""What ``covalent doctor`` looks at on every cloud: libraries, the way there, the clock, the bucket."""

from __future__ import annotations

import asyncio
import uuid
from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar, Final

from ...errors import ExecutorError, ServiceUnreachableError
from ...troubles import Trouble
from ..examination import Check, Examination, Finding, failed, ok, skipped, warning
from .executor import BatchExecutor, open_bucket
from .server_date import server_date

if TYPE_CHECKING:
    from ...objects import RemoteStore

#: Seconds that a clock may be off: AWS refuses signatures after 5 minutes, Azure after 15. Half a minute is worth a word.
CLOCK_WARNING_S: Final = 30.0
CLOCK_FAILURE_S: Final = 240.0

_SET_CLOCK: Final = "sudo timedatectl set-ntp true"


class BatchExamination(Examination):
    """A subclass says how to get in, and what there is beside the bucket."""

    #: The distributions that the executor needs, and the extra that brings them.
    packages: ClassVar[Sequence[str]]
    extra: ClassVar[str]
    #: What whoever asks must be allowed, to write and to delete.
    to_write: ClassVar[str]
    to_delete: ClassVar[str]

    def __init__(self, executor: BatchExecutor) -> None:
        self.executor = executor
        self._ahead_s: float | None = None
        self._probe = f"doctor/{uuid.uuid4()}"
        self._store: RemoteStore | None = None

    @abstractmethod
    def addresses(self) -> Sequence[str]:
        """URLs that must answer, whatever they say."""

    @abstractmethod
    async def sign_in(self) -> Finding:
        """Find credentials."""

    @abstractmethod
    async def identity(self) -> Finding:
        """Who they belong to, as the service sees it."""

    @abstractmethod
    async def bucket(self) -> Finding:
        """Whether it is there."""

    @abstractmethod
    def service_checks(self) -> Sequence[Check]:
        """What there is beside the bucket. They may need ``identity`` and ``bucket``."""

    @abstractmethod
    async def image(self) -> Finding:
        """Which one tasks run in."""

    def checks(self) -> Sequence[Check]:
        return (
            Check(name="libraries", look=self.libraries),
            Check(name="endpoint", look=self.endpoint),
            Check(name="clock", look=self.clock, needs=("endpoint",)),
            Check(name="credentials", look=self.sign_in, needs=("libraries",)),
            Check(name="identity", look=self.identity, needs=("credentials", "endpoint")),
            Check(name="bucket", look=self.bucket, needs=("identity",)),
            Check(name="bucket write", look=self.write, needs=("bucket",)),
            Check(name="bucket read", look=self.read, needs=("bucket write",)),
            Check(name="bucket delete", look=self.delete, needs=("bucket write",)),
            *self.service_checks(),
            Check(name="image", look=self.image, needs=("identity",)),
        )

    async def libraries(self) -> Finding:
        found, missing = [], []
        for name in self.packages:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                missing.append(name)
        if missing:
            return failed(
                f"{', '.join(missing)} cannot be imported here.",
                f"pip install 'covalent-batch[{self.extra}]'",
                Trouble.MISSING_PACKAGE,
            )
        return ok(f"{', '.join(found)}.")

    async def endpoint(self) -> Finding:
        for address in self.addresses():
            try:
                self._ahead_s = await asyncio.to_thread(server_date, address)
            except ServiceUnreachableError as error:
                return self.finding_of(error)
        return ok(f"{' and '.join(self.addresses())} answer.")

    async def clock(self) -> Finding:
        if self._ahead_s is None:
            return skipped("The service does not say what time it is.")
        off_s = abs(self._ahead_s)
        said = f"This machine's clock is {off_s:.0f} s {'ahead of' if self._ahead_s > 0 else 'behind'} the service's."
        if off_s >= CLOCK_FAILURE_S:
            return failed(f"{said} Requests that are signed with it are refused.", _SET_CLOCK, Trouble.WRONG_CLOCK)
        if off_s >= CLOCK_WARNING_S:
            return warning(said, _SET_CLOCK, Trouble.WRONG_CLOCK)
        return ok("This machine's clock is right.")

    async def write(self) -> Finding:
        return await self._tried("write", self.to_write, self._objects().put(self._probe, _CONTENT))

    async def read(self) -> Finding:
        return await self._tried("read", self.to_write, self._objects().get(self._probe, limit=len(_CONTENT)))

    async def delete(self) -> Finding:
        return await self._tried("delete", self.to_delete, self._objects().delete([self._probe]))

    async def _tried(self, verb: str, right: str, attempt: Awaitable[object]) -> Finding:
        store = self._objects()
        try:
            await attempt
        except ExecutorError as error:
            if error.trouble is not Trouble.NO_PERMISSION:
                raise
            return failed(str(error), right, error.trouble)
        return ok(f"An object can be {_DONE[verb]} below {store.root}.")

    def _objects(self) -> RemoteStore:
        self._store = self._store or open_bucket(self.executor.bucket())
        return self._store

    def unasked(self, what: str) -> Finding:
        """Of what nobody may ask for, which is no failure."""
        return skipped(f"These credentials may not ask for {what}, so it is taken to be in order.")


_CONTENT: Final = b"Written by 'covalent doctor', which deletes it at once.\n"
_DONE: Final = {"write": "written", "read": "read", "delete": "deleted"}
