"""The server's event loop is never blocked."""

from __future__ import annotations

from pathlib import Path

import pytest

import covalent as ct
from tests.support.server import RunningServer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server of its own, in which blocking is an error."""
    with RunningServer.start(tmp_path, ("-m", "tests.support.watched_server")) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@ct.electron
def block(size):
    print("making", size)
    return bytes(size)


@ct.electron(deps_bash="true")
def measure(blocks):
    return sum(map(len, blocks))


@ct.electron
def fail(number):
    raise ValueError(number)


@ct.electron
@ct.lattice
def again(sizes):
    return measure([block(size) for size in sizes])


@ct.lattice
def everything(sizes):
    return measure([block(size) for size in sizes]) + again(sizes)


@ct.lattice
def failing():
    return [fail(n) for n in range(3)]


@pytest.mark.slow
def test_nothing_that_a_client_does_blocks_it(server):
    done = ct.dispatch_sync(everything)([10, 100_000, 3_000_000])
    assert done.result == 2 * 3_100_010
    assert done.get_node_result(0)["stdout"] == "making 10\n"
    assert len(done.get_node_result(2)["output"]) == 3_000_000

    again_id = ct.redispatch(done.dispatch_id, reuse_previous_results=True)([10, 100_000, 2_000_000])
    assert ct.get_result(again_id, wait=True).result == 2 * 2_100_010

    failed = ct.dispatch_sync(failing)()
    assert "ValueError" in failed.error

    ct.cancel(ct.dispatch(everything)([1] * 100))
    assert "BlockingError" not in server.output
