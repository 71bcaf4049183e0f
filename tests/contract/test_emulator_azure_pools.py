"""Pools and nodes of the emulated Azure Batch."""

from __future__ import annotations

import pytest
from azure.batch import models as m
from azure.core.exceptions import ResourceNotFoundError

from covalent.emulator.azure.batch.schema import property_names
from tests.support.azure_batch import refusal, until

pytest_plugins = ["tests.support.azure_batch_fixtures"]


def test_a_pool_tells_its_machines_its_containers_and_its_identities(azure):
    pool = azure.batch.get_pool("POOL")
    assert (pool.id, pool.state, pool.allocation_state, pool.vm_size) == ("pool", "active", "steady", "standard_d2s_v3")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes, pool.task_slots_per_node) == (4, 4, 1)
    assert pool.virtual_machine_configuration.container_configuration.type == "dockerCompatible"
    assert (pool.resize_errors, pool.auto_scale_run, pool.enable_auto_scale) == (None, None, False)
    (identity,) = pool.identity.user_assigned_identities
    assert identity.client_id == "client-of-pool"
    assert azure.batch.pool_exists("pool")
    plain = azure.batch.get_pool("without-containers")
    assert plain.virtual_machine_configuration.container_configuration is None
    assert plain.identity.type == "None"


def test_a_pool_that_is_not_there(azure):
    with pytest.raises(ResourceNotFoundError) as missing:
        azure.batch.get_pool("other")
    assert refusal(missing) == (404, "PoolNotFound")
    with pytest.raises(ResourceNotFoundError):
        list(azure.batch.list_nodes("other"))


def test_pools_are_listed(azure):
    assert [pool.id for pool in azure.batch.list_pools(filter="startswith(id,'w')")] == ["wide", "without-containers"]
    (shown,) = azure.batch.list_pools(filter="targetLowPriorityNodes gt 0", select=["id", "currentLowPriorityNodes"])
    assert shown.as_dict() == {"id": "Spot", "currentLowPriorityNodes": 1}


def test_a_pool_that_could_not_be_resized_says_why_and_has_no_nodes(azure):
    pool = azure.batch.get_pool("unresizable")
    assert (pool.target_dedicated_nodes, pool.current_dedicated_nodes) == (2, 0)
    assert [(error.code, error.message) for error in pool.resize_errors] == [
        ("AllocationFailed", "There is no room."),
        ("AllocationFailed", "Sorry"),
    ]
    assert list(azure.batch.list_nodes("unresizable")) == []
    job, task = azure.task("/bin/true", pool="unresizable")
    azure.run("/bin/true")
    assert azure.batch.get_task(job, task).state == m.BatchTaskState.ACTIVE


def test_a_formula_that_could_not_be_evaluated_is_told(azure):
    pool = azure.batch.get_pool("unscalable")
    error = pool.auto_scale_run.error
    assert (pool.enable_auto_scale, error.code, error.message) == (True, "InvalidFormula", "It makes no sense.")
    assert pool.auto_scale_formula
    assert pool.current_dedicated_nodes == 0


def test_nodes_tell_what_they_do(azure):
    job, task = azure.task("sleep 60", pool="narrow")
    node_id = azure.reach(job, task, m.BatchTaskState.RUNNING).node_info.node_id
    (node,) = azure.batch.list_nodes("narrow", filter="state eq 'running'")
    assert (node.id, node.running_tasks_count, node.running_task_slots_count) == (node_id, 1, 1)
    azure.batch.terminate_task(job, task)
    until(lambda: azure.batch.get_node("narrow", node_id).state == m.BatchNodeState.IDLE)
    with pytest.raises(ResourceNotFoundError) as missing:
        azure.batch.get_node("narrow", "tvm-other")
    assert refusal(missing) == (404, "NodeNotFound")


def test_without_machines_tasks_wait_and_the_pool_tells_why(azure):
    azure.faults.hold()
    job, task = azure.task("/bin/true")
    pool = azure.batch.get_pool("pool")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes) == (0, 4)
    assert [(error.code, error.message) for error in pool.resize_errors] == [
        ("AccountCoreQuotaReached", "The account has reached its core quota.")
    ]
    assert list(azure.batch.list_nodes("pool")) == []
    assert azure.batch.get_task(job, task).state == m.BatchTaskState.ACTIVE
    azure.faults.release()
    azure.end(job, task)
    assert azure.batch.get_pool("pool").resize_errors is None


def test_nodes_are_counted_by_state(azure):
    azure.faults.preempt()
    job, task = azure.task("sleep 1", pool="Spot")
    azure.end(job, task)
    (counts,) = azure.batch.list_pool_node_counts(filter="poolId eq 'Spot'")
    assert (counts.low_priority.idle, counts.dedicated.total) == (1, 0)
    assert counts.low_priority.preempted >= 1
    assert counts.low_priority.total == counts.low_priority.idle + counts.low_priority.preempted


def test_images_with_container_support_are_named(azure):
    (image,) = azure.batch.list_supported_images()
    assert (image.os_type, image.capabilities) == ("linux", ["DockerCompatible"])


def test_nothing_is_shown_that_the_library_does_not_know(azure):
    azure.faults.preempt()
    job, task = azure.task("sleep 1", pool="Spot")
    azure.end(job, task)
    azure.faults.hold()
    node_id = next(iter(azure.batch.list_nodes("Spot"))).id
    shown = {
        "BatchJob": f"/jobs/{job}",
        "BatchTask": f"/jobs/{job}/tasks/{task}",
        "BatchPool": "/pools/Spot",
        "BatchNode": f"/pools/Spot/nodes/{node_id}",
        "BatchTaskCountsResult": f"/jobs/{job}/taskcounts",
    }
    for model, path in shown.items():
        names = {name for name in azure.ask("GET", path).json() if not name.startswith("odata.")}
        assert names <= property_names(model), model
    execution = azure.ask("GET", f"/jobs/{job}/tasks/{task}").json()["executionInfo"]
    assert set(execution) <= property_names("BatchTaskExecutionInfo")
