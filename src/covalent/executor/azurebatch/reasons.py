"""Why tasks of Azure Batch fail, and why they wait: tables.

Sources: API reference of Azure Batch, ``TaskFailureInformation``; its documentation, "Job and task error checking", "Check for pool and
node errors", "Batch service quotas and limits"; ``TaskFailureInformationCodes`` and ``PoolResizeErrorCodes`` of its libraries;
documentation of Docker, "Exit status" of ``docker run``.
"""

from __future__ import annotations

from typing import Final

from ...states import Cause
from ..batch.service import Limits, ReasonPattern, WaitPattern

_reason = ReasonPattern.of
_wait = WaitPattern.of

LIMITS: Final = Limits(
    max_size=10_000,  # Not Azure's: a listing of so many tasks takes ten answers.
    max_refs=1_000,  # Not Azure's: those that share a job are asked for at once.
    max_environment_chars=8_000,  # So that a collection of 100 tasks stays below the 1 MB that it may have.
)

_NO_PYTHON: Final = (
    "The image has no python3, which every task needs. Use an image with Python in it, or put ours under yours (see images/ in the "
    "repository)."
)
_PULL: Final = (
    "Check base_image_uri, its tag included. For a private registry set registry, and give the identity that signs in there "
    "(registry_identity) the role AcrPull."
)

REASONS: Final = (
    _reason(
        Cause.TIMEOUT,
        r"maxWallClockTime|wall.?clock|maximum execution time",
        "Azure Batch ended it long after its time limit had passed: fetching its values or installing its packages took that long, or "
        "it hung. Raise time_limit.",
    ),
    _reason(Cause.PREEMPTED, r"preempt", "Its spot node was taken back."),
    _reason(
        Cause.HOST,
        r"its job ended.*AllTasksComplete",
        "Its job ended with the tasks before it, just when it was added there.",
    ),
    _reason(
        Cause.HOST,
        r"^(NodeUnusable|NodeLost|ComputeNode\w*|Unknown(Error)?|ContainerOperation\w*|\w*TimedOut)\b|node .*(unusable|offline|removed)",
        "Its node failed.",
    ),
    _reason(
        Cause.HOST,
        r"UnixHTTPConnectionPool|Read timed out",
        "The container service on its node did not answer in time, which a new node that pulls a large image may bring about.",
    ),
    _reason(Cause.HOST, r"^TaskEnded\b", "Azure Batch ended it, and does not say why."),
    _reason(Cause.HOST, r"^DiskFull\b|no space left", "The disk of its node is full. Clean up, or take a larger VM."),
    _reason(
        Cause.IMAGE,
        r"unauthorized|authentication required|(pull |requested )access .*denied|^(Container)?InvalidRegistry\b",
        f"The registry does not let the node pull the image. {_PULL}",
    ),
    _reason(
        Cause.IMAGE,
        r"manifest .*(unknown|not found)|not found: manifest|repository .*not (found|exist)|invalid reference",
        f"There is no such image. {_PULL}",
    ),
    _reason(
        Cause.IMAGE,
        r"toomanyrequests|rate limit",
        "The registry of the image allows no more pulls for now. Copy the image to your own.",
    ),
    _reason(
        Cause.IMAGE,
        r"exec format error",
        "The image is for another processor than the one it ran on. Build it for both, or take another pool.",
    ),
    _reason(
        Cause.IMAGE,
        r"^(Container)?Invalid(Image|Settings)\b|^Container(Image|Create|Start)\w*|ImagePull|failed to pull",
        f"The container could not be made or started. {_PULL} container_options must be ones that 'docker create' takes.",
    ),
    _reason(
        Cause.IMAGE,
        r"^CommandProgram(NotFound|AccessDenied)\b|^CommandLaunchFailed\b|python3.*no such file",
        _NO_PYTHON,
    ),
    _reason(
        Cause.IMAGE,
        "",
        "The container could not be started (exit code 125). Check base_image_uri and container_options.",
        125,
    ),
    _reason(
        Cause.IMAGE, "", "The image's python3 cannot be run (exit code 126): it may be for another processor.", 126
    ),
    _reason(Cause.IMAGE, "", _NO_PYTHON, 127),
    _reason(
        Cause.OUT_OF_MEMORY,
        r"out ?of ?memory|oom.?kill",
        "It ran out of memory. Raise memory, or allow retries: each further attempt gets twice as much.",
    ),
    _reason(
        Cause.OUT_OF_MEMORY,
        "",
        "It was killed without a word (exit code 137), most probably for want of memory. Set or raise memory, or give it more slots, so "
        "that fewer tasks share a node; with memory set, each further attempt gets twice as much.",
        137,
    ),
    _reason(
        Cause.CONFIG,
        r"^(Blob\w*|ResourceContainer\w*|AutoStorage\w*|OutputFile\w*|FileUpload\w*)",
        "Its node could not prepare or keep its files; a start task or an application package of the pool may be to blame.",
    ),
    _reason(
        Cause.CONFIG,
        r"^(JobPreparationTaskFailed|StartTaskFailed|UserAccount\w*|InvalidUser\w*)",
        "Its node could not be made ready for it. Check the pool's start task and user accounts.",
    ),
)


_QUOTA: Final = "Ask for a higher quota of the Batch account, take another VM size, or end what else uses it."

WAITS: Final = (
    _wait(
        r"AccountCoreQuotaReached|AccountVMSeriesCoreQuotaReached",
        f"the Batch account's quota of cores is used up, so its pool gets no more nodes. {_QUOTA}",
    ),
    _wait(
        r"Account(LowPriority|Spot)CoreQuotaReached",
        f"the Batch account's quota of spot cores is used up, so its pool gets no more nodes. {_QUOTA}",
    ),
    _wait(
        r"SubnetQuotaReached|PublicIPCountQuotaReached|\w*QuotaReached",
        "a quota is used up, so its pool gets no more nodes. Ask for a higher one in Azure's portal.",
    ),
    _wait(
        r"AllocationTimedOut",
        "Azure could not give the pool its nodes in time. Resize the pool again; if that happens often, take another VM size or region.",
    ),
    _wait(
        r"AllocationFailed|OverconstrainedAllocation\w*|SkuNotAvailable|ZonalAllocationFailed",
        "Azure could not give the pool its nodes: it has none of that size free, or a policy or network forbids them. Take another VM size "
        "or region, or dedicated nodes in place of spot ones, and resize the pool again.",
    ),
    _wait(r"ResizeStopped", "somebody stopped the resizing of its pool. Resize it again."),
    _wait(
        r"autoscale formula .*could not be evaluated",
        "the autoscale formula of its pool is wrong, so the pool stays as it is. Correct the formula in Azure's portal.",
    ),
    _wait(
        r"could not be resized",
        "its pool could not be resized. Mend what Azure names, and resize it again.",
    ),
    _wait(r"pool \S+ is being deleted", "its pool is being deleted. Cancel it, and name another one in pool_id."),
    _wait(
        r"pool \S+ does not exist",
        "its pool does not exist any more. Create it again, or cancel the task and name another one in pool_id.",
    ),
    _wait(r"pool could not be asked", "nobody knows why, for Azure does not say how its pool is."),
    _wait(
        r"has no nodes: its target is 0",
        "its pool has no nodes, and nobody wants any. Resize the pool, or give it an autoscale formula.",
    ),
    _wait(
        r"has no nodes: its formula",
        "its pool has no nodes; the autoscale formula is evaluated every 5 to 15 minutes. If it does not get any, correct the formula.",
    ),
    _wait(r"has no nodes yet", "Azure is making nodes for its pool, which takes some minutes."),
    _wait(
        r"all slots of the pool",
        "every node is busy, or starting, or unusable. It begins when a slot is free; more nodes, or more slots a node (taskSlotsPerNode), "
        "help.",
    ),
    _wait(r"the job is (disabled|disabling|enabling)", "somebody has disabled its job in Azure. Enable it there."),
    _wait(r"the job is (terminating|deleting)", "its job is being ended in Azure."),
)
