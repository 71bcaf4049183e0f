"""What ``covalent doctor`` looks at on every cloud: libraries, the way there, the clock, the bucket."""

from __future__ import annotations

import asyncio
import sys
import uuid
from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar, Final

from ...errors import ExecutorError, ServiceUnreachableError
from ...troubles import Trouble
from ..examination import Check, Examination, Finding, State, failed, ok, skipped, warning
from .executor import BatchExecutor, open_bucket
from .registry import Presence, presence
from .server_date import server_date

if TYPE_CHECKING:
    from ...objects import RemoteStore

#: Seconds that a clock may be off: AWS refuses signatures after 5 minutes, Azure after 15. Half a minute is worth a word.
CLOCK_WARNING_S: Final = 30.0
CLOCK_FAILURE_S: Final = 240.0

SET_CLOCK: Final = "sudo timedatectl set-ntp true"

#: Seconds that deleting what was written may take, when somebody ended all.
_PARTING_S: Final = 5.0


class BatchExamination(Examination):
    """A subclass says how to get in, and what there is beside the bucket."""

    #: The distributions that the executor needs, and the extra that brings them.
    packages: ClassVar[Sequence[str]]
    extra: ClassVar[str]
    #: What whoever asks must be allowed, to write and to delete.
    to_write: ClassVar[str]
    to_delete: ClassVar[str]
    #: What the bucket needs: no more than credentials, where those are known to be good before the service is asked.
    bucket_needs: ClassVar[tuple[str, ...]] = ("credentials", "endpoint")

    def __init__(self, executor: BatchExecutor) -> None:
        self.executor = executor
        self._ahead_s: float | None = None
        self._probe = f"doctor/{uuid.uuid4()}"
        self._store: RemoteStore | None = None
        self._is_written = False

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
    def image_name(self) -> str:
        """Of the image that tasks run in; empty if another one than the executor decides."""

    def checks(self) -> Sequence[Check]:
        return (
            Check(name="libraries", look=self.libraries),
            Check(name="endpoint", look=self.endpoint),
            Check(name="clock", look=self.clock, needs=("endpoint",)),
            Check(name="credentials", look=self.sign_in, needs=("libraries",)),
            Check(name="identity", look=self.identity, needs=("credentials", "endpoint")),
            Check(name="bucket", look=self.bucket, needs=self.bucket_needs),
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
        return ok(f"There is an answer from {' and '.join(self.addresses())}.")

    async def clock(self) -> Finding:
        if self._ahead_s is None:
            return skipped("The service does not say what time it is.")
        off_s = abs(self._ahead_s)
        said = f"This machine's clock is {off_s:.0f} s {'ahead of' if self._ahead_s > 0 else 'behind'} the service's."
        if off_s >= CLOCK_FAILURE_S:
            return failed(f"{said} Requests that are signed with it are refused.", SET_CLOCK, Trouble.WRONG_CLOCK)
        if off_s >= CLOCK_WARNING_S:
            return warning(said, SET_CLOCK, Trouble.WRONG_CLOCK)
        return ok("This machine's clock is right.")

    async def close(self) -> None:
        """Delete what has been written, if somebody ended this in between."""
        if self._is_written:
            async with asyncio.timeout(_PARTING_S):
                await self._objects().delete([self._probe])

    async def write(self) -> Finding:
        self._is_written = True
        finding = await self._tried("write", self.to_write, self._objects().put(self._probe, _CONTENT))
        self._is_written = finding.state is State.OK
        return finding

    async def read(self) -> Finding:
        return await self._tried("read", self.to_write, self._objects().get(self._probe, limit=len(_CONTENT)))

    async def delete(self) -> Finding:
        finding = await self._tried("delete", self.to_delete, self._objects().delete([self._probe]))
        self._is_written = False
        return finding

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

    async def image(self) -> Finding:
        """Whether tasks have one to run in."""
        name = self.image_name()
        if not name:
            return skipped("The job definition holds the image.")
        said = f"Tasks run in {name}, which must hold Python {sys.version_info.major}.{sys.version_info.minor}."
        if any(address.startswith("http://") for address in self.addresses()):
            return ok(f"{said} Where an emulator is asked, registries are not.")
        found = await asyncio.to_thread(presence, name)
        if found is Presence.MISSING:
            mend = self.mends.get(Trouble.MISSING_IMAGE, "")
            return failed(f"Its registry does not have the image {name}.", mend, Trouble.MISSING_IMAGE)
        if found is Presence.UNREACHABLE:
            return warning(f"{said} Its registry does not answer here; whether it does there, only a task tells.")
        if found is Presence.CLOSED:
            return ok(f"{said} Its registry is not open to everybody; whether tasks may pull it, only a task tells.")
        return ok(f"{said} Its registry has it, for everybody.")

    def unasked(self, what: str) -> Finding:
        """Of what nobody may ask for, which is no failure."""
        return skipped(f"These credentials may not ask for {what}, so it is taken to be in order.")


_CONTENT: Final = b"Written by 'covalent doctor', which deletes it at once.\n"
_DONE: Final = {"write": "written", "read": "read", "delete": "deleted"}
