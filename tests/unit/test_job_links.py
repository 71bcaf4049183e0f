"""From a task to the job of a cloud's service that it runs as, and to the console that shows it."""

from __future__ import annotations

import pytest

from covalent.errors import ExecutorError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.gcpbatch import GCPBatchExecutor
from covalent.executor.local import LocalExecutor
from covalent.model import Requested, ServiceJob, TaskRef

ARRAY = {"jobs": [{"ref": "j-1", "first": 0, "size": 2}, {"ref": "j-2", "first": 2, "size": 1}], "refs": [[5, 3, 1]]}


@pytest.fixture(autouse=True)
def _no_emulator(covalent_home, monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH", "COVALENT_GCP_BATCH_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def ref(node_id: int, attempt: int = 1) -> TaskRef:
    return TaskRef(node_id=node_id, attempt=attempt)


@pytest.mark.parametrize(
    ("node_id", "job_id"),
    [(5, "j-1:0"), (6, "j-1:1"), (7, "j-2")],
)
def test_a_task_is_its_part_of_an_array_job(node_id, job_id):
    page = "https://eu-west-1.console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/"
    found = AWSBatchExecutor(region="eu-west-1").job(ARRAY, ref(node_id))
    assert found == ServiceJob(id=job_id, console_url=page + job_id)


@pytest.mark.parametrize(
    ("region", "host"),
    [("cn-north-1", "console.amazonaws.cn"), ("us-gov-west-1", "console.amazonaws-us-gov.com")],
)
def test_regions_apart_have_consoles_of_their_own(region, host):
    found = AWSBatchExecutor(region=region).job(ARRAY, ref(7))
    assert found is not None
    assert (found.console_url or "").startswith(f"https://{region}.{host}/")


def test_a_job_of_google_batch_has_one_page_for_all_its_tasks():
    executor = GCPBatchExecutor(project_id="a-project", region="us-east1")
    page = "https://console.cloud.google.com/batch/jobsDetail/regions/us-east1/jobs/j-1/details?project=a-project"
    assert executor.job(ARRAY, ref(6)) == ServiceJob(id="j-1", console_url=page)


def test_a_job_in_an_emulator_has_no_page(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert AWSBatchExecutor().job(ARRAY, ref(7)) == ServiceJob(id="j-2")
    monkeypatch.setenv("COVALENT_GCP_BATCH_ENDPOINT", "127.0.0.1:1")
    assert GCPBatchExecutor(project_id="a-project").job(ARRAY, ref(7)) == ServiceJob(id="j-2")


def test_what_was_not_sent_yet_or_not_in_this_group_has_no_job():
    assert AWSBatchExecutor().job(None, ref(5)) is None
    assert AWSBatchExecutor().job(ARRAY, ref(5, attempt=2)) is None
    assert LocalExecutor().job("group", ref(5)) is None
    with pytest.raises(ExecutorError, match="cannot be read"):
        AWSBatchExecutor().job({"jobs": []}, ref(5))


def test_executors_say_what_they_ask_for():
    aws = AWSBatchExecutor(vcpu=4, memory=8, num_gpus=1, time_limit=60)
    assert aws.requested() == Requested(cpus=4, memory_mib=8192, gpus=1, time_limit_s=60)
    google = GCPBatchExecutor(vcpus=2, memory=512, time_limit=60)
    assert google.requested() == Requested(cpus=2, memory_mib=512, gpus=0, time_limit_s=60)
    assert LocalExecutor(time_limit=5).requested() == Requested(time_limit_s=5)


def test_a_task_on_azure_is_named_by_its_job_and_its_own_id():
    executor = AzureBatchExecutor(cpus=2, memory=512, time_limit=60)
    handle = {"jobs": [{"ref": "ct-line-0/ct-group:3", "first": 0, "size": 3}], "refs": [[5, 3, 1]]}
    assert executor.job(handle, ref(6)) == ServiceJob(id="ct-line-0/ct-group-1")
    assert executor.requested() == Requested(cpus=2, memory_mib=512, time_limit_s=60)
