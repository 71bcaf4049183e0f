"""What every executor has beside its contract with the dispatcher."""

from __future__ import annotations

import inspect
import platform
from pathlib import Path
from types import SimpleNamespace

import pytest

import covalent as ct
from covalent.errors import ExecutorError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.local import LocalExecutor
from covalent.states import Status

#: As the seeds list them.
METHODS = [
    "boto_session_options",
    "cancel",
    "from_dict",
    "get_cancel_requested",
    "get_dispatch_context",
    "get_status",
    "get_version_info",
    "poll",
    "query_result",
    "receive",
    "run",
    "run_async_subprocess",
    "send",
    "set_job_handle",
    "set_job_status",
    "setup",
    "submit_task",
    "teardown",
    "to_dict",
    "validate_status",
    "write_streams_to_file",
]

TASK = {"dispatch_id": "d", "node_id": 1}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_that_everybody_knows_is_there_and_described(name):
    assert inspect.getdoc(getattr(AWSBatchExecutor, name))


@pytest.fixture(params=[LocalExecutor, AWSBatchExecutor])
def executor(request: pytest.FixtureRequest):
    return request.param()


async def test_setting_up_and_tearing_down_is_nothing_unless_somebody_makes_it_more(executor):
    assert await executor.setup(TASK) is None
    assert await executor.teardown(TASK) is None


async def test_a_job_handle_is_kept_for_its_dispatch(executor):
    with executor.get_dispatch_context(SimpleNamespace(dispatch_id="one")) as info:
        assert info.dispatch_id == "one"
        assert await executor.set_job_handle({"id": 7}) == {"id": 7}
        assert executor.task_record().handle == {"id": 7}
    assert executor.task_record().handle is None
    assert executor.task_record(("one", None)).handle == {"id": 7}


async def test_a_job_handle_is_plain_json(executor):
    with pytest.raises(ExecutorError, match="must be plain JSON"):
        await executor.set_job_handle(object())


async def test_only_statuses_that_there_are_pass(executor):
    assert await executor.set_job_status("RUNNING")
    assert executor.task_record().status is Status.RUNNING
    assert not await executor.set_job_status("SLEEPING")
    assert executor.task_record().status is Status.RUNNING
    assert executor.validate_status(Status.COMPLETED)


async def test_nobody_has_asked_for_an_end_unless_somebody_has(executor):
    assert await executor.get_cancel_requested() is False


async def test_versions_are_those_of_this_process(executor):
    assert await executor.get_version_info() == {"python": platform.python_version(), "covalent": ct.__version__}


async def test_streams_are_appended_to_files_below_the_results(executor, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "err.log"
    for _ in range(2):
        await executor.write_streams_to_file(
            ["out\n", "err\n", "x"], ["a/out.log", str(elsewhere), ""], "d", str(tmp_path / "r")
        )
    assert (tmp_path / "r" / "d" / "a" / "out.log").read_text() == "out\nout\n"
    assert elsewhere.read_text() == "err\nerr\n"
    assert len([p for p in Path(tmp_path).rglob("*") if p.is_file()]) == 2


async def test_a_command_runs_in_a_shell(executor):
    process, stdout, stderr = await executor.run_async_subprocess("echo out; echo err >&2; exit 3")
    assert (process.returncode, stdout, stderr) == (3, b"out\n", b"err\n")


def test_settings_are_taken_over_and_the_rest_stays():
    executor = LocalExecutor(time_limit=3)
    executor.runtime = runtime = SimpleNamespace(data_dir=Path())
    executor.task_record().handle = 5
    assert executor.from_dict({"retries": 2}) is executor
    assert executor.to_dict() == {"retries": 2}
    assert executor.runtime is runtime
    assert executor.task_record().handle == 5
    with pytest.raises(ExecutorError, match="has no setting 'retrys'"):
        executor.from_dict({"retrys": 2})
