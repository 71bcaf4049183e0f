"""What the executors of all clouds share: the way from the dispatcher's contract into the engine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from ..base import AsyncBaseExecutor
from .service import BatchService


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Where an executor's objects lie."""

    uri: str  #: With prefix and without a slash at the end, for example ``s3://bucket/covalent``.
    #: Keyword arguments for the store class of obstore that the scheme stands for.
    options: dict[str, Any]


class BatchExecutor(AsyncBaseExecutor):
    """A cloud's executor implements the methods below; sending, polling, receiving, cancelling, logs and purging are done here."""

    @abstractmethod
    def account(self) -> Hashable:
        """The same for executors that can share one client and one poller: service, credentials, region."""

    @abstractmethod
    async def connect(self) -> BatchService:
        """A service for :meth:`account`; called once for each in a dispatcher.

        :raises ExecutorError: if there are no usable credentials
        """

    @abstractmethod
    def bucket(self) -> Bucket:
        """Where its objects lie."""

    @abstractmethod
    def job_options(self) -> Any:
        """The cloud's own settings for a job: a frozen, hashable dataclass that its service understands.

        :raises ExecutorError: if a setting is one that the cloud would refuse
        """

    @abstractmethod
    def time_limit_s(self) -> float | None:
        """Seconds that one attempt may run, counted by the runner; None means for ever."""

    @abstractmethod
    def poll_interval_s(self) -> float:
        """The longest time between two looks at a job."""
