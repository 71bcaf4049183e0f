"""The settings of the Google Batch executor."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import covalent as ct
from covalent.config import get_config, set_config
from covalent.errors import ConfigError, ExecutorError
from covalent.executor.gcpbatch import GCPBatchExecutor
from covalent.executor.gcpbatch.executor import GRACE_S
from covalent.executor.registry import get_executor

#: As the seed's table has them.
DEFAULTS = {
    "project_id": None,
    "region": "us-east1",
    "bucket_name": None,
    "container_image_uri": None,
    "service_account_email": None,
    "vcpus": 2,
    "memory": 256,
    "retries": 3,
    "time_limit": 300,
    "poll_freq": 5,
    "cache_dir": "/tmp/covalent",
}

NEEDED = {"project_id": "my-gcp-project-id", "bucket_name": "my-gcp-bucket"}


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home, monkeypatch):
    """None of what is configured elsewhere counts."""
    for name in ("GOOGLE_CLOUD_PROJECT", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)


def made(**settings) -> GCPBatchExecutor:
    return GCPBatchExecutor(**{**NEEDED, **settings})


def refused(**settings) -> str:
    """What is said of these settings by the time they are submitted."""
    with pytest.raises(ExecutorError) as caught:
        get_executor("gcpbatch", {**NEEDED, **settings})
    return str(caught.value)


def test_what_nobody_sets_has_the_default_that_everybody_knows():
    executor = ct.executor.GCPBatchExecutor()
    assert {name: getattr(executor, name) for name in DEFAULTS} == DEFAULTS
    assert executor.to_dict() == {}


def test_every_setting_is_an_argument():
    assert set(inspect.signature(GCPBatchExecutor).parameters) == set(GCPBatchExecutor.settings())


def test_importing_and_making_one_needs_no_library_of_google():
    code = "import sys, covalent as ct; ct.executor.GCPBatchExecutor(vcpus=2); print({'google', 'grpc', 'obstore'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_the_configuration_that_everybody_knows_is_taken(covalent_home):
    (covalent_home / "config" / "covalent.conf").write_text(
        """
        [executors.gcpbatch]
        bucket_name = "my-gcp-bucket-name"
        project_id = "my-gcp-project-id"
        container_image_uri = "my-base-executor-image-uri"
        service_account_email = "my-service-account-email"
        region = "us-east1"
        vcpus = 2 # number of vcpus needed by the job
        memory = 512
        retries = 3
        time_limit = 300
        poll_freq = 3
        cache_dir = "/tmp"
        """
    )
    assert get_config("executors.gcpbatch.poll_freq") == 3
    executor = GCPBatchExecutor(vcpus=4)
    assert (executor.vcpus, executor.memory, executor.retries) == (4, 512, 3)
    assert executor.retry_budget() == 3
    assert executor.to_dict() == {"vcpus": 4}


def test_own_failures_are_retried_only_if_somebody_asked():
    assert made().retry_budget() == 0
    assert made(retries=2).retry_budget() == 2
    assert made(retries=0).retry_budget() == 0


def test_lost_machines_are_made_good_by_the_service_as_often_as_it_can():
    assert made().job_options().retries == 3
    assert made(retries=0).job_options().retries == 0
    assert made(retries=50).job_options().retries == 10


def test_settings_travel_as_plain_json_and_come_back():
    executor = made(vcpus=4, environment={"A": "b"}, allowed_locations=["us-east1-b"], bucket_prefix="")
    travelled = json.loads(json.dumps(executor.to_dict()))
    assert get_executor("gcpbatch", travelled).to_dict() == executor.to_dict()
    other = made(memory=9, time_limit=5)
    assert other.from_dict(travelled) is other
    assert other.to_dict() == executor.to_dict()


def test_a_setting_may_be_changed_on_the_object():
    executor = GCPBatchExecutor(vcpus=4)
    executor.vcpus = 8
    assert executor.to_dict() == {"vcpus": 8}
    with pytest.raises(ExecutorError, match="vcpus must be a number"):
        executor.vcpus = "many"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0, not 0"),
        ({"time_limit": 14 * 24 * 3600}, "Google Batch ends tasks after 14 days"),
        ({"memory": "512 MiB"}, "memory must be a whole number of MiB above 0, not '512 MiB'"),
        ({"memory": 0.5}, "memory must be a whole number of MiB"),
        ({"memory": 10**9}, "no machine of Google's has more"),
        ({"vcpus": 0}, "vcpus must be"),
        ({"vcpus": 5000}, "no machine of Google's has more than 1920"),
        ({"retries": -1}, "retries must be"),
        ({"region": "us-east-1"}, "region must be the name of a region, such as us-east1"),
        ({"project_id": "My Project"}, "project_id must be the id of a Google Cloud project"),
        ({"project_id": None}, "project_id is not set. Set it on the executor"),
        ({"bucket_name": None}, "bucket_name is not set. Set it to a bucket"),
        ({"bucket_name": "gs://bucket"}, "without gs://"),
        ({"parallelism": 0}, "parallelism must be a whole number from 1 to 5000, not 0"),
        ({"allowed_locations": "us-east1-b"}, "allowed_locations must be a list"),
        ({"allowed_locations": []}, "allowed_locations must be a list"),
        (
            {"allowed_locations": ["us-east1-b", "us-west1-a"]},
            "has zones/us-west1-a, which is not in the region us-east1",
        ),
        ({"allowed_locations": ["regions/us-west1"]}, "has regions/us-west1, which is not in the region us-east1"),
        ({"allowed_locations": ["us-east1", "us-east1-b"]}, "takes one region, or zones. Leave one kind out"),
        ({"num_gpus": 1}, "gpu_type is not set. Set it"),
        ({"gpu_type": "nvidia-tesla-t4"}, "but num_gpus is 0"),
        ({"environment": {"A": 1}}, "environment must be a table of text"),
        ({"environment": {"BATCH_TASK_INDEX": "1"}}, "the service or Covalent sets itself"),
        ({"environment": {"COVALENT_FIRST": "1"}}, "the service or Covalent sets itself"),
        ({"secrets": {"A": "a b"}}, "must be the name of a secret"),
        ({"labels": {"Team": "blue"}}, "is no label that Google takes"),
        ({"labels": {"goog-x": "1"}}, "sets itself"),
        ({"labels": {f"a{n}": "" for n in range(57)}}, "labels must be at most 56, not 57"),
        ({"max_memory": 128}, "max_memory is 128 MiB, less than memory, which is 256 MiB"),
        ({"spot": "yes"}, "spot must be true or false"),
        ({"network": "a b"}, "network must be the name of a network, or its path"),
        ({"assign_public_ip": False, "network": "n"}, "wants both network and subnetwork: set subnetwork too"),
        ({"assign_public_ip": False, "subnetwork": "s"}, "wants both network and subnetwork: set network too"),
        ({"subnetwork": "projects/p/regions/us-west1/subnetworks/s"}, "which is not in the region us-east1"),
        ({"spot": True, "reservation": "mine"}, "a reservation has no spot machines"),
        ({"vcpu": 2}, "no setting 'vcpu'. Did you mean 'vcpus'?"),
    ],
)
def test_what_google_would_refuse_is_refused_before(settings, complaint):
    assert complaint in refused(**settings)


def test_the_configuration_refuses_the_same():
    with pytest.raises(ConfigError, match=r"executors\.gcpbatch\.parallelism must be a whole number"):
        set_config("executors.gcpbatch.parallelism", 0)


def test_the_project_may_come_from_where_googles_own_programs_find_it(monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-outside")
    assert GCPBatchExecutor(bucket_name="abc").account() == made(project_id="from-outside").account()
    assert made().account() != made(project_id="from-outside").account()


def test_the_service_ends_tasks_later_than_the_runner():
    options = made(time_limit=2.5).job_options()
    assert options.max_run_s == 3 + GRACE_S


def test_memory_doubles_each_time_that_it_was_not_enough():
    options = made(memory=1000, max_memory=3000).job_options()
    assert [options.memory_after(n) for n in range(4)] == [1000, 2000, 3000, 3000]


def test_equal_settings_make_equal_options():
    one = made(environment={"A": "1", "B": "2"}, allowed_locations=["us-east1-b", "us-east1-c"])
    two = made(environment={"B": "2", "A": "1"}, allowed_locations=["zones/us-east1-c", "zones/us-east1-b"])
    assert one.job_options() == two.job_options()
    assert hash(one.job_options()) == hash(two.job_options())


@pytest.mark.parametrize("prefix", ["a//b", ".", "a/..", "../b", "a/./b"])
def test_a_prefix_that_storage_would_not_take_is_refused_at_once(prefix):
    with pytest.raises(ExecutorError, match=r"bucket_prefix must be a path .* without empty parts"):
        made(bucket_prefix=prefix)
    assert made(bucket_prefix="//a./..b/.c//").bucket_prefix == "//a./..b/.c//"


def test_objects_lie_in_the_bucket_below_the_prefix():
    assert made().bucket().uri == "gs://my-gcp-bucket/covalent"
    assert made(bucket_prefix="/a/b/").bucket().uri == "gs://my-gcp-bucket/a/b"
    assert made(bucket_prefix="").bucket().uri == "gs://my-gcp-bucket"


def test_an_emulator_takes_the_place_of_cloud_storage(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    assert made().bucket().options["base_url"] == "http://127.0.0.1:9"
