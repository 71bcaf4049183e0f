"""Containers whose bucket is a fake in the test's own process, whatever service it stands for."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from .container import TaskGroup


class FakedCloud(Protocol):
    """Storage, and who gives out its tokens."""

    token: Any  #: What is given out, and all that is accepted.
    expires_in: float
    asked: list[str]  #: Method and path of each request.


@dataclass
class FakedGroup(TaskGroup):
    """A task group in such a bucket."""

    token_path: ClassVar[str]

    @property
    @abstractmethod
    def cloud(self) -> FakedCloud: ...

    @property
    @abstractmethod
    def objects(self) -> dict[str, bytes]:
        """By their keys."""

    def put(self, name: str, data: bytes) -> None:
        self.objects[self.key(name)] = data

    def get(self, name: str) -> bytes:
        return self.objects[self.key(name)]

    def names(self, prefix: str) -> list[str]:
        start = self.key(prefix)
        return sorted(key[len(start) :] for key in self.objects if key.startswith(start))

    def staged(self, function: Any = lambda: 1, **options: Any) -> None:
        """With this one task."""
        self.add(function, **options)
        self.stage()
