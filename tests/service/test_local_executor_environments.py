"""Packages that tasks ask for. The packages are made here; nothing is downloaded."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from covalent.executor.local import LocalExecutor
from covalent.executor.local.pool import shared_pool
from covalent.executor.local.sources import local_sources, state_of
from covalent.model import Environment
from covalent.runner import packages
from covalent.states import Cause, Status
from tests.support.local_executor import Book, GroupRun, bound, runtime
from tests.support.wheels import make_wheel

cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = pytest.mark.usefixtures("two_workers", "offline")


@pytest.fixture(scope="module")
def offline() -> Iterator[None]:
    """Neither installer may look for anything outside this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_OFFLINE", "1")
        patch.setenv("PIP_NO_INDEX", "1")
        yield


def look(name: str) -> Any:
    module = __import__(name)
    return module.VALUE, os.getpid(), sys.prefix


async def run(executor: LocalExecutor, book: Book) -> GroupRun:
    group = await GroupRun(executor, book).send()
    await group.finish()
    return group


@pytest.mark.parametrize("installer", ["uv", "pip"])
async def test_a_task_gets_the_packages_that_it_asks_for_and_sees_the_servers_own(
    executor: LocalExecutor, book: Book, installer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installer == "pip":
        pytest.importorskip("pip")
        monkeypatch.setattr(shutil, "which", lambda name: None)
        monkeypatch.setattr(packages, "beside", lambda name: None)

    def task() -> Any:
        import cloudpickle

        tool = subprocess.run(["pear-tool"], capture_output=True, text=True, check=True).stdout
        return __import__("pear").VALUE, cloudpickle.__version__, tool

    environment = Environment(pip=(make_wheel(book.data_dir, "pear", "1.0", "green"),))
    book.add(task, environment=environment)
    group = await run(executor, book)
    assert book.result(group.outcomes[0]) == ("green", importlib.metadata.version("cloudpickle"), "green\n")
    assert group.updates[0].status is Status.STARTING


async def test_an_environment_is_made_once_and_shared_by_its_workers(executor: LocalExecutor, book: Book) -> None:
    environment = Environment(pip=(make_wheel(book.data_dir, "pear", "1.0", 1),))
    function = book.value(lambda: time.sleep(0.1) or look("pear"))
    for _ in range(6):
        book.add(function, environment=environment)
    await run(executor, book)
    second = Book(book.data_dir, group_id="second")
    second.add(function, environment=environment)
    outcome = (await run(executor, second)).outcomes[0]
    assert len(list((book.data_dir / "environments").glob("*/covalent-complete.json"))) == 1
    assert Path(second.result(outcome)[2]).parent == book.data_dir / "environments"


async def test_an_environment_outlives_its_dispatcher(book: Book) -> None:
    environment = Environment(pip=(make_wheel(book.data_dir, "pear", "1.0", 1),))
    for round_ in range(2):
        one = Book(book.data_dir, group_id=f"round-{round_}")
        one.add(lambda: look("pear"), environment=environment)
        async with runtime(book.data_dir) as made:
            group = await run(bound(made), one)
        assert one.result(group.outcomes[0])[0] == 1
        # What is no longer there shows that it was not needed.
        for wheel in book.data_dir.glob("*.whl"):
            wheel.unlink()


async def test_a_package_from_this_machine_is_installed_anew_when_it_has_changed(
    executor: LocalExecutor, book: Book
) -> None:
    seen = []
    for value in ("before", "after", "after"):
        if not seen or seen[-1][0] != value:
            environment = Environment(pip=(make_wheel(book.data_dir, "pear", "1.0", value),))
        one = Book(book.data_dir, group_id=f"round-{len(seen)}")
        one.add(lambda: look("pear"), environment=environment)
        seen.append(one.result((await run(executor, one)).outcomes[0]))
    assert [value for value, *_ in seen] == ["before", "after", "after"]
    assert seen[1][1:] == seen[2][1:]


async def test_a_data_directory_that_takes_no_environment_fails_the_task(executor: LocalExecutor, book: Book) -> None:
    (book.data_dir / "environments").touch()
    book.add(lambda: look("pear"), environment=Environment(pip=(make_wheel(book.data_dir, "pear", "1.0", 1),)))
    async with asyncio.timeout(20):
        outcome = (await run(executor, book)).outcomes[0]
    assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.HOST)
    assert str(book.data_dir / "environments") in outcome.message


@pytest.mark.parametrize(
    ("requirement", "names"),
    [
        ("pear==1.0", None),
        ("pear @ https://example.org/pear.whl", None),
        ("/src/pear", "/src/pear"),
        ("/src/pear[extra] ; python_version > '3'", "/src/pear"),
        ("-e /src/pear", "/src/pear"),
        ("--editable=file:///src/a%20pear", "/src/a pear"),
        ("pear[extra] @ file:///src/pear-1.0.whl", "/src/pear-1.0.whl"),
        ("pear @ file://localhost/src/pear#subdirectory=x", "/src/pear"),
    ],
)
def test_a_requirement_that_names_a_place_on_this_machine_is_known(requirement: str, names: str | None) -> None:
    assert local_sources([requirement]) == ([Path(names)] if names else [])


def test_what_building_a_package_makes_in_its_folder_is_no_change(tmp_path: Path) -> None:
    module = tmp_path / "pear.py"
    module.write_text("1")
    state = state_of([tmp_path])
    for made in ("build/lib/pear.py", "pear.egg-info/PKG-INFO", "__pycache__/pear.pyc", ".git/HEAD"):
        (tmp_path / made).parent.mkdir(parents=True)
        (tmp_path / made).write_text("2")
    assert state_of([tmp_path]) == state
    module.write_text("34")
    assert state_of([tmp_path]) != state


def test_a_folder_of_many_files_counts_as_changed_where_there_is_no_time_to_look_at_all(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / str(number)).touch()
    assert state_of([tmp_path], 3) != state_of([tmp_path], 3)
    assert state_of([tmp_path], 4) == state_of([tmp_path])


def test_what_can_be_no_path_has_a_state_like_what_is_not_there() -> None:
    assert state_of(local_sources(["file:///no%00where"]))
    assert state_of(local_sources(["/nowhere"])) == state_of(local_sources(["/nowhere"]))


async def test_versions_of_one_package_live_side_by_side(executor: LocalExecutor, book: Book) -> None:
    books = []
    for version in ("1.0", "2.0", "3.0"):
        environment = Environment(pip=(make_wheel(book.data_dir, "pear", version, version),))
        one = Book(book.data_dir, group_id=f"version-{version}")
        for _ in range(3):
            one.add(lambda: look("pear"), environment=environment)
        books.append(one)
    plain = Book(book.data_dir, group_id="plain")
    plain.add(lambda: "plain")
    groups = await asyncio.gather(*(run(executor, one) for one in [*books, plain]))
    for one, group, version in zip(books, groups, ("1.0", "2.0", "3.0"), strict=False):
        assert {one.result(outcome)[0] for outcome in group.outcomes.values()} == {version}
    assert plain.result(groups[-1].outcomes[0]) == "plain"
    pool = await shared_pool(executor.bound())
    assert sum(len(lane.workers) for lane in pool.lanes.values()) <= 2


async def test_the_tasks_own_version_wins_over_the_servers(executor: LocalExecutor, book: Book) -> None:
    environment = Environment(pip=(make_wheel(book.data_dir, "toolz", "99.0", "mine"),))
    book.add(lambda: look("toolz")[0], environment=environment)
    group = await run(executor, book)
    assert book.result(group.outcomes[0]) == "mine"


async def test_what_the_server_has_is_not_installed_again(executor: LocalExecutor, book: Book) -> None:
    version = importlib.metadata.version("cloudpickle")
    book.add(lambda: sys.prefix, environment=Environment(pip=("cloudpickle", f"cloudpickle=={version}")))
    group = await run(executor, book)
    assert book.result(group.outcomes[0]) == sys.prefix
    assert not (book.data_dir / "environments").exists()


async def test_packages_that_cannot_be_installed_fail_their_tasks_in_the_installers_words(
    executor: LocalExecutor, book: Book
) -> None:
    environment = Environment(pip=("no-such-package-anywhere==1.23.2",))
    for _ in range(3):
        book.add(lambda: 1, environment=environment)
    other = Book(book.data_dir, group_id="other")
    other.add(lambda: 2)
    group, well = await asyncio.gather(run(executor, book), run(executor, other))
    assert other.result(well.outcomes[0]) == 2
    for outcome in group.outcomes.values():
        assert (outcome.status, outcome.cause) == (Status.FAILED, Cause.ENVIRONMENT)
        assert "could not be installed. The installer said:" in outcome.message
        assert outcome.message.count("no-such-package-anywhere") >= 2


async def test_a_package_that_does_not_build_fails_with_the_end_of_its_build(
    executor: LocalExecutor, book: Book
) -> None:
    project = book.data_dir / "broken"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "broken"\nversion = "1.0"\n'
    )
    (project / "backend.py").write_text(
        "def build_wheel(*args, **kwargs):\n"
        "    print('compiling\\n' * 1000)\n"
        "    raise SystemExit('this package needs a compiler of 1998')\n"
    )
    book.add(lambda: 1, environment=Environment(pip=(f"broken @ {project.as_uri()}",)))
    outcome = (await run(executor, book)).outcomes[0]
    assert outcome.cause is Cause.ENVIRONMENT
    assert "needs a compiler of 1998" in outcome.message
    assert "Failed to build" in outcome.message or "Preparing metadata" in outcome.message
    assert len(outcome.message) < 4000


async def test_a_half_built_environment_is_built_again(book: Book) -> None:
    requirement = make_wheel(book.data_dir, "pear", "1.0", 1)
    environment = Environment(pip=(requirement,))
    book.add(lambda: look("pear"), environment=environment)
    async with runtime(book.data_dir) as made:
        await run(bound(made), book)
    (complete,) = (book.data_dir / "environments").glob("*/covalent-complete.json")
    complete.unlink()
    shutil.rmtree(complete.parent / "lib")
    async with runtime(book.data_dir) as another:
        again = Book(book.data_dir, group_id="again")
        again.add(lambda: look("pear"), environment=environment)
        group = await run(bound(another), again)
        assert again.result(group.outcomes[0])[0] == 1


async def test_tasks_can_be_cancelled_while_their_environment_is_made(
    executor: LocalExecutor, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = book.data_dir / "slow"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (project / "backend.py").write_text("import time\ndef build_wheel(*args, **kwargs):\n    time.sleep(1000)\n")
    book.add(lambda: 1, environment=Environment(pip=(f"slow @ {project.as_uri()}",)))
    group = await GroupRun(executor, book).send()
    await group.until(0, Status.STARTING)
    assert await group.cancel() is True
    outcome = (await group.finish())[0]
    assert (outcome.status, outcome.started) == (Status.CANCELLED, False)
