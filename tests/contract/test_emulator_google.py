"""The emulated Google Batch as its own library and plain HTTP see it: what it takes, what it refuses, and what it lists."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound, PermissionDenied

from covalent.testing import EmulatedGoogle, emulated_google
from tests.support.emulated_google import PARENT, PROJECT, EmulatedGoogleBatch, State, shell

ACCOUNT = "mine@covalent-project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def google() -> Iterator[EmulatedGoogle]:
    with emulated_google(slots=2, service_accounts=[ACCOUNT]) as google:
        yield google


@pytest.fixture
def cloud(google: EmulatedGoogle) -> Iterator[EmulatedGoogleBatch]:
    cloud = EmulatedGoogleBatch(google)
    yield cloud
    cloud.close()
    google.faults.clear()


@pytest.fixture
def held(google: EmulatedGoogle, cloud: EmulatedGoogleBatch) -> Iterator[None]:
    """Nothing starts, and what is there afterwards goes."""
    google.faults.hold()
    yield
    for job in cloud.batch.list_jobs(parent=PARENT):
        cloud.batch.delete_job(name=job.name).result(timeout=20)
    google.faults.clear()


# What is taken


def test_a_job_is_shown_with_what_the_service_adds(cloud, held):
    job = cloud.create(cloud.spec("true", group={"task_count": 3}), "mine")
    assert job.name == f"{PARENT}/jobs/mine"
    assert job.uid.startswith("mine-")
    group = job.task_groups[0]
    assert (group.name, group.task_count, group.parallelism) == (f"{job.name}/taskGroups/group0", 3, 3)
    assert list(job.allocation_policy.location.allowed_locations) == ["regions/us-east1"]
    assert job.allocation_policy.service_account.email == f"{PROJECT}-compute@developer.gserviceaccount.com"
    assert job.status.state == State.QUEUED
    assert dict(cloud.batch.get_job(name=job.name).status.task_groups["group0"].counts) == {"PENDING": 3}


def test_a_request_that_comes_again_makes_no_second_job(cloud, held):
    request_id = str(uuid.uuid4())
    first = cloud.create(cloud.spec("true"), "twice", request_id=request_id)
    assert cloud.create(cloud.spec("true"), "twice", request_id=request_id).uid == first.uid
    with pytest.raises(AlreadyExists, match="jobs/twice' already exists"):
        cloud.create(cloud.spec("true"), "twice", request_id=str(uuid.uuid4()))
    with pytest.raises(AlreadyExists):
        cloud.create(cloud.spec("true"), "twice")


def in_network(**interface: object) -> dict[str, object]:
    return {"network": {"network_interfaces": [interface]}}


@pytest.mark.parametrize("job_id", ["Upper", "1digit", "end-", "with_underscore", "x" * 64])
def test_a_job_id_that_cannot_be_is_refused(cloud, job_id):
    with pytest.raises(InvalidArgument, match="must match the pattern"):
        cloud.create(cloud.spec("true"), job_id)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task_groups": []}, "exactly one task group"),
        ({"priority": 100}, "priority must be in"),
        ({"labels": {"Upper": "x"}}, "Label 'Upper'"),
        ({"group": {"task_count": 100_001}}, "task_count must be between 1 and 100000"),
        ({"group": {"parallelism": -1}}, "parallelism must be between"),
        ({"group": {"parallelism": 2, "scheduling_policy": "IN_ORDER"}}, "parallelism must be 1"),
        ({"image": ""}, "must have an image URI"),
        ({"task": {"runnables": []}}, "at least one runnable"),
        ({"task": {"runnables": [{}]}}, "must have a container, a script or a barrier"),
        ({"task": {"max_retry_count": 11}}, "max_retry_count must be in"),
        ({"task": {"max_run_duration": {"seconds": 1_300_000}}}, "max_run_duration must be between"),
        ({"task": {"lifecycle_policies": [{"action": "RETRY_TASK"}]}}, "exit codes"),
        ({"task": {"environment": {"variables": {"1x": ""}}}}, "'1x' has an invalid name"),
        ({"task": {"environment": {"secret_variables": {"X": "mine"}}}}, "must name projects/"),
        ({"task": {"environment": {"variables": {"X": "x" * 1_000_000}}}}, "too large"),
        ({"allocation_policy": {"location": {"allowed_locations": ["zones/us-west1-a"]}}}, "not in the job's region"),
        (
            {"allocation_policy": {"location": {"allowed_locations": ["regions/us-east1", "zones/us-east1-b"]}}},
            "one region, or several zones",
        ),
        ({"allocation_policy": {"instances": [{}, {}]}}, "one instance policy"),
        ({"allocation_policy": in_network(no_external_ip_address=True)}, "both network and subnetwork have to be"),
        (
            {"allocation_policy": in_network(no_external_ip_address=True, network="global/networks/default")},
            "both network and subnetwork have to be specified when no_external_ip_address is true",
        ),
        ({"allocation_policy": in_network(network="default")}, "network is not matching the expected format"),
        (
            {"allocation_policy": in_network(subnetwork="regions/us-west1/subnetworks/default")},
            "subnetwork is not matching the expected format",
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused(cloud, change, message):
    spec = {**cloud.spec("true"), "task_groups": []} if "task_groups" in change else cloud.spec("true", **change)
    with pytest.raises(InvalidArgument, match=message):
        cloud.create(spec)


def test_a_request_id_must_be_a_uuid(cloud):
    for wrong in ("mine", str(uuid.UUID(int=0))):
        with pytest.raises(InvalidArgument, match="must be a UUID"):
            cloud.create(cloud.spec("true"), request_id=wrong)


def test_what_the_emulator_cannot_do_it_says(cloud):
    with pytest.raises(exceptions.MethodNotImplemented, match="no barriers"):
        cloud.create(cloud.spec("true", task={"runnables": [{"barrier": {}}]}))


def test_projects_regions_and_accounts_that_do_not_exist_are_refused(cloud):
    listed = cloud.batch.list_jobs
    with pytest.raises(PermissionDenied, match="CONSUMER_INVALID: project nobody"):
        listed(parent="projects/nobody/locations/us-east1")
    with pytest.raises(PermissionDenied, match="Location nowhere-east9 is not found"):
        listed(parent=f"projects/{PROJECT}/locations/nowhere-east9")
    with pytest.raises(PermissionDenied, match="act as the specified service account: x@y"):
        cloud.create(cloud.spec("true", allocation_policy={"service_account": {"email": "x@y"}}))


def test_jobs_and_tasks_that_are_not_there_are_not_found(cloud, held):
    for ask in (cloud.batch.get_job, cloud.batch.delete_job, cloud.batch.cancel_job):
        with pytest.raises(NotFound, match='jobs/no-such-job" was not found'):
            ask({"name": f"{PARENT}/jobs/no-such-job"})
    job = cloud.create(cloud.spec("true"))
    with pytest.raises(NotFound):
        cloud.batch.get_task(name=f"{job.name}/taskGroups/group0/tasks/1")
    with pytest.raises(NotFound):
        cloud.batch.list_tasks(parent=f"{job.name}/taskGroups/group1")


# Lists


def test_jobs_are_listed_by_filter_order_and_in_pages(cloud, held):
    for number in range(5):
        cloud.create(cloud.spec("true", labels={"odd": str(number % 2)}), f"listed-{number}")

    def names(**request: Any) -> list[str]:
        found = cloud.batch.list_jobs({"parent": PARENT, **request})
        return [job.name.rpartition("/")[2] for job in found]

    assert names(order_by="name", page_size=2) == [f"listed-{n}" for n in range(5)]
    assert names() == names(order_by="create_time desc") == [f"listed-{n}" for n in reversed(range(5))]
    assert names(filter='labels.odd="1" AND status.state=QUEUED', order_by="name") == ["listed-1", "listed-3"]
    assert names(filter="status.state=RUNNING") == []
    assert names(filter='name:"listed-4" OR name:"listed-0"', order_by="name") == ["listed-0", "listed-4"]
    first = cloud.batch.list_jobs({"parent": PARENT, "page_size": 2})
    assert len(next(iter(first.pages)).jobs) == 2
    for wrong in ({"filter": "status.state=="}, {"order_by": "uid"}, {"page_token": "%"}, {"page_size": -1}):
        with pytest.raises(InvalidArgument):
            cloud.batch.list_jobs({"parent": PARENT, **wrong})


def test_tasks_are_listed_by_state_and_in_pages(cloud):
    script = 'test "$BATCH_TASK_INDEX" != 1'
    job = cloud.run(*shell(script), group={"task_count": 3})
    parent = f"{job.name}/taskGroups/group0"
    failed = cloud.batch.list_tasks({"parent": parent, "filter": "State=FAILED", "page_size": 1})
    assert [task.name for task in failed] == [f"{parent}/tasks/1"]
    pages = list(cloud.batch.list_tasks({"parent": parent, "page_size": 2}).pages)
    assert [len(page.tasks) for page in pages] == [2, 1]


# Faults and counts


def test_faults_have_the_codes_of_the_service(cloud, google, held):
    google.faults.throttle("CreateJob")
    with pytest.raises(exceptions.ResourceExhausted, match="Quota exceeded"):
        cloud.create(cloud.spec("true"), "later")
    google.faults.refuse("batch:GetJob", "PERMISSION_DENIED", "SERVICE_DISABLED")
    with pytest.raises(PermissionDenied, match="SERVICE_DISABLED"):
        cloud.batch.get_job(name=f"{PARENT}/jobs/later")
    google.faults.lose_answer("CreateJob")
    with pytest.raises(exceptions.ServiceUnavailable, match="reset"):
        cloud.create(cloud.spec("true"), "later")
    assert cloud.batch.get_job(name=f"{PARENT}/jobs/later").uid
    google.faults.throttle("ListLogEntries", caller="client")
    with pytest.raises(exceptions.ResourceExhausted, match="Read requests"):
        cloud.logging.list_log_entries({"resource_names": [f"projects/{PROJECT}"]}, retry=None)


def test_calls_are_counted_by_service_and_operation(cloud, google, held):
    google.reset_calls()
    job = cloud.create(cloud.spec("true"))
    cloud.batch.get_job(name=job.name)
    cloud.entries()
    calls = google.calls()
    assert calls.client == {"batch": {"CreateJob": 1, "GetJob": 1}, "logging": {"ListLogEntries": 1}}
    assert calls.client_bytes["batch"]["sent"] > 100
    assert calls.client_bytes["batch"]["received"] > 200


# Over REST


def rest(google: EmulatedGoogle, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{google.endpoint}/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["error"]


def test_rest_is_the_same_service(cloud, google):
    spec = {
        "taskGroups": [
            {
                "taskCount": "2",
                "taskSpec": {"runnables": [{"container": {"imageUri": "x", "commands": shell("echo hello")}}]},
            }
        ],
        "logsPolicy": {"destination": "CLOUD_LOGGING"},
    }
    status, job = rest(google, "POST", f"v1/{PARENT}/jobs?jobId=over-rest", spec)
    assert (status, job["status"]["state"]) == (200, "QUEUED")
    cloud.end(job["name"])
    _, seen = rest(google, "GET", f"v1/{job['name']}")
    assert seen["status"]["state"] == "SUCCEEDED"
    assert seen["status"]["statusEvents"][0]["type"] == "STATUS_CHANGED"
    assert seen["status"]["taskGroups"]["group0"]["counts"] == {"SUCCEEDED": "2"}
    _, page = rest(google, "GET", f"v1/{job['name']}/taskGroups/group0/tasks?pageSize=1")
    assert (len(page["tasks"]), bool(page["nextPageToken"])) == (1, True)
    _, task = rest(google, "GET", f"v1/{job['name']}/taskGroups/group0/tasks/1")
    assert task["status"]["state"] == "SUCCEEDED"
    wanted = {"resourceNames": [f"projects/{PROJECT}"], "filter": f'labels.job_uid="{job["uid"]}"'}
    _, log = rest(google, "POST", "v2/entries:list", wanted)
    assert [entry["textPayload"] for entry in log["entries"]] == ["hello", "hello"]
    _, operation = rest(google, "DELETE", f"v1/{job['name']}")
    assert rest(google, "GET", f"v1/{operation['name']}")[1]["done"]
    assert rest(google, "GET", f"v1/{job['name']}")[0] == 404


def test_rest_refuses_with_a_status_and_a_code(google):
    for path, body, status, code in (
        (f"v1/{PARENT}/jobs?jobId=NO", {}, 400, "INVALID_ARGUMENT"),
        (f"v1/{PARENT}/jobs", {"unknown": 1}, 400, "INVALID_ARGUMENT"),
        ("v1/projects/nobody/locations/us-east1/jobs", {}, 403, "PERMISSION_DENIED"),
        (f"v1/{PARENT}/nothing", {}, 404, "NOT_FOUND"),
    ):
        found, error = rest(google, "POST", path, body)
        assert (found, error["status"]) == (status, code)
    assert rest(google, "GET", f"v1/{PARENT}/jobs", authorization="Bearer nobodys")[0] == 401
