"""What ``covalent doctor`` looks at: checks by name, what each depends on, and what it finds."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..errors import CovalentError
from ..secrets import MASK, masked
from ..troubles import Trouble

#: Seconds that one check may take. Those of the clouds give up by themselves, after 40 at the latest, with an error that says more.
PATIENCE_S: Final = 45.0

#: As addresses of proxies and emulators may have one. What is before the @ of az://CONTAINER@ACCOUNT is no password.
_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):[^/@\s]*(?=@)")


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  #: It works, or may work; somebody should look.
    FAILED = "failed"
    SKIPPED = "skipped"  #: It could not be looked at; the finding says why.


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check has found."""

    state: State
    said: str  #: A sentence or two, without secrets.
    mend: str = ""  #: The command or the setting that mends it; empty if nothing is to be mended.
    trouble: Trouble | None = None


def ok(said: str) -> Finding:
    return Finding(state=State.OK, said=said)


def warning(said: str, mend: str = "", trouble: Trouble | None = None) -> Finding:
    return Finding(state=State.WARNING, said=said, mend=mend, trouble=trouble)


def failed(said: str, mend: str = "", trouble: Trouble | None = None) -> Finding:
    return Finding(state=State.FAILED, said=said, mend=mend, trouble=trouble)


def skipped(said: str, mend: str = "") -> Finding:
    return Finding(state=State.SKIPPED, said=said, mend=mend)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing to look at.

    What ``look`` raises of Covalent's errors is a failure; the examination's ``mends`` say what to do about it.
    """

    name: str
    look: Callable[[], Awaitable[Finding]]
    needs: tuple[str, ...] = ()  #: Checks before it that must not have failed, nor been skipped.
    needs_all: bool = False  #: Whether none of those before it may have failed.
    patience_s: float = PATIENCE_S
    mend: str = ""  #: The command or the setting that mends what has none of its own.


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """A check that has been made."""

    check: str
    finding: Finding
    took_s: float
    after: str = ""  #: The check before it for whose sake it was left out; empty if it was made.


class Examination:
    """All checks of one thing. A subclass says which."""

    #: The command or the setting that mends a trouble.
    mends: Mapping[Trouble, str] = MappingProxyType({})

    def checks(self) -> Sequence[Check]:
        """In the order in which they are made; those that others need come first."""
        return ()

    async def close(self) -> None:
        """Called at the end, whatever has been opened."""

    async def make(self) -> AsyncGenerator[Looked, None]:
        """Make all checks, and close."""
        looked: dict[str, Looked] = {}
        try:
            for check in self.checks():
                began = time.monotonic()
                if lacking := _lacking(check, looked):
                    finding, after = skipped(f"It was not looked at, for it depends on '{lacking}'."), lacking
                else:
                    finding, after = _discreet(await self._find(check)), ""
                    if finding.state is State.FAILED and not finding.mend:
                        finding = replace(finding, mend=check.mend)
                found = Looked(check=check.name, finding=finding, took_s=time.monotonic() - began, after=after)
                looked[check.name] = found
                yield found
        finally:
            with suppress(Exception):  # Also of plugins; what has been found is worth more.
                await self.close()

    async def _find(self, check: Check) -> Finding:
        try:
            async with asyncio.timeout(check.patience_s):
                return await check.look()
        except TimeoutError:
            return failed(f"There was no answer in {check.patience_s:g} s.", *self._mend(Trouble.UNREACHABLE))
        except CovalentError as error:
            return self.finding_of(error)
        except Exception as error:  # noqa: BLE001 - a plugin's check; the others still tell what they find
            return failed(f"The check itself failed, with {type(error).__name__}: {error}")

    def finding_of(self, error: CovalentError) -> Finding:
        """What an error tells."""
        if error.retryable and error.trouble is None:
            return skipped(f"{error} Try again in a minute.")
        if error.trouble is None:
            return failed(str(error))
        return failed(str(error), *self._mend(error.trouble))

    def _mend(self, trouble: Trouble) -> tuple[str, Trouble]:
        return self.mends.get(trouble, ""), trouble


def _lacking(check: Check, looked: Mapping[str, Looked]) -> str:
    """The check for whose sake this one has to be left out; empty if it may be made."""
    for name in check.needs:
        before = looked.get(name)
        if before is None or before.finding.state in (State.FAILED, State.SKIPPED):
            return before.after or name if before else name
    broken = (name for name, one in looked.items() if one.finding.state is State.FAILED)
    return next(broken, "") if check.needs_all else ""


def _discreet(finding: Finding) -> Finding:
    """The same without the secrets that this process knows, and without passwords in addresses."""
    return replace(finding, said=_PASSWORD.sub(rf"\1:{MASK}", masked(finding.said)))
