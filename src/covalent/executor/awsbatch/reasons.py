"""Why jobs of AWS Batch fail, and why they wait: tables.

Sources: user guide of AWS Batch, "Jobs stuck in a RUNNABLE status" and "Automated job retries"; developer guide of Amazon ECS,
"Stopped tasks error codes" and "CannotPullContainer task errors".
"""

from __future__ import annotations

import re
from typing import Final

from ...states import Cause
from ..batch.service import Limits, ReasonPattern, WaitPattern

LIMITS: Final = Limits(
    max_size=10_000,  # User guide, "Array jobs".
    max_refs=100,  # API reference, DescribeJobs.
    max_environment_chars=8_192,  # What a job fails with that has more: "Container Overrides length must be at most 8192".
)

#: Beginnings of the status reason with which the host of a job was lost. Globs of AWS Batch, which are all that it retries on.
LOST_HOST: Final = ("Host EC2*", "Your Spot Task was interrupted*")

#: Ends that AWS Batch brings about itself, though it marks the job as cancelled or terminated.
NOT_BY_HAND: Final = re.compile(r"exceeded timeout|JobStateTimeLimit action", re.IGNORECASE)

_reason = ReasonPattern.of


def _wait(text: str, message: str) -> WaitPattern:
    return WaitPattern(text=re.compile(text), message=message)


_NO_PYTHON: Final = (
    "The image has no python3, which every task needs. Use an image with Python in it, or put ours under yours (see "
    "images/ in the repository)."
)

REASONS: Final = (
    _reason(
        Cause.TIMEOUT,
        r"attempt duration exceeded timeout",
        "AWS Batch ended it long after its time limit had passed: fetching its values or installing its packages "
        "took that long, or it hung. "
        "Raise time_limit.",
    ),
    _reason(Cause.PREEMPTED, r"Spot Task was interrupted", "Fargate took its spot capacity back."),
    _reason(
        Cause.PREEMPTED,
        r"^Host EC2 .*terminated",
        "Its instance went away: a spot instance was taken back, or a host failed.",
    ),
    _reason(
        Cause.HOST,
        r"DockerTimeoutError|ContainerRuntimeTimeoutError|CannotInspectContainerError",
        "The container service on its host did not answer.",
    ),
    _reason(
        Cause.IMAGE,
        r"Cannot ?Pull(Container|Image).*(unauthorized|denied|no basic auth|403 Forbidden)",
        "The registry does not let AWS pull the image. Check its name in container_image_uri, and give "
        "batch_execution_role_name (for Amazon ECR: "
        "the instance's role) permission to pull it.",
    ),
    _reason(
        Cause.IMAGE,
        r"Cannot ?Pull(Container|Image).*(not found|manifest unknown|does not exist|invalid reference)",
        "There is no such image. Check container_image_uri, its tag included.",
    ),
    _reason(
        Cause.IMAGE,
        r"Cannot ?Pull(Container|Image).*(no space left)",
        "The disk is too small for the image. Raise disk_gib, or the volume in the launch template of the compute "
        "environment.",
    ),
    _reason(
        Cause.IMAGE,
        r"Cannot ?Pull(Container|Image).*(toomanyrequests|rate limit)",
        "The registry of the image allows no more pulls for now. Copy the image to Amazon ECR and name that in "
        "container_image_uri.",
    ),
    _reason(
        Cause.IMAGE,
        r"Cannot ?Pull(Container|Image)",
        "The image could not be pulled. Check container_image_uri, and that the compute environment reaches the "
        "registry: through a public "
        "address (assign_public_ip on Fargate), a NAT gateway or VPC endpoints.",
    ),
    _reason(
        Cause.IMAGE,
        r"exec format error",
        "The image is for another processor than the one it ran on. Build it for both, or set architecture and the "
        "queue to match it.",
    ),
    _reason(Cause.IMAGE, r"(exec.*python3|exec pid1|stat .*python3).*(not found|no such file)", _NO_PYTHON),
    _reason(Cause.IMAGE, "", _NO_PYTHON, 127),
    _reason(
        Cause.IMAGE,
        r"CannotCreateContainer|CannotStartContainer(?!.*logging driver)",
        "The container could not be started.",
    ),
    _reason(
        Cause.OUT_OF_MEMORY,
        r"Out ?Of ?Memory",
        "It ran out of memory. Raise memory, or allow retries: each further attempt gets twice as much.",
    ),
    _reason(
        Cause.OUT_OF_MEMORY,
        "",
        "It was killed without a word (exit code 137), most probably for want of memory. Raise memory, or allow "
        "retries: each further attempt gets "
        "twice as much.",
        137,
    ),
    _reason(
        Cause.CONFIG,
        r"unable to assume the role|not authorized to perform: iam:PassRole|role .*(is invalid|does not "
        "exist)|invalid.*RoleArn",
        "A role cannot be taken on. batch_job_role_name and batch_execution_role_name must exist, and trust "
        "ecs-tasks.amazonaws.com.",
    ),
    _reason(
        Cause.CONFIG,
        r"logging driver|logger args|log group .*not exist|logs:CreateLogStream",
        "Its log cannot be written. The group in batch_job_log_group_name must exist in the same region, and "
        "batch_execution_role_name (on EC2: "
        "the instance's role) must be allowed logs:CreateLogStream and logs:PutLogEvents.",
    ),
    _reason(
        Cause.CONFIG,
        r"unable to (pull|retrieve) secrets|secretsmanager|ssm:GetParameters|fetching secret",
        "A secret cannot be read. Check the ARNs in secrets, and give batch_execution_role_name permission to read "
        "them.",
    ),
    _reason(
        Cause.CONFIG,
        r"ResourceInitializationError",
        "Fargate could not prepare the task. The subnets need a way out: assign_public_ip in public ones, else a NAT "
        "gateway or VPC endpoints.",
    ),
    _reason(
        Cause.CONFIG,
        r"Container Overrides length|[Tt]ags? .*(over|exceed|more than) 50",
        "AWS Batch takes no job with so much in its settings.",
    ),
    _reason(
        Cause.CONFIG,
        r"JobStateTimeLimit action.*MISCONFIGURATION",
        "The queue gave it up: nothing in its compute environments can ever run it.",
    ),
    _reason(
        Cause.QUOTA, r"JobStateTimeLimit action", "The queue gave it up after its own time limit for waiting jobs."
    ),
    _reason(
        Cause.QUOTA,
        r"VcpuLimitExceeded|reached the limit on the number of vCPUs|You've reached .*quota",
        "The account's quota of vCPUs is used up.",
    ),
)

WAITS: Final = (
    _wait(
        r"INSUFFICIENT_INSTANCE_CAPACITY",
        "AWS has no free instances of the types that the compute environment allows. It keeps trying; more instance "
        "types or zones help.",
    ),
    _wait(
        r"COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "it asks for more vCPUs than the compute environments may have together (maxvCpus). Ask for fewer in vcpu, "
        "or raise that maximum.",
    ),
    _wait(
        r"JOB_RESOURCE_REQUIREMENT",
        "no instance type of the compute environments has what it asks for. Ask for less in vcpu, memory or num_gpus "
        "(an instance keeps some of its "
        "memory for itself), or allow larger types.",
    ),
    _wait(
        r"EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        "the compute environment asks EC2 for a combination of instance type, zone and options that there is not. "
        "Correct it in AWS.",
    ),
    _wait(
        r"SERVICE_ROLE_PERMISSIONS",
        "the service role of the compute environment lacks permissions. Give it the managed policy "
        "AWSBatchServiceRole, or use the service-linked role.",
    ),
    _wait(
        r"ACTION_REQUIRED",
        "something in the compute environment has to be mended; the page of the queue in AWS's console says what.",
    ),
    _wait(
        r"UNDETERMINED",
        "its queue is blocked for a reason that AWS does not tell. Check that the compute environments are VALID and "
        "that their instances join the cluster.",
    ),
    _wait(r"MISCONFIGURATION", "the compute environments cannot run it as they are set up."),
    _wait(r"Cannot ?Pull(Container|Image)", "the image cannot be pulled. Check container_image_uri."),
)
