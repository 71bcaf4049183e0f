"""The settings of the AWS Batch executor."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import covalent as ct
from covalent.config import get_config, set_config
from covalent.errors import ConfigError, ExecutorError
from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.awsbatch.executor import GRACE_S
from covalent.executor.registry import get_executor

#: As the seeds' tables have them.
DEFAULTS = {
    "profile": "default",
    "region": "us-east-1",
    "credentials": "~/.aws/credentials",
    "batch_queue": "covalent-batch-queue",
    "s3_bucket_name": "covalent-batch-job-resources",
    "batch_job_definition_name": "covalent-batch-jobs",
    "batch_execution_role_name": "ecsTaskExecutionRole",
    "batch_job_role_name": "CovalentBatchJobRole",
    "batch_job_log_group_name": "covalent-batch-job-logs",
    "vcpu": 2,
    "memory": 3.75,
    "num_gpus": 0,
    "retry_attempts": 3,
    "time_limit": 300,
    "poll_freq": 10,
    "cache_dir": "/tmp/covalent",
}

#: As the seeds' signature has them, in order.
POSITIONAL = [
    "credentials",
    "profile",
    "region",
    "s3_bucket_name",
    "batch_queue",
    "batch_execution_role_name",
    "batch_job_role_name",
    "batch_job_log_group_name",
    "vcpu",
    "memory",
    "num_gpus",
    "retry_attempts",
    "time_limit",
    "poll_freq",
    "cache_dir",
]


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home):
    """None of what is configured elsewhere counts."""


def refused(**settings):
    """What is said of these settings by the time they are submitted."""
    with pytest.raises(ExecutorError) as caught:
        get_executor("awsbatch", settings)
    return str(caught.value)


def test_what_nobody_sets_has_the_default_that_everybody_knows():
    executor = ct.executor.AWSBatchExecutor()
    assert {name: getattr(executor, name) for name in DEFAULTS} == DEFAULTS
    assert executor.to_dict() == {}


def test_arguments_come_in_the_order_that_everybody_knows():
    parameters = inspect.signature(AWSBatchExecutor).parameters
    assert [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == POSITIONAL
    assert set(parameters) == set(AWSBatchExecutor.settings())


def test_importing_and_making_one_needs_no_library_of_amazon():
    code = "import sys, covalent as ct; ct.executor.AWSBatchExecutor(vcpu=2); print({'boto3', 'botocore', 'obstore'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_the_configuration_is_read_where_the_constructor_says_nothing():
    set_config({"executors.awsbatch.vcpu": 8, "executors.awsbatch.memory": 16, "executors.awsbatch.tags.team": "blue"})
    executor = AWSBatchExecutor(memory=1)
    assert (executor.vcpu, executor.memory, executor.tags) == (8, 1, {"team": "blue"})
    assert executor.to_dict() == {"memory": 1}


def test_the_configuration_that_everybody_knows_is_taken(covalent_home):
    (covalent_home / "config" / "covalent.conf").write_text(
        """
        [executors.awsbatch]
        credentials = "/etc/aws/credentials"
        profile = ""
        s3_bucket_name = "covalent-batch-job-resources"
        ecr_repo_name = "covalent-batch-job-images"
        batch_job_definition_name = "covalent-batch-jobs"
        batch_queue = "covalent-batch-queue"
        batch_execution_role_name = "ecsTaskExecutionRole"
        batch_job_role_name = "CovalentBatchJobRole"
        batch_job_log_group_name = "covalent-batch-job-logs"
        vcpu = 2
        memory = 3.75
        num_gpus = 0
        retry_attempts = 3
        time_limit = 300
        cache_dir = "/tmp/covalent"
        poll_freq = 10
        """
    )
    assert get_config("executors.awsbatch.profile") == ""
    assert AWSBatchExecutor().retry_budget() == 3


@pytest.mark.parametrize(
    ("name", "value"), [("retry_attempts", 0), ("num_gpus", 0), ("profile", ""), ("batch_job_log_group_name", "")]
)
def test_zero_and_empty_are_values(name, value):
    set_config(f"executors.awsbatch.{name}", "set" if isinstance(value, str) else 2)
    executor = AWSBatchExecutor(**{name: value})
    assert getattr(executor, name) == value
    assert executor.to_dict() == {name: value}


def test_own_failures_are_retried_only_if_somebody_asked():
    assert AWSBatchExecutor().retry_budget() == 0
    assert AWSBatchExecutor(retry_attempts=2).retry_budget() == 2
    set_config("executors.awsbatch.retry_attempts", 1)
    assert AWSBatchExecutor().retry_budget() == 1
    assert AWSBatchExecutor(retry_attempts=0).retry_budget() == 0


def test_lost_hosts_are_retried_by_the_service_as_often_as_it_can():
    assert AWSBatchExecutor().job_options().attempts == 4
    assert AWSBatchExecutor(retry_attempts=0).job_options().attempts == 1
    assert AWSBatchExecutor(retry_attempts=50).job_options().attempts == 10


def test_settings_travel_as_plain_json_and_come_back():
    executor = AWSBatchExecutor(vcpu=4, environment={"A": "b"}, profile="", container_properties={"privileged": True})
    travelled = json.loads(json.dumps(executor.to_dict()))
    assert get_executor("awsbatch", travelled).to_dict() == executor.to_dict()
    other = AWSBatchExecutor(memory=9, time_limit=5)
    assert other.from_dict(travelled) is other
    assert other.to_dict() == executor.to_dict()
    assert (other.vcpu, other.memory) == (4, 3.75)


def test_a_setting_may_be_changed_on_the_object():
    executor = AWSBatchExecutor(vcpu=4)
    executor.vcpu = 8
    assert executor.to_dict() == {"vcpu": 8}
    executor.vcpu = None
    assert executor.vcpu == 2
    with pytest.raises(ExecutorError, match="vcpu must be a number"):
        executor.vcpu = "many"


def test_the_object_shows_what_was_set_on_it():
    assert repr(AWSBatchExecutor(vcpu=4)) == "AWSBatchExecutor(vcpu=4)"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0, not 0"),
        ({"time_limit": -5}, "time_limit must be"),
        ({"time_limit": float("inf")}, "time_limit must be"),
        ({"time_limit": True}, "time_limit must be"),
        ({"memory": "4 GB"}, "memory must be a number of GB above 0, not '4 GB'"),
        ({"memory": 0}, "memory must be"),
        ({"vcpu": 0}, "vcpu must be"),
        ({"vcpu": 1.5}, "vcpu is 1.5, but on EC2 a container has whole vCPUs. Use 2, or set platform to 'FARGATE'"),
        ({"vcpu": 2000}, "no instance of EC2 has more than 1,920"),
        ({"memory": 10**6}, "no instance of EC2 has more"),
        ({"num_gpus": 17}, "no instance of EC2 has more than 16"),
        ({"num_gpus": 0.5}, "num_gpus must be a whole number"),
        ({"num_gpus": 1, "platform": "FARGATE"}, "Fargate has no GPUs. Set platform to 'EC2'"),
        ({"memory": 300, "platform": "FARGATE"}, "its largest has 32 vCPU and 249856 MiB"),
        ({"retry_attempts": -1}, "retry_attempts must be"),
        ({"region": "us_east_1"}, "region must be the name of a region"),
        ({"region": ""}, "region must be"),
        ({"s3_bucket_name": "s3://bucket"}, "s3_bucket_name must be the name of an S3 bucket, without s3://"),
        ({"batch_job_role_name": "my role"}, "batch_job_role_name must be"),
        ({"platform": "EKS"}, "platform must be one of EC2, FARGATE"),
        ({"architecture": "RISCV"}, "architecture must be one of X86_64, ARM64"),
        ({"environment": {"A": 1}}, "environment must be a table of text"),
        ({"environment": {"AWS_BATCH_JOB_ID": "1"}}, "the service or Covalent sets itself"),
        ({"secrets": {"A": "hunter2"}}, "must be the ARN of a secret"),
        ({"tags": {"aws:x": "1"}}, "AWS keeps for itself"),
        ({"tags": {str(n): "" for n in range(41)}}, "tags must be at most 40, not 41"),
        ({"scheduling_priority": 5}, "set share_identifier too"),
        ({"scheduling_priority": 10_000, "share_identifier": "a"}, "from 0 to 9999"),
        ({"max_memory": 1}, "less than memory, which is 3.75 GB"),
        ({"disk_gib": 50}, "disk_gib is for Fargate"),
        ({"disk_gib": 5, "platform": "FARGATE"}, "from 21 to 200"),
        ({"assign_public_ip": True}, "assign_public_ip is for Fargate"),
        ({"shared_memory_mib": 64, "platform": "FARGATE"}, "shared_memory_mib is for EC2"),
        ({"batch_execution_role_name": "", "platform": "FARGATE"}, "Fargate needs an execution role"),
        (
            {"job_definition": "mine", "container_image_uri": "x"},
            "job_definition is set, which holds container_image_uri",
        ),
        ({"vcpus": 2}, "no setting 'vcpus'. Did you mean 'vcpu'?"),
    ],
)
def test_what_aws_would_refuse_is_refused_before(settings, complaint):
    assert complaint in refused(**settings)


def test_the_configuration_refuses_the_same():
    with pytest.raises(
        ConfigError, match=r"executors\.awsbatch\.time_limit must be a number of seconds above 0, not 0\.$"
    ):
        set_config("executors.awsbatch.time_limit", 0)
    with pytest.raises(ConfigError, match=r"'executors\.awsbatch\.quque'"):
        set_config("executors.awsbatch.quque", "x")


def test_memory_is_in_gb_and_time_in_seconds():
    options = AWSBatchExecutor(memory=3.75, time_limit=300).job_options()
    assert options.asked.memory_mib == 3840
    assert options.timeout_s == 300 + GRACE_S
    assert AWSBatchExecutor(time_limit=1).job_options().timeout_s >= 60


def test_equal_settings_make_equal_options():
    one = AWSBatchExecutor(
        environment={"A": "1", "B": "2"}, container_properties={"privileged": True, "user": "nobody"}
    )
    two = AWSBatchExecutor(
        environment={"B": "2", "A": "1"}, container_properties={"user": "nobody", "privileged": True}
    )
    assert one.job_options() == two.job_options()
    assert hash(one.job_options()) == hash(two.job_options())
    assert one.account() == two.account() != AWSBatchExecutor(region="eu-west-1").account()


@pytest.mark.parametrize("prefix", ["a//b", ".", "a/..", "../b", "a/./b"])
def test_a_prefix_that_storage_would_not_take_is_refused_at_once(prefix):
    with pytest.raises(ExecutorError, match=r"s3_prefix must be a path .* without empty parts"):
        AWSBatchExecutor(s3_prefix=prefix)
    assert AWSBatchExecutor(s3_prefix="//a./..b/.c//").s3_prefix == "//a./..b/.c//"


def test_objects_lie_in_the_bucket_below_the_prefix():
    assert AWSBatchExecutor(s3_bucket_name="mine").bucket().uri == "s3://mine/covalent"
    assert AWSBatchExecutor(s3_bucket_name="mine", s3_prefix="/a/b/").bucket().uri == "s3://mine/a/b"
    assert AWSBatchExecutor(s3_bucket_name="mine", s3_prefix="").bucket().uri == "s3://mine"


def test_rounding_up_is_told(caplog):
    AWSBatchExecutor(platform="fargate", vcpu=3, memory=3.8).job_options()
    assert "Fargate has no 3 vCPU with 3892 MiB: each task gets the next size up, 4 vCPU with 8192 MiB." in caplog.text
