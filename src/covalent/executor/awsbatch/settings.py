"""The settings of the AWS Batch executor: what each takes, and what it is if nothing is said."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from ...errors import ExecutorError
from ..batch.options import PREFIX, variables
from ..configured import ConfiguredExecutor, Setting, flag, number, one_of, optional, table, text, texts, whole
from .resources import FARGATE_DISK_GIB

_ROLE: Final = r"|[\w+=,.@-]{1,64}|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"

#: Tags of one resource. Source: API reference of AWS Batch, ``TagResource``. Some are left for Covalent's own.
MOST_TAGS: Final = 40


#: Characters of a tag. Source: user guide of AWS Batch, "Tag restrictions".
_TAG: Final = re.compile(r"[\w\s.:/=+@-]*")


def _tag_complaint(key: str, value: str) -> str | None:
    if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
        return "has other characters than letters, digits, spaces and _ . : / = + - @"
    if not 1 <= len(key) <= 128 or len(value) > 256:
        return "is too long: AWS takes names of 1 to 128 characters and values of up to 256"
    return "begins with 'aws:', which AWS keeps for itself" if key.lower().startswith("aws:") else None


_variable_complaint = variables("AWS_BATCH_")


def _secret_complaint(key: str, value: str) -> str | None:
    if not value.startswith("arn:aws"):
        return "must be the ARN of a secret in Secrets Manager or of a parameter in Systems Manager"
    return _variable_complaint(key, value)


_tags = texts("a table of text by name", _tag_complaint)


def _some_tags(name: str, value: Any) -> Any:
    found = _tags(name, value)
    if len(found) > MOST_TAGS:
        raise ExecutorError(f"{name} must be at most {MOST_TAGS}, not {len(found)}")
    return found


class AWSBatchSettings(ConfiguredExecutor):
    """The settings as attributes, each showing the value that applies."""

    short_name: ClassVar[str] = "awsbatch"

    # Those that everybody knows, in the order in which the constructor takes them.
    credentials = Setting(text(r".*", "the path of a shared credentials file, or empty"), "~/.aws/credentials")
    profile = Setting(text(r".*", "the name of a profile, or empty"), "default")
    region = Setting(text(r"[a-z]{2,}(-[a-z]+)+-\d", "the name of a region, such as us-east-1"), "us-east-1")
    s3_bucket_name = Setting(
        text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket, without s3:// and without a path"),
        "covalent-batch-job-resources",
    )
    batch_queue = Setting(text(), "covalent-batch-queue")
    batch_execution_role_name = Setting(text(_ROLE, "the name or ARN of an IAM role, or empty"), "ecsTaskExecutionRole")
    batch_job_role_name = Setting(text(_ROLE, "the name or ARN of an IAM role, or empty"), "CovalentBatchJobRole")
    batch_job_log_group_name = Setting(
        text(r"[\w./#-]{0,512}", "the name of a CloudWatch log group, or empty"), "covalent-batch-job-logs"
    )
    vcpu = Setting(number("a number of vCPUs above 0", above=0), 2)
    memory = Setting(number("a number of GB above 0", above=0), 3.75)
    num_gpus = Setting(whole("a whole number from 0 on", least=0), 0)
    retry_attempts = Setting(whole("a whole number from 0 on", least=0), 3)
    time_limit = Setting(number("a number of seconds above 0", above=0), 300)
    poll_freq = Setting(number("a number of seconds above 0", above=0), 10)
    cache_dir = Setting(text(), "/tmp/covalent")  # noqa: S108 - where it has always been

    batch_job_definition_name = Setting(
        text(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", "up to 100 letters, digits, hyphens and underscores"),
        "covalent-batch-jobs",
    )
    container_image_uri = Setting(optional(text(r"\S+", "the name of a container image")), None)
    ecr_repo_name = Setting(optional(text(r"[a-z0-9._/-]{2,256}", "the name of a repository of Amazon ECR")), None)
    platform = Setting(one_of("EC2", "FARGATE"), "EC2")
    architecture = Setting(optional(one_of("X86_64", "ARM64")), None)
    assign_public_ip = Setting(optional(flag), None)
    shared_memory_mib = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    disk_gib = Setting(
        optional(
            whole(
                f"a whole number of GiB from {FARGATE_DISK_GIB[0]} to {FARGATE_DISK_GIB[1]}",
                least=FARGATE_DISK_GIB[0],
                most=FARGATE_DISK_GIB[1],
            )
        ),
        None,
    )
    max_memory = Setting(optional(number("a number of GB above 0", above=0)), None)
    environment = Setting(optional(texts("a table of text by name", _variable_complaint)), None)
    secrets = Setting(optional(texts("a table of ARNs by name", _secret_complaint)), None)
    tags = Setting(optional(_some_tags), None)
    scheduling_priority = Setting(optional(whole("a whole number from 0 to 9999", least=0, most=9999)), None)
    share_identifier = Setting(optional(text(r"[A-Za-z0-9]{1,255}\*?", "up to 255 letters and digits")), None)
    job_definition = Setting(optional(text()), None)
    container_properties = Setting(optional(table("a table of containerProperties")), None)
    s3_prefix = Setting(text(*PREFIX), "covalent")
