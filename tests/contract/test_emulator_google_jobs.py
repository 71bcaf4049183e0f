"""Jobs of the emulated Google Batch, run as processes."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Iterator

import pytest
from google.api_core.exceptions import FailedPrecondition, NotFound

from covalent.testing import EmulatedGoogle, emulated_google
from tests.support.emulated_google import BUCKET, PROJECT, EmulatedGoogleBatch, State, TaskState, shell

ACCOUNT, SILENT = "mine@covalent-project.iam.gserviceaccount.com", "silent@covalent-project.iam.gserviceaccount.com"

LOST = {"action": "RETRY_TASK", "action_condition": {"exit_codes": [50001, 50002, 50003, 50004, 50006]}}


@pytest.fixture(scope="module")
def google() -> Iterator[EmulatedGoogle]:
    accounts = [ACCOUNT, f"{SILENT}=silent:0.5"]
    with emulated_google(slots=4, service_accounts=accounts, secrets={"password": "hush=hush"}) as google:
        yield google


@pytest.fixture
def cloud(google: EmulatedGoogle) -> Iterator[EmulatedGoogleBatch]:
    cloud = EmulatedGoogleBatch(google)
    yield cloud
    cloud.close()
    google.faults.clear()


def events(job) -> list[str]:
    return [event.description for event in job.status.status_events]


# One task


def test_a_job_goes_through_its_states_and_says_so(cloud):
    job = cloud.run("true")
    assert job.status.state == State.SUCCEEDED
    changes = ["QUEUED to SCHEDULED", "SCHEDULED to RUNNING", "RUNNING to SUCCEEDED"]
    assert events(job) == [f"Job state is set from {change} for job {job.name}." for change in changes]
    assert {event.type_ for event in job.status.status_events} == {"STATUS_CHANGED"}
    assert dict(job.status.task_groups["group0"].counts) == {"SUCCEEDED": 1}
    assert job.status.run_duration.total_seconds() > 0
    (task,) = cloud.tasks(job)
    assert task.status.state == TaskState.SUCCEEDED
    steps = [event.description.split(" on ")[0] for event in task.status.status_events]
    prefix = "Task state is updated from"
    assert steps == [
        f"{prefix} {step}" for step in ("PENDING to ASSIGNED", "ASSIGNED to RUNNING", "RUNNING to SUCCEEDED")
    ]
    assert task.status.status_events[-1].description.endswith("with exit code 0.")


def test_a_task_that_fails_shows_its_exit_code_and_fails_its_job(cloud):
    job = cloud.run(*shell("exit 7"))
    assert job.status.state == State.FAILED
    assert "task with index 0 failed" in events(job)[-1]
    assert cloud.exit_codes(job) == [7]


def test_a_task_sees_what_google_and_its_job_set_and_nothing_of_the_emulator(cloud, google):
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.executable, os.getcwd()]))"
    runnable = {
        "container": {"image_uri": "x", "commands": ["python3", "-c", code]},
        "environment": {"variables": {"B": "2"}},
    }
    task = {"environment": {"variables": {"A": "1", "B": "1"}}, "runnables": [runnable]}
    job = cloud.run("true", task=task, group={"task_count": 2})
    seen, executable, directory = json.loads(cloud.printed(job, 1)[0])
    assert (seen["A"], seen["B"]) == ("1", "2")
    assert seen["BATCH_JOB_UID"] == job.uid
    assert [seen[f"BATCH_TASK_{name}"] for name in ("INDEX", "COUNT", "RETRY_ATTEMPT")] == ["1", "2", "0"]
    assert seen["STORAGE_EMULATOR_HOST"] == google.endpoint
    assert seen["GCE_METADATA_HOST"].startswith("127.0.0.1:")
    assert not {"COVALENT_GCP_BATCH_ENDPOINT", "GOOGLE_CLOUD_PROJECT", "COVALENT_DATA_DIR", "PYTHONPATH"} & set(seen)
    assert executable == sys.executable
    assert directory == seen["HOME"]
    assert not os.path.exists(directory)


def test_a_task_has_the_identity_of_its_account_and_its_calls_are_counted_apart(cloud, google):
    code = f"""
import os, urllib.error, urllib.request
from obstore.store import GCSStore
def ask(path, **headers):
    url = f"http://{{os.environ['GCE_METADATA_HOST']}}/computeMetadata/v1/{{path}}"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read().decode()
print(ask("instance/service-accounts/default/email", **{{"Metadata-Flavor": "Google"}}))
print(ask("project/project-id", **{{"Metadata-Flavor": "Google"}}))
try:
    ask("project/project-id")
except urllib.error.HTTPError as error:
    print(error.code)
import google.auth, google.auth.transport.requests
credentials, project = google.auth.default()
credentials.refresh(google.auth.transport.requests.Request())
print(project, credentials.service_account_email)
store = GCSStore("{BUCKET}", base_url=os.environ["STORAGE_EMULATOR_HOST"], bearer_token=credentials.token,
                 client_options={{"allow_http": True}})
store.put("from-a-job", b"12345")
"""
    google.reset_calls()
    job = cloud.run("python3", "-c", code, allocation_policy={"service_account": {"email": ACCOUNT}})
    assert cloud.printed(job) == [ACCOUNT, PROJECT, "403", f"{PROJECT} {ACCOUNT}"]
    calls = google.calls()
    assert calls.job == {"storage": {"PutObject": 1}}
    assert calls.job_bytes["storage"]["sent"] == 5
    assert "storage" not in calls.client


def test_an_entrypoint_stands_before_the_command(cloud):
    assert cloud.printed(cloud.run("b", entrypoint="echo")) == ["b"]


def test_runnables_run_one_after_another_and_the_first_failure_counts(cloud):
    def say(text: str, code: int = 0, **more: object) -> dict[str, object]:
        return {"script": {"text": f"echo {text}; exit {code}"}, **more}

    runnables = [say("one", 3, ignore_exit_status=True), say("two", 4), say("three"), say("four", 5, always_run=True)]
    job = cloud.run("true", task={"runnables": runnables})
    assert cloud.printed(job) == ["one", "two", "four"]
    assert cloud.exit_codes(job) == [4]


def test_secrets_are_variables(cloud):
    path = f"projects/{PROJECT}/secrets/password/versions/latest"
    task = {"environment": {"secret_variables": {"PASSWORD": path}}}
    assert cloud.printed(cloud.run(*shell("echo $PASSWORD"), task=task)) == ["hush=hush"]
    task["environment"]["secret_variables"]["PASSWORD"] = path.replace("password", "nothing")
    job = cloud.run("true", task=task)
    assert job.status.state == State.FAILED
    assert "not found" in cloud.printed(job)[0]


# Logs


def test_lines_are_in_the_log_while_the_task_runs_with_their_severity(cloud):
    job = cloud.create(cloud.spec(*shell("echo one; echo; echo two >&2; sleep 30")))
    cloud.reach(job.name, State.RUNNING)
    deadline = time.monotonic() + 10
    while len(cloud.printed(job)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    found = cloud.entries(f'labels.job_uid="{job.uid}"')
    assert {(entry.text_payload, entry.severity) for entry in found} == {("one", 200), ("two", 500)}
    assert {entry.labels["task_id"] for entry in found} == {f"task/{job.uid}-group0-0/0/0"}
    assert cloud.printed(job, severity="severity>=ERROR") == ["two"]
    cloud.batch.delete_job(name=job.name).result(timeout=20)


def test_the_log_is_read_in_pages_and_from_a_place_on(cloud):
    job = cloud.run("python3", "-c", "for n in range(25): print(n)")
    wanted = f'labels.job_uid="{job.uid}"'
    assert [int(entry.text_payload) for entry in cloud.entries(wanted, page_size=10)] == list(range(25))
    last = cloud.entries(wanted)[9]
    at = last.timestamp.rfc3339()
    place = f'(timestamp>"{at}" OR (timestamp="{at}" AND insertId>"{last.insert_id}"))'
    assert [int(entry.text_payload) for entry in cloud.entries(wanted, place)] == list(range(10, 25))
    newest = cloud.entries(wanted, order_by="timestamp desc")[0]
    assert newest.text_payload == "24"


def test_without_a_destination_nothing_is_logged(cloud):
    assert cloud.printed(cloud.run("echo", "hello", logs_policy={})) == []


# Several tasks


def test_each_task_of_a_group_has_its_index_and_its_own_variables(cloud):
    environments = [{"variables": {"NAME": name}} for name in "abc"]
    job = cloud.run(*shell("echo $BATCH_TASK_INDEX/$BATCH_TASK_COUNT $NAME"), group={"task_environments": environments})
    assert [cloud.printed(job, index) for index in range(3)] == [["0/3 a"], ["1/3 b"], ["2/3 c"]]


def test_tasks_that_fail_do_not_keep_others_from_running(cloud):
    job = cloud.run(*shell("exit $((BATCH_TASK_INDEX % 2))"), group={"task_count": 6})
    assert job.status.state == State.FAILED
    assert dict(job.status.task_groups["group0"].counts) == {"SUCCEEDED": 3, "FAILED": 3}


@pytest.mark.parametrize("group", [{"parallelism": 1}, {"scheduling_policy": "IN_ORDER"}])
def test_no_more_tasks_run_at_once_than_the_group_allows(cloud, group):
    job = cloud.run(*shell("sleep 0.05"), group={"task_count": 5, **group})
    spans = []
    for task in cloud.tasks(job):
        times = [event.event_time.timestamp() for event in task.status.status_events]
        spans.append((times[0], times[-1]))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


# Attempts


def test_without_a_policy_every_failure_is_repeated(cloud):
    script = "echo try $BATCH_TASK_RETRY_ATTEMPT; test $BATCH_TASK_RETRY_ATTEMPT = 2"
    job = cloud.run(*shell(script), task={"max_retry_count": 5})
    assert job.status.state == State.SUCCEEDED
    assert cloud.exit_codes(job) == [1, 1, 0]
    assert cloud.printed(job) == ["try 0", "try 1", "try 2"]


@pytest.mark.parametrize(
    ("action", "codes", "attempts"),
    [("RETRY_TASK", [42], 3), ("RETRY_TASK", [41], 1), ("FAIL_TASK", [42], 1), ("FAIL_TASK", [41], 3)],
)
def test_a_policy_decides_which_failures_are_repeated(cloud, action, codes, attempts):
    policy = {"action": action, "action_condition": {"exit_codes": codes}}
    job = cloud.run(*shell("exit 42"), task={"max_retry_count": 2, "lifecycle_policies": [policy]})
    assert cloud.exit_codes(job) == [42] * attempts


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (lambda faults: faults.preempt(), 50001, "Spot"),
        (lambda faults: faults.lose_host(), 50002, "no longer receives VM updates"),
        (lambda faults: faults.exit_with(50003), 50003, "rebooted"),
        (lambda faults: faults.exit_with(50004), 50004, "unresponsive"),
        (lambda faults: faults.time_out(), 50005, "maximum runtime"),
        (lambda faults: faults.exit_with(50006), 50006, "recreated"),
        (lambda faults: faults.out_of_memory(), 137, "exit code 137"),
        (lambda faults: faults.bad_image(), 125, "exit code 125"),
    ],
)
def test_faults_end_a_task_with_the_code_that_the_service_gives(cloud, google, fault, code, says):
    fault(google.faults)
    job = cloud.run("sleep", "30")
    assert cloud.exit_codes(job) == [code]
    assert says in cloud.tasks(job)[0].status.status_events[-1].description


def test_a_lost_machine_is_made_good_and_its_event_stays(cloud, google):
    google.faults.preempt(2)
    task = {"max_retry_count": 3, "lifecycle_policies": [LOST]}
    job = cloud.run(*shell("sleep 0.5"), task=task)
    assert job.status.state == State.SUCCEEDED
    assert cloud.exit_codes(job) == [50001, 50001, 0]


def test_a_task_over_its_time_is_ended(cloud):
    job = cloud.run("sleep", "30", task={"max_run_duration": {"seconds": 1}})
    assert cloud.exit_codes(job) == [50005]


def test_a_task_over_its_memory_is_killed(cloud):
    code = "import time; data = bytearray(200 * 2**20); time.sleep(30)"
    for more in ({"task": {"compute_resource": {"memory_mib": 100}}}, {"options": "--shm-size=64m --memory 100m"}):
        job = cloud.run("python3", "-c", code, **more)
        assert cloud.exit_codes(job) == [137]


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"options": "--no-such-flag"}, 125, "unknown flag: --no-such-flag"),
        ({"options": "--memory=lots"}, 125, "invalid size: 'lots'"),
        ({"entrypoint": "no-such-program"}, 127, "executable file not found"),
    ],
)
def test_a_container_that_cannot_start_ends_as_docker_does(cloud, more, code, says):
    job = cloud.run("true", **more)
    assert cloud.exit_codes(job) == [code]
    assert says in cloud.printed(job, severity="severity=ERROR")[0]


def test_what_has_no_quota_stays_queued_and_says_why(cloud, google):
    before = cloud.create(cloud.spec("true"))
    cloud.end(before.name)
    google.faults.hold()
    job = cloud.create(cloud.spec("true"))
    time.sleep(0.3)
    seen = cloud.batch.get_job(name=job.name)
    assert seen.status.state == State.QUEUED
    (event,) = seen.status.status_events
    assert "CODE_GCE_QUOTA_EXCEEDED" in event.description
    google.faults.release()
    assert cloud.end(job.name).status.state == State.SUCCEEDED


def test_machines_that_may_not_report_are_silent_until_the_service_gives_up(cloud):
    job = cloud.create(cloud.spec("true", allocation_policy={"service_account": {"email": SILENT}}))
    cloud.reach(job.name, State.SCHEDULED)
    ended = cloud.end(job.name)
    assert ended.status.state == State.FAILED
    assert "No VM has agent reporting correctly" in events(ended)[-2]
    assert events(ended)[-1] == f"Job state is set from SCHEDULED to FAILED for job {ended.name}."
    assert [task.status.state for task in cloud.tasks(ended)] == [TaskState.UNEXECUTED]


def test_a_slow_start_keeps_a_job_in_the_queue(cloud, google):
    google.faults.slow_start(0.6)
    began = time.monotonic()
    cloud.run("true")
    assert time.monotonic() - began > 0.6


# Cancelling and deleting


def test_a_cancelled_job_stays_and_its_tasks_have_ended(cloud):
    job = cloud.create(cloud.spec("sleep", "60", group={"task_count": 3, "parallelism": 1}))
    cloud.reach(job.name, State.RUNNING)
    operation = cloud.batch.cancel_job(name=job.name)
    operation.result(timeout=20)
    assert operation.metadata.target == job.name
    assert cloud.batch.get_job(name=job.name).status.state == State.CANCELLED
    assert [task.status.state.name for task in cloud.tasks(job)] == ["FAILED", "UNEXECUTED", "UNEXECUTED"]
    with pytest.raises(FailedPrecondition, match="is CANCELLED and cannot be cancelled"):
        cloud.batch.cancel_job(name=job.name)


def test_while_a_job_is_cancelled_it_says_so(cloud):
    job = cloud.create(cloud.spec(*shell("trap 'sleep 1; exit 0' TERM; while :; do sleep 0.05; done")))
    cloud.reach(job.name, State.RUNNING)
    time.sleep(0.3)
    operation = cloud.batch.cancel_job(name=job.name)
    assert not operation.done()
    assert cloud.batch.get_job(name=job.name).status.state == State.CANCELLATION_IN_PROGRESS
    operation.result(timeout=20)
    assert cloud.batch.get_job(name=job.name).status.state == State.CANCELLED


def test_a_deleted_job_is_gone_and_its_id_is_free(cloud, google):
    google.faults.hold()
    for _ in range(2):
        job = cloud.create(cloud.spec("true"), "deleted")
        cloud.batch.delete_job(name=job.name).result(timeout=20)
        with pytest.raises(NotFound):
            cloud.batch.get_job(name=job.name)


def test_many_tasks_run_to_their_end(cloud):
    job = cloud.run("true", group={"task_count": 60})
    assert dict(job.status.task_groups["group0"].counts) == {"SUCCEEDED": 60}
    assert [int(task.name.rpartition("/")[2]) for task in cloud.tasks(job)] == list(range(60))
