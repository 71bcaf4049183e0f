"""The AWS executor against hostile jobs, services that learn late, and secrets that must not show."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from covalent.api.server import configure_logging
from covalent.errors import ExecutorError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.awsbatch.border import _REMEDIES, RefusedError
from covalent.executor.awsbatch.definitions import Definitions, Roles
from covalent.executor.awsbatch.reasons import REASONS
from covalent.executor.awsbatch.service import AWSBatchService
from covalent.executor.awsbatch.session import Clients
from covalent.executor.batch.causes import explain
from covalent.executor.batch.outcomes import _parsed
from covalent.executor.batch.patience import Patience
from covalent.executor.batch.service import Job, JobState, TaskView
from covalent.executor.batch.submission import submit
from covalent.executor.messages import MalformedError, decode_outcome
from covalent.executor.runtime import SharedRuntime
from covalent.runner import wire
from covalent.runner.cloud.names import FIRST_VARIABLE, MANIFEST_VARIABLE
from covalent.runner.cloud.s3 import S3Client
from covalent.states import Cause
from covalent.store import codec
from tests.support.batch_service import Cloud, Container, FakeBatchService

OUTCOME = {"group": "g", "node": 0, "attempt": 1, "status": "FAILED", "cause": "USER", "message": "m"}


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home: object) -> None:
    """None of what is configured elsewhere counts."""


def message(header: bytes) -> wire.Message:
    return wire.Message(wire.OUTCOME, 1, memoryview(header), memoryview(b""))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", id="deep"),
        pytest.param(b'{"place":"\xff"}', id="no UTF-8"),
        *(
            pytest.param(json.dumps({**OUTCOME, **more}).encode(), id=str(more))
            for more in (
                {"exit_code": 10**30},
                {"stdout": ["a" * 64, 10**30, -1]},
                {"started_at": 1e300},
                {"ended_at": -1e300},
            )
        ),
    ],
)
def test_an_outcome_that_nobody_could_store_or_show_is_malformed(header: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_outcome(message(header), "")


def test_whatever_a_wellformed_outcome_holds_can_be_stored() -> None:
    extreme = {**OUTCOME, "exit_code": -(2**31), "started_at": 0, "ended_at": 253_402_300_799, "message": "a\0b"}
    _, outcome = decode_outcome(message(json.dumps(extreme).encode()), "")
    assert codec.encode_outcome(outcome)


@pytest.mark.parametrize(
    "name",
    [
        f"0.1.ok.{'9' * 500}.{'a' * 64}",
        f"0.1.ok.{2**64}.{'a' * 64}",
        "0.1_0.error",
        " 0.1.error",
        "+0.1.error",
        "00.1.error",
        "\u0660.1.error",
    ],
)
def test_a_name_that_no_runner_writes_is_no_outcome(name: str) -> None:
    assert _parsed(name) is None


def a_job() -> Job:
    variables = {FIRST_VARIABLE: "0", MANIFEST_VARIABLE: "file:///groups/ct-group/manifest"}
    return Job(name="ct-group", size=1, command=("python3",), environment=variables, options="usual")


async def for_ever(container: Container) -> None:
    await asyncio.Event().wait()


class LateService(FakeBatchService):
    """Lists a job only when it is asked for the second time, as services do whose lists are not consistent."""

    asked = 0

    async def find(self, job: Job) -> str | None:
        self.asked += 1
        return await super().find(job) if self.asked > 1 else None


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_job_that_is_listed_late_is_not_submitted_twice(tmp_path: Any, is_new: bool) -> None:
    cloud = Cloud(tmp_path)
    cloud.behaviour = for_ever
    service = LateService(cloud)
    if is_new:
        cloud.fail_next("submit", "lost")
    else:
        await service.submit(a_job())
    found = await submit(
        service, 0, a_job(), Patience((0.01, 0.02)), asyncio.Semaphore(1), is_new=is_new, settle_s=0.01
    )
    assert found.ref == "job-0"
    assert cloud.names() == ["ct-group"]
    await cloud.close()


def test_values_of_variables_are_not_shown() -> None:
    executor = AWSBatchExecutor(vcpu=4, environment={"TOKEN": "hunter2"})
    assert "hunter2" not in repr(executor)
    assert "TOKEN" in repr(executor)
    with pytest.raises(ExecutorError, match=r"environment must be .*'N'") as error:
        AWSBatchExecutor(environment={"TOKEN": "hunter2", "N": 5})  # type: ignore[dict-item]
    assert "hunter2" not in str(error.value)


def test_a_server_does_not_log_what_its_libraries_say(caplog: pytest.LogCaptureFixture) -> None:
    configure_logging("debug")
    logging.getLogger("botocore.credentials").info("Found credentials in environment variables.")
    logging.getLogger("botocore.auth").debug("x-amz-security-token:hunter2")
    assert not caplog.records


def test_objects_of_a_chinese_region_are_looked_for_in_china() -> None:
    there = AWSBatchExecutor(region="cn-north-1").bucket().options
    assert there["endpoint"] == "https://s3.cn-north-1.amazonaws.com.cn"
    assert "endpoint" not in AWSBatchExecutor(region="us-gov-west-1").bucket().options


def test_large_objects_of_a_chinese_region_are_looked_for_in_china(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVALENT_REGION", "cn-north-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert S3Client("bucket").obstore().config["endpoint"] == "https://bucket.s3.cn-north-1.amazonaws.com.cn"
    assert S3Client("a.bucket").obstore().config["endpoint"] == "https://s3.cn-north-1.amazonaws.com.cn"


def overrides(**settings: Any) -> Mapping[str, str]:
    """The variables that a job is submitted with."""
    job = Job(
        name="j", size=1, command=("python3",), environment={}, options=AWSBatchExecutor(**settings).job_options()
    )
    found = AWSBatchService({}, "us-east-1")._overrides(job)["environment"]  # type: ignore[arg-type]
    return {one["name"]: one["value"] for one in found}


def test_temporary_files_of_a_task_go_where_the_cache_directory_was_set_to() -> None:
    assert overrides(cache_dir="/scratch/covalent")["COVALENT_SCRATCH"] == "/scratch/covalent"
    assert "COVALENT_SCRATCH" not in overrides()


def test_remedies_are_whole_sentences() -> None:
    for remedy in _REMEDIES.values():
        assert remedy.endswith("."), remedy
    for row in REASONS:
        assert row.message.endswith("."), row.message


def test_an_image_whose_manifest_cannot_be_had_is_the_image_s_fault() -> None:
    """Source: developer guide of Amazon ECS, "Stopped tasks error codes"."""
    said = "CannotPullImageManifestError: Error response from daemon: manifest unknown"
    outcome = explain(TaskView(index=0, state=JobState.FAILED, status_reason=said), REASONS)
    assert (outcome.cause, outcome.started) == (Cause.IMAGE, False)
    assert "There is no such image" in outcome.message


class Refusing(Clients):
    """May register job definitions, but not look for them."""

    def __init__(self) -> None:
        super().__init__({})

    async def call(self, service: str, operation: str, what: str, **arguments: Any) -> dict[str, Any]:
        if operation != "register_job_definition":
            raise RefusedError("AWS refused", "AccessDeniedException")
        return {"jobDefinitionArn": f"arn:{arguments['jobDefinitionName']}:1"}


async def test_whoever_may_not_look_for_job_definitions_registers_one() -> None:
    container, roles = AWSBatchExecutor().job_options().container, Roles(job="", execution="")
    clients = Refusing()
    arn = await Definitions(clients, "us-east-1").arn(container, ("python3",), "image", roles)
    assert arn.startswith("arn:covalent-batch-jobs-")
    await clients.close()


def test_a_tag_that_aws_would_refuse_is_refused_at_once() -> None:
    with pytest.raises(ExecutorError, match=r"tags\['team'\]"):
        AWSBatchExecutor(tags={"team": "a&b"})
    assert AWSBatchExecutor(tags={"kosten-stelle/ü": "a b_.:/=+-@"}).tags


class Closing:
    def __init__(self, closed: list[int], number: int) -> None:
        self._closed, self._number = closed, number

    async def close(self) -> None:
        self._closed.append(self._number)
        if self._number == 1:
            raise OSError("it cannot be closed")


async def test_what_cannot_be_closed_does_not_keep_the_rest_open(tmp_path: Any) -> None:
    runtime, closed = SharedRuntime(tmp_path), list[int]()
    for number in range(3):

        async def make(number: int = number) -> Closing:
            return Closing(closed, number)

        await runtime.shared(number, make)
    await runtime.close()
    assert closed == [2, 1, 0]
