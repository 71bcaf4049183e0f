"""Files that a purge leaves for a while are deleted in the end, even if the server was stopped meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import covalent as ct
from covalent.dispatcher import Dispatcher, intake, service
from covalent.model import INLINE_LIMIT
from covalent.store import open_store


@ct.electron
def measure(value: bytes) -> int:
    return len(value)


@ct.lattice
def workflow(value: bytes) -> int:
    return measure(value)


@asynccontextmanager
async def dispatching(folder: Path) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(open_store(f"sqlite:///{folder}/covalent.db"), folder, "one")
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.close()


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


async def purge_one(dispatcher: Dispatcher) -> None:
    built = replace(workflow.build_graph(bytes(INLINE_LIMIT + 1)), start=False)
    dispatch_id = await dispatcher.submit(built)
    await dispatcher.cancel(dispatch_id)
    while not (await dispatcher.threads.read(dispatcher.store.dispatch, dispatch_id)).status.is_final:
        await asyncio.sleep(0.01)
    await dispatcher.purge([dispatch_id])


async def until_gone(folder: Path) -> None:
    async with asyncio.timeout(10):
        while files(folder):
            await asyncio.sleep(0.01)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (intake, service):
        monkeypatch.setattr(module, "IN_USE_S", 0.05)


async def test_what_a_purge_left_is_deleted_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dispatching(tmp_path) as dispatcher:
        await purge_one(dispatcher)
    assert files(tmp_path)
    hurry(monkeypatch)
    async with dispatching(tmp_path):
        await until_gone(tmp_path)
    assert not (tmp_path / "unused-files").exists()


async def test_what_a_dispatch_has_come_to_need_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dispatching(tmp_path) as dispatcher:
        await purge_one(dispatcher)
        await dispatcher.submit(replace(workflow.build_graph(bytes(INLINE_LIMIT + 1)), start=False))
    before = files(tmp_path)
    hurry(monkeypatch)
    async with dispatching(tmp_path):
        async with asyncio.timeout(10):
            while (tmp_path / "unused-files").exists():
                await asyncio.sleep(0.01)
        assert before
        assert files(tmp_path) == before


async def test_a_damaged_list_of_such_files_keeps_no_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "unused-files").write_bytes(b"\xff\x00 ../../etc/passwd\n")
    async with dispatching(tmp_path) as dispatcher:
        assert files(tmp_path) == []
        await purge_one(dispatcher)
