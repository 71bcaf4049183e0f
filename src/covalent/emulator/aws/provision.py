"""Making the resources that are to be there from the beginning, through the emulator's own API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...errors import EmulatorError
from .identity import CLIENT

_TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["batch.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_SERVICE_ROLE: Final = "AWSBatchServiceRole"
_INSTANCE_ROLE: Final = "ecsInstanceRole"

#: Kinds of compute environments that a queue can have.
KINDS: Final = ("EC2", "SPOT", "FARGATE", "FARGATE_SPOT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What is to be there."""

    buckets: Sequence[str]
    queues: Sequence[str]  #: ``NAME`` or ``NAME=KIND``, with one of :data:`KINDS`; otherwise it is EC2.
    roles: Sequence[str]
    log_groups: Sequence[str]
    job_definitions: Sequence[str]


def provision(resources: Resources, endpoint: str, region: str) -> None:
    """Make them.

    :raises EmulatorError: if AWS would not take one of the names
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session(
        aws_access_key_id=CLIENT.access_key, aws_secret_access_key=CLIENT.secret_key, region_name=region
    )
    clients = {name: session.client(name, endpoint_url=endpoint) for name in ("s3", "iam", "logs", "batch", "ec2")}
    try:
        _provision(resources, clients, region)
    except (BotoCoreError, ClientError) as error:
        raise EmulatorError(f"The emulated AWS cannot be set up: {error}") from error


def _provision(resources: Resources, clients: Mapping[str, Any], region: str) -> None:
    placement = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    for bucket in resources.buckets:
        clients["s3"].create_bucket(Bucket=bucket, **placement)
    for role in dict.fromkeys((*resources.roles, _SERVICE_ROLE, _INSTANCE_ROLE)):
        clients["iam"].create_role(RoleName=role, AssumeRolePolicyDocument=_TRUST)
    clients["iam"].create_instance_profile(InstanceProfileName=_INSTANCE_ROLE)
    for group in resources.log_groups:
        clients["logs"].create_log_group(logGroupName=group)
    if resources.queues:
        _make_queues(resources.queues, clients)
    for name in resources.job_definitions:
        _make_definition(name, clients)


def _make_queues(queues: Sequence[str], clients: Mapping[str, Any]) -> None:
    role = clients["iam"].get_role(RoleName=_SERVICE_ROLE)["Role"]["Arn"]
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [each["SubnetId"] for each in clients["ec2"].describe_subnets(Filters=default)["Subnets"]]
    groups = clients["ec2"].describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    network = {"subnets": subnets, "securityGroupIds": [group["GroupId"] for group in groups]}
    for queue in queues:
        name, _, kind = queue.partition("=")
        environment = clients["batch"].create_compute_environment(
            computeEnvironmentName=f"{name}-environment",
            type="MANAGED",
            state="ENABLED",
            serviceRole=role,
            computeResources=_compute_resources(kind or "EC2", network),
        )
        order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
        clients["batch"].create_job_queue(jobQueueName=name, state="ENABLED", priority=1, computeEnvironmentOrder=order)


def _compute_resources(kind: str, network: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in KINDS:
        raise EmulatorError(f"A queue cannot have machines of the kind {kind!r}. The kinds are {', '.join(KINDS)}.")
    common = {"type": kind, "maxvCpus": 256, **network}
    if kind.startswith("FARGATE"):
        return common
    return {**common, "minvCpus": 0, "desiredvCpus": 0, "instanceTypes": ["optimal"], "instanceRole": _INSTANCE_ROLE}


def _make_definition(name: str, clients: Mapping[str, Any]) -> None:
    requirements = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    clients["batch"].register_job_definition(
        jobDefinitionName=name,
        type="container",
        containerProperties={"image": "python:3", "command": ["true"], "resourceRequirements": requirements},
    )
