"""What the tests of the local executor share: a pool of two workers, and a book of the tasks that it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from covalent.executor.local import LocalExecutor
from tests.support.local_executor import Book, Runtime, bound, runtime


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVALENT_LOCAL_WORKERS", "2")
        yield


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A dispatcher, as far as an executor sees it. Nothing of it happens before its executor is used."""
    async with runtime(tmp_path) as one:
        yield one


@pytest.fixture
def executor(made: Runtime) -> LocalExecutor:
    return bound(made)
