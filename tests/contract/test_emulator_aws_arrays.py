"""Array jobs of the emulated AWS Batch, and lists of jobs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from covalent.testing import EmulatedAWS, emulated_aws
from tests.support.emulated_batch import QUEUE, EmulatedBatch, shell


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAWS]:
    with emulated_aws(slots=4) as aws:
        yield aws


@pytest.fixture
def cloud(aws: EmulatedAWS) -> Iterator[EmulatedBatch]:
    yield EmulatedBatch(aws)
    aws.faults.clear()


def array(size: int) -> dict[str, dict[str, int]]:
    return {"arrayProperties": {"size": size}}


def test_each_child_knows_its_index_and_one_that_fails_fails_the_parent_when_all_have_ended(cloud):
    script = "echo $AWS_BATCH_JOB_ARRAY_INDEX of $AWS_BATCH_JOB_ARRAY_SIZE; test $AWS_BATCH_JOB_ARRAY_INDEX != 1"
    view = cloud.run(*shell(script), **array(3))
    assert (view["status"], view["statusReason"]) == ("FAILED", "Array Child Job failed")
    assert view["arrayProperties"]["size"] == 3
    summary = {status: count for status, count in view["arrayProperties"]["statusSummary"].items() if count}
    assert summary == {"SUCCEEDED": 2, "FAILED": 1}
    assert cloud.children(view["jobId"], "FAILED") == [f"{view['jobId']}:1"]
    children = [cloud.describe(f"{view['jobId']}:{index}") for index in range(3)]
    assert [child["arrayProperties"] for child in children] == [{"index": 0}, {"index": 1}, {"index": 2}]
    assert [cloud.printed(child) for child in children] == [["0 of 3"], ["1 of 3"], ["2 of 3"]]


def test_a_parent_is_pending_while_its_children_run(cloud):
    job = cloud.submit(cloud.define("sleep", "30"), **array(6))
    view = cloud.wait(job, lambda v: v["arrayProperties"]["statusSummary"]["RUNNING"] == 4)
    assert (view["status"], view["arrayProperties"]["statusSummary"]["RUNNABLE"]) == ("PENDING", 2)
    # Without a status, only what runs is listed.
    assert len(cloud.batch.list_jobs(arrayJobId=job)["jobSummaryList"]) == 4
    cloud.batch.terminate_job(jobId=job, reason="enough")
    view = cloud.end(job)
    assert (view["status"], view["statusReason"], view["isTerminated"]) == ("FAILED", "enough", True)
    assert view["arrayProperties"]["statusSummary"]["FAILED"] == 6
    ended = [cloud.describe(f"{job}:{index}") for index in (0, 5)]
    assert [(child["status"], child["isTerminated"]) for child in ended] == [("FAILED", True)] * 2
    assert ended[0]["container"]["exitCode"] == 143
    assert "exitCode" not in ended[1]["container"]


def test_one_child_is_terminated_alone(cloud):
    job = cloud.submit(cloud.define(*shell("test $AWS_BATCH_JOB_ARRAY_INDEX = 0 || sleep 30")), **array(2))
    cloud.running(f"{job}:1")
    cloud.batch.terminate_job(jobId=f"{job}:1", reason="only this")
    view = cloud.end(job)
    assert (view["statusReason"], view["isTerminated"]) == ("Array Child Job failed", False)
    assert cloud.describe(f"{job}:0")["status"] == "SUCCEEDED"
    assert cloud.describe(f"{job}:1")["statusReason"] == "only this"


def test_children_that_wait_are_cancelled(cloud, aws):
    aws.faults.hold()
    job = cloud.submit(cloud.define("true"), **array(3))
    cloud.batch.cancel_job(jobId=job, reason="not needed")
    view = cloud.end(job)
    assert (view["status"], view["statusReason"], view["isCancelled"]) == ("FAILED", "not needed", True)
    assert cloud.describe(f"{job}:2")["statusReason"] == "not needed"


def test_a_child_is_retried_alone(cloud):
    script = "test $AWS_BATCH_JOB_ARRAY_INDEX$AWS_BATCH_JOB_ATTEMPT != 11"
    view = cloud.run(*shell(script), retryStrategy={"attempts": 2}, **array(3))
    assert view["status"] == "SUCCEEDED"
    attempts = [len(cloud.describe(f"{view['jobId']}:{index}")["attempts"]) for index in range(3)]
    assert attempts == [1, 2, 1]


def test_children_in_sequence_wait_for_the_one_before(cloud):
    view = cloud.run("true", dependsOn=[{"type": "SEQUENTIAL"}], **array(5))
    children = [cloud.describe(f"{view['jobId']}:{index}") for index in range(5)]
    assert all(a["stoppedAt"] <= b["startedAt"] for a, b in itertools.pairwise(children))


def test_a_long_sequence_fails_from_its_beginning_to_its_end(cloud):
    view = cloud.run("false", dependsOn=[{"type": "SEQUENTIAL"}], **array(3000))
    assert view["arrayProperties"]["statusSummary"]["FAILED"] == 3000
    assert cloud.describe(f"{view['jobId']}:2999")["statusReason"] == "Dependent Job failed"


def test_children_depend_on_their_likes(cloud):
    definition = cloud.define(*shell("test $AWS_BATCH_JOB_ARRAY_INDEX != 1"))
    first = cloud.submit(definition, **array(3))
    second = cloud.end(cloud.submit(cloud.define("true"), dependsOn=[{"jobId": first, "type": "N_TO_N"}], **array(3)))
    assert cloud.children(second["jobId"], "SUCCEEDED") == [f"{second['jobId']}:{index}" for index in (0, 2)]


def test_a_thousand_children_cost_little_more_than_their_processes(cloud):
    began = time.monotonic()
    view = cloud.run("true", **array(1000))
    assert view["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 1000
    assert time.monotonic() - began < 30


def test_ten_thousand_children_wait_and_are_listed_in_pages(cloud, aws):
    aws.faults.hold()
    job = cloud.submit(cloud.define("true"), **array(10_000))
    page = cloud.batch.list_jobs(arrayJobId=job, jobStatus="RUNNABLE")
    assert len(page["jobSummaryList"]) == 1000
    assert cloud.children(job, "RUNNABLE") == [f"{job}:{index}" for index in range(10_000)]
    cloud.batch.terminate_job(jobId=job, reason="enough")
    assert cloud.end(job)["arrayProperties"]["statusSummary"]["FAILED"] == 10_000


# Lists


def test_jobs_are_found_by_name_whatever_their_status_and_newest_first(cloud):
    definition = cloud.define("true")
    jobs = [cloud.submit(definition, name=name) for name in ("find-me", "Find-Me-too", "other")]
    for job in jobs:
        cloud.end(job)
        time.sleep(0.01)

    def found(pattern: str) -> list[str]:
        filters = [{"name": "JOB_NAME", "values": [pattern]}]
        return [each["jobId"] for each in cloud.batch.list_jobs(jobQueue=QUEUE, filters=filters)["jobSummaryList"]]

    assert found("FIND-me") == [jobs[0]]
    assert found("find-me*") == [jobs[1], jobs[0]]
    assert found("nothing") == []


def test_children_are_not_listed_with_the_jobs_of_a_queue(cloud):
    view = cloud.run("true", name="parent-only", **array(2))
    page = cloud.batch.list_jobs(jobQueue=QUEUE, filters=[{"name": "JOB_NAME", "values": ["parent-only"]}])
    assert [each["jobId"] for each in page["jobSummaryList"]] == [view["jobId"]]
    assert page["jobSummaryList"][0]["arrayProperties"] == {"size": 2}


def test_at_most_a_hundred_jobs_are_described_at_a_time(cloud):
    view = cloud.run("true", **array(101))
    ids = [f"{view['jobId']}:{index}" for index in range(101)]
    assert len(cloud.batch.describe_jobs(jobs=[*ids[:99], "unknown"])["jobs"]) == 99
    with pytest.raises(ClientError, match="Maximum number of jobs supported is  100"):
        cloud.batch.describe_jobs(jobs=ids)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Exactly one of"),
        ({"jobQueue": QUEUE, "arrayJobId": "x"}, "Exactly one of"),
        ({"jobQueue": QUEUE, "jobStatus": "LOST"}, "Job status LOST is not one of"),
        ({"jobQueue": QUEUE, "nextToken": "none of ours"}, "Invalid nextToken"),
        ({"jobQueue": QUEUE, "maxResults": 0}, "at least 1"),
        ({"jobQueue": QUEUE, "filters": [{"name": "COLOUR", "values": ["red"]}]}, "Filter COLOUR is not supported"),
        ({"jobQueue": "nowhere"}, "JobQueue nowhere not found"),
    ],
)
def test_a_list_that_cannot_be_is_refused(cloud, request_, message):
    with pytest.raises(ClientError, match=message):
        cloud.batch.list_jobs(**request_)
