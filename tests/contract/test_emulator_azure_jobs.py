"""Jobs of the emulated Azure Batch."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from azure.batch import models as m
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from tests.support.azure_batch import AzureBatch, details, refusal, shell, until
from tests.support.azure_batch_server import QUOTA

pytest_plugins = ["tests.support.azure_batch_fixtures"]


def states(azure: AzureBatch, job: str) -> set[str]:
    return {str(task.state.value) for task in azure.batch.list_tasks(job)}


def test_a_job_is_shown_with_what_it_was_created_with_and_what_the_service_adds(azure):
    azure.job(
        id="My_Job-1",
        display_name="Mine",
        priority=7,
        common_environment_settings=[m.EnvironmentSetting(name="A", value="b")],
        metadata=[m.BatchMetadataItem(name="x", value="y")],
        constraints=m.BatchJobConstraints(max_wall_clock_time=dt.timedelta(hours=1), max_task_retry_count=2),
    )
    job = azure.batch.get_job("My_Job-1")
    assert (job.id, job.display_name, job.priority, job.state) == ("My_Job-1", "Mine", 7, m.BatchJobState.ACTIVE)
    assert (job.all_tasks_complete_mode, job.pool_info.pool_id) == ("noaction", "pool")
    assert job.constraints.max_wall_clock_time == dt.timedelta(hours=1)
    assert job.constraints.max_task_retry_count == 2
    assert job.execution_info.pool_id == "pool"
    assert job.execution_info.end_time is None
    assert abs(job.creation_time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert job.url == f"{azure.endpoint}/jobs/My_Job-1"


def test_ids_of_jobs_are_compared_without_regard_to_case_and_keep_theirs(azure):
    azure.job(id="Mixed")
    with pytest.raises(ResourceExistsError) as again:
        azure.job(id="mIXED")
    assert refusal(again) == (409, "JobExists")
    assert azure.batch.get_job("mixed").id == "Mixed"


@pytest.mark.parametrize("job_id", ["", "a b", "a.b", "ä", "x" * 65])
def test_an_id_that_the_service_would_not_take_is_refused(azure, job_id):
    with pytest.raises(HttpResponseError) as refused:
        azure.job(id=job_id)
    assert refusal(refused) == (400, "InvalidPropertyValue")
    assert details(refused)["PropertyName"] == "id"


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ({"priority": 2000}, "InvalidPropertyValue", "priority"),
        ({"priority": "high"}, "InvalidRequestBody", "priority"),
        ({"nonsense": 1}, "InvalidRequestBody", "nonsense"),
        ({"onAllTasksComplete": "explode"}, "InvalidPropertyValue", "onAllTasksComplete"),
        ({"constraints": {"maxWallClockTime": "soon"}}, "InvalidRequestBody", "constraints.maxWallClockTime"),
        ({"constraints": {"maxTaskRetryCount": -2}}, "InvalidPropertyValue", "constraints.maxTaskRetryCount"),
        ({"poolInfo": {}}, "InvalidPropertyValue", "poolInfo"),
        ({"poolInfo": None}, "MissingRequiredProperty", "poolInfo"),
        ({"metadata": [{"name": "x"}]}, "MissingRequiredProperty", "metadata[0].value"),
        ({"metadata": "x"}, "InvalidRequestBody", "metadata"),
        ({"commonEnvironmentSettings": [{"name": ""}]}, "InvalidPropertyValue", "commonEnvironmentSettings[0]"),
        ({"jobManagerTask": {"id": "m", "commandLine": "x"}}, "UnsupportedProperty", "jobManagerTask"),
        ({"usesTaskDependencies": True}, "UnsupportedProperty", "usesTaskDependencies"),
    ],
)
def test_what_cannot_be_a_job_is_refused_with_the_property_that_is_wrong(azure, given, code, name):
    with pytest.raises(HttpResponseError) as refused:
        azure.batch.create_job(m.BatchJobCreateOptions({"id": "x", "poolInfo": {"poolId": "pool"}, **given}))
    assert refusal(refused) == (400, code)
    assert details(refused)["PropertyName"] == name


def test_a_job_without_its_pool_is_taken_and_its_tasks_wait(azure):
    job, task = azure.task("/bin/true", pool="nowhere")
    azure.run("/bin/true")
    assert azure.batch.get_task(job, task).state == m.BatchTaskState.ACTIVE


def test_jobs_are_listed_by_filter_with_what_is_selected(azure):
    for name in ("one-a", "One-b", "two-a"):
        azure.job(id=name)
    azure.terminate("one-a", "enough")
    azure.job_ends("one-a")

    def ids(wanted: str) -> list[str]:
        return [job.id for job in azure.batch.list_jobs(filter=wanted)]

    assert ids("startswith(id,'one-')") == ["one-a", "One-b"]
    assert ids("startswith(id,'one-') and state eq 'active'") == ["One-b"]
    assert ids("id eq 'two-a' or state eq 'completed'") == ["one-a", "two-a"]
    assert ids("not (state ne 'active') and id ne 'two-a'") == ["One-b"]
    assert ids("creationTime gt DateTime'2020-01-01T00:00:00Z' and priority le 0") == ["one-a", "One-b", "two-a"]
    assert ids("executionInfo/terminateReason eq 'enough'") == ["one-a"]
    (shown,) = azure.batch.list_jobs(filter="id eq 'TWO-A'", select=["id", "state"])
    assert shown.as_dict() == {"id": "two-a", "state": "active"}


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "state is 'active'"},
        {"filter": "color eq 'red'"},
        {"filter": "(state eq 'active'"},
        {"filter": "state eq 'active' priority eq 0"},
        {"filter": "startswith(id, 3)"},
        {"filter": "state eq"},
        {"filter": "state eq active"},
        {"filter": "state # 'active'"},
        {"filter": "creationTime gt DateTime'yesterday'"},
        {"select": ["id", "color"]},
    ],
)
def test_a_list_that_cannot_be_is_refused(azure, query):
    azure.job()
    with pytest.raises(HttpResponseError) as refused:
        list(azure.batch.list_jobs(**query))
    assert refusal(refused) == (400, "InvalidQueryParameterValue")


def test_lists_come_in_pages(azure):
    for number in range(5):
        azure.job(id=f"j{number}")
    pages = azure.batch.list_jobs(max_results=2, filter="startswith(id,'j')", select=["id"]).by_page()
    assert [[job.id for job in page] for page in pages] == [["j0", "j1"], ["j2", "j3"], ["j4"]]
    with pytest.raises(HttpResponseError) as refused:
        list(azure.batch.list_jobs(max_results=1001))
    assert refusal(refused) == (400, "OutOfRangeQueryParameterValue")


def test_an_empty_job_that_is_to_end_with_its_tasks_ends_at_once(azure):
    job = azure.job(all_tasks_complete_mode="terminatejob")
    ended = azure.job_ends(job)
    assert ended.execution_info.termination_reason == "AllTasksComplete"
    with pytest.raises(ResourceExistsError) as refused:
        azure.task("/bin/true", job)
    assert refusal(refused) == (409, "JobCompleted")


def test_a_job_ends_with_its_tasks_once_it_is_told_to(azure):
    job, first = azure.task("/bin/true")
    azure.end(job, first)
    assert azure.batch.get_job(job).state == m.BatchJobState.ACTIVE
    azure.task("sleep 0.3", job)
    azure.batch.update_job(job, m.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
    assert azure.batch.get_job(job).state == m.BatchJobState.ACTIVE
    ended = azure.job_ends(job)
    assert (ended.execution_info.termination_reason, states(azure, job)) == ("AllTasksComplete", {"completed"})
    with pytest.raises(ResourceExistsError) as refused:
        azure.batch.update_job(job, m.BatchJobUpdateOptions(all_tasks_complete_mode="noaction"))
    assert refusal(refused) == (409, "JobCompleted")


def test_a_job_that_is_to_end_with_its_tasks_cannot_be_told_otherwise(azure):
    job, task = azure.task("sleep 0.3")
    azure.batch.update_job(job, m.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
    with pytest.raises(HttpResponseError) as refused:
        azure.batch.update_job(job, m.BatchJobUpdateOptions(all_tasks_complete_mode="noaction"))
    assert refusal(refused) == (400, "InvalidPropertyValue")
    azure.end(job, task)
    assert azure.job_ends(job).execution_info.termination_reason == "AllTasksComplete"


def test_update_keeps_what_it_does_not_name_and_replace_does_not(azure):
    job = azure.job(priority=5, metadata=[m.BatchMetadataItem(name="x", value="y")])
    azure.batch.update_job(job, m.BatchJobUpdateOptions(max_parallel_tasks=3))
    shown = azure.batch.get_job(job)
    assert (shown.priority, shown.max_parallel_tasks, shown.metadata[0].value) == (5, 3, "y")
    shown.max_parallel_tasks = None
    shown.priority = 6
    shown.metadata = None
    azure.batch.replace_job(job, m.BatchJob(pool_info=shown.pool_info, priority=6))
    replaced = azure.batch.get_job(job)
    assert (replaced.priority, replaced.max_parallel_tasks, replaced.metadata) == (6, -1, [])


def test_the_pool_of_a_job_changes_only_while_it_is_disabled(azure):
    job, task = azure.task("/bin/true", pool="empty")
    change = m.BatchJobUpdateOptions(pool_info=m.BatchPoolInfo(pool_id="pool"))
    with pytest.raises(ResourceExistsError) as refused:
        azure.batch.update_job(job, change)
    assert refusal(refused) == (409, "OperationInvalidForCurrentState")
    disable = m.BatchJobDisableOptions(disable_tasks="requeue")
    azure.batch.begin_disable_job(job, disable, polling_interval=1).result()
    azure.batch.update_job(job, change)
    azure.batch.begin_enable_job(job, polling_interval=1).result()
    assert azure.end(job, task).node_info.pool_id == "pool"


def test_conditions_are_about_the_version_that_is_changed(azure):
    job = azure.job()
    version = azure.batch.get_job(job).etag
    azure.batch.update_job(
        job, m.BatchJobUpdateOptions(priority=1), etag=version, match_condition=MatchConditions.IfNotModified
    )
    with pytest.raises(ResourceModifiedError):
        azure.batch.update_job(
            job, m.BatchJobUpdateOptions(priority=2), etag=version, match_condition=MatchConditions.IfNotModified
        )
    assert azure.batch.get_job(job).priority == 1
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    with pytest.raises(HttpResponseError) as refused:
        azure.batch.get_job(job, if_modified_since=later)
    assert refused.value.status_code == 304


def test_terminating_ends_what_runs_and_leaves_for_ever_what_waits(azure):
    job = azure.job("narrow")
    (_, running), (_, waiting) = azure.task("sleep 60", job), azure.task("sleep 60", job)
    azure.reach(job, running, m.BatchTaskState.RUNNING)
    # Without a reason, azure-batch 15.1.0 fails before it asks.
    azure.batch.begin_terminate_job(job, options={"terminateReason": "enough"}, polling_interval=1).result()
    ended = azure.job_ends(job)
    assert (ended.execution_info.termination_reason, ended.previous_state) == ("enough", m.BatchJobState.TERMINATING)
    task = azure.batch.get_task(job, running)
    assert (task.state, task.execution_info.result) == ("completed", "failure")
    assert (task.execution_info.failure_info.code, task.execution_info.failure_info.category) == (
        "TaskEnded",
        "usererror",
    )
    left = azure.batch.get_task(job, waiting)
    assert (left.state, left.execution_info.start_time, left.node_info) == (m.BatchTaskState.ACTIVE, None, None)
    with pytest.raises(ResourceExistsError) as refused:
        azure.terminate(job)
    assert refusal(refused) == (409, "JobCompleted")


def test_while_a_job_is_being_terminated_it_takes_no_tasks(azure):
    job, task = azure.task(shell('trap "" TERM; sleep 60'))
    azure.reach(job, task, m.BatchTaskState.RUNNING)
    azure.terminate(job)
    with pytest.raises(ResourceExistsError) as refused:
        azure.task("/bin/true", job)
    assert refusal(refused) == (409, "JobBeingTerminated")
    azure.job_ends(job)


def test_a_deleted_job_is_gone_with_its_tasks(azure):
    job, task = azure.task("sleep 60")
    azure.reach(job, task, m.BatchTaskState.RUNNING)
    azure.batch.begin_delete_job(job, polling_interval=1).result()
    with pytest.raises(ResourceNotFoundError) as gone:
        azure.batch.get_job(job)
    assert refusal(gone) == (404, "JobNotFound")
    azure.job(id=job)
    assert list(azure.batch.list_tasks(job)) == []


@pytest.mark.parametrize(("mode", "then"), [("requeue", "active"), ("terminate", "completed"), ("wait", "completed")])
def test_disabling_a_job_does_with_its_tasks_what_it_is_told(azure, mode, then):
    job = azure.job("narrow")
    script = "sleep 0.5" if mode == "wait" else "sleep 60"
    (_, running), (_, waiting) = azure.task(script, job), azure.task("/bin/true", job)
    azure.reach(job, running, m.BatchTaskState.RUNNING)
    azure.batch.begin_disable_job(job, m.BatchJobDisableOptions(disable_tasks=mode), polling_interval=1).result()
    assert azure.batch.get_job(job).state == m.BatchJobState.DISABLED
    task = azure.batch.get_task(job, running)
    assert (task.state, task.execution_info.requeue_count) == (then, int(mode == "requeue"))
    assert azure.batch.get_task(job, waiting).state == m.BatchTaskState.ACTIVE
    azure.batch.begin_enable_job(job, polling_interval=1).result()
    if mode == "requeue":
        azure.batch.terminate_task(job, running)
    azure.end(job, waiting)


def test_a_job_that_takes_too_long_is_terminated(azure):
    limit = m.BatchJobConstraints(max_wall_clock_time=dt.timedelta(seconds=0.5))
    job = azure.job(constraints=limit)
    azure.task("sleep 60", job)
    assert azure.job_ends(job).execution_info.termination_reason == "MaxWallClockTimeExpiry"


def test_the_quota_counts_jobs_that_are_not_completed(azure):
    for number in range(QUOTA):
        azure.job(id=f"q{number}")
    with pytest.raises(ResourceExistsError) as refused:
        azure.job(id="one-too-many")
    assert refusal(refused) == (409, "ActiveJobAndScheduleQuotaReached")
    azure.terminate("q0")
    azure.job_ends("q0")
    azure.job(id="one-more")


def test_tasks_of_a_job_with_higher_priority_run_first(azure):
    low, high = azure.job("narrow"), azure.job("narrow", priority=10)
    azure.faults.hold()
    (_, later), (_, first) = azure.task("sleep 0.2", low), azure.task("sleep 0.2", high)
    azure.faults.release()
    began = [azure.end(low, later).execution_info.start_time, azure.end(high, first).execution_info.start_time]
    assert began[1] < began[0]


def test_a_job_runs_no_more_tasks_at_a_time_than_it_may(azure):
    job = azure.job(max_parallel_tasks=1)
    azure.batch.create_tasks(job, [m.BatchTaskCreateOptions(id=f"t{n}", command_line="sleep 0.2") for n in range(3)])
    until(lambda: states(azure, job) == {"completed"})
    ran = sorted((t.execution_info.start_time, t.execution_info.end_time) for t in azure.batch.list_tasks(job))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ran))


def test_a_job_can_bring_its_pool(azure):
    machine = m.VirtualMachineConfiguration(
        image_reference=m.BatchVmImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2404"),
        node_agent_sku_id="batch.node.ubuntu 24.04",
    )
    pool = m.BatchPoolSpecification(
        vm_size="standard_d4s_v3", virtual_machine_configuration=machine, target_dedicated_nodes=2
    )
    automatic = m.BatchAutoPoolSpecification(auto_pool_id_prefix="mine", pool_lifetime_option="job", pool=pool)
    info = m.BatchPoolInfo(auto_pool_specification=automatic)
    azure.batch.create_job(m.BatchJobCreateOptions(id="auto", pool_info=info))
    job, task = azure.task("/bin/true", "auto")
    ran_in = azure.end(job, task).node_info.pool_id
    assert ran_in == azure.batch.get_job("auto").execution_info.pool_id
    assert azure.batch.get_pool(ran_in).vm_size == "standard_d4s_v3"
    assert ran_in.startswith("mine_")
    azure.terminate("auto")
    azure.job_ends("auto")
    with pytest.raises(ResourceNotFoundError) as gone:
        azure.batch.get_pool(ran_in)
    assert refusal(gone) == (404, "PoolNotFound")


def test_who_is_not_let_in_gets_nowhere(azure):
    with azure.client("nobody") as stranger, pytest.raises(HttpResponseError) as refused:
        stranger.get_job("x")
    assert refusal(refused) == (403, "AuthenticationFailed")


def test_only_the_version_of_the_interface_that_is_emulated_is_spoken(azure):
    for version, code in (("2016-02-01.3.0", "UnsupportedRequestVersion"), ("", "MissingRequiredQueryParameter")):
        with pytest.raises(HttpResponseError) as refused:
            azure.ask("GET", "/jobs", version)
        assert refusal(refused) == (400, code)
    with pytest.raises(ResourceNotFoundError):
        azure.ask("GET", "/jobschedules")


def test_faults_hit_calls_and_calls_are_counted(azure):
    azure.faults.throttle("GetJob")
    job = azure.job()
    with pytest.raises(HttpResponseError) as throttled:
        azure.batch.get_job(job)
    assert refusal(throttled) == (429, "TooManyRequests")
    assert throttled.value.response.headers["retry-after"] == "1"
    azure.faults.refuse("CreateJob", "ActiveJobAndScheduleQuotaReached")
    with pytest.raises(ResourceExistsError):
        azure.job()
    azure.faults.refuse("ListJobs", "ServerBusy")
    with pytest.raises(HttpResponseError) as busy:
        list(azure.batch.list_jobs())
    assert refusal(busy) == (503, "ServerBusy")
    azure.faults.lose_answer("CreateJob")
    with pytest.raises(Exception, match="Connection"):
        azure.job(id="made-after-all")
    assert azure.batch.get_job("made-after-all").state == m.BatchJobState.ACTIVE
    assert azure.calls() == {"CreateJob": 3, "GetJob": 2, "ListJobs": 1}
