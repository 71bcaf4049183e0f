"""Why jobs of Google Batch fail, and why they wait: tables.

Sources: documentation of Google Batch, "Troubleshooting" ("Task failure exit codes", "Job failures and solutions", "Queued jobs") and
"Quotas and limits"; documentation of Docker, "Exit status" of ``docker run``.
"""

from __future__ import annotations

from typing import Final

from ...states import Cause
from ..batch.service import Limits, ReasonPattern, WaitPattern

LIMITS: Final = Limits(
    max_size=10_000,  # The service takes 100,000; a job of so many would have a manifest to match.
    max_refs=1,  # GetJob.
    max_environment_chars=100_000,  # Of the 1 MB that a job may have; what goes to a process in one piece is at most 128 KiB.
    ends_single_tasks=False,  # CancelJob ends them all.
    log_gap_s=2.0,  # 60 readings a minute, for a project and all who read there.
)

_reason = ReasonPattern.of

_QUOTA: Final = r"CODE_GCE_QUOTA_EXCEEDED|Quota '?[\w.-]+'? exceeded"
_CAPACITY: Final = (
    r"CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED|ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources available"
)
_SILENT: Final = r"No VM has agent reporting correctly|batch\.agentReporter|batch\.states\.report"
_DISABLED: Final = r"SERVICE_DISABLED|has not been used in project|API .*disabled"
_ACCOUNT: Final = (
    r"service ?account .*(not found|does not exist|disabled|not have|denied|lacks)|CODE_GCE_SERVICE_ACCOUNT"
)
_MACHINE: Final = r"CODE_MACHINE_TYPE_NOT_FOUND|machine type .*(not found|does not exist|not available|unsupported)"

_NETWORK: Final = r"networks/[^'\s]+'? was not found"
_POLICY: Final = r"constraints?/[a-z]+\.|Constraint \S+ violated"
_UNKNOWN: Final = r"CODE_GCE_(RESOURCE_)?NOT_FOUND"

_MORE_QUOTA: Final = (
    "Ask for a higher quota of Compute Engine in the region, ask for less in vcpus, num_gpus or parallelism, or set "
    "another region."
)
_MORE_ZONES: Final = "Allow more zones in allowed_locations, take another machine_type or region, or turn spot off."
_REPORTER: Final = (
    "Give the account in service_account_email roles/batch.agentReporter, and its machines a way to Google: a public address "
    "(assign_public_ip), Private Google Access or Cloud NAT."
)
_ENABLE: Final = "Enable batch.googleapis.com, compute.googleapis.com, logging.googleapis.com and storage.googleapis.com in the project."
_ANOTHER: Final = "Set network and subnetwork to ones that do: not every project has those named default."
_FORBIDDEN: Final = (
    "If it is about public addresses, set assign_public_ip to false, with Private Google Access or Cloud NAT in the subnetwork; else ask "
    "its administrator."
)
_ACTING: Final = "Check service_account_email, and give whoever runs the server roles/iam.serviceAccountUser on it."

REASONS: Final = (
    _reason(
        Cause.TIMEOUT,
        "",
        "Google Batch ended it long after its time limit had passed: fetching its values or installing its packages took that long, or "
        "it hung. Raise time_limit.",
        50005,
    ),
    _reason(Cause.PREEMPTED, "", "Its spot machine was taken back.", 50001),
    _reason(Cause.HOST, "", "Its machine stopped reporting to Google Batch.", 50002),
    _reason(Cause.HOST, "", "Its machine was restarted while it ran.", 50003),
    _reason(Cause.HOST, "", "Its machine did not answer any more.", 50004),
    _reason(Cause.HOST, "", "Its machine was made anew while it ran.", 50006),
    _reason(
        Cause.IMAGE,
        "",
        "The container could not be started (exit code 125): the image does not exist, may not be pulled, or does not take the options. "
        "Check container_image_uri and container_options, and give the account in service_account_email "
        "roles/artifactregistry.reader; the job's log in Cloud Logging says more.",
        125,
    ),
    _reason(
        Cause.IMAGE, "", "The image's python3 cannot be run (exit code 126): it may be for another processor.", 126
    ),
    _reason(
        Cause.IMAGE,
        "",
        "The image has no python3, which every task needs. Use an image with Python in it, or put ours under yours (see images/ in the "
        "repository).",
        127,
    ),
    _reason(
        Cause.OUT_OF_MEMORY,
        "",
        "It was killed without a word (exit code 137), most probably for want of memory. Raise memory, or allow retries: each further "
        "attempt gets twice as much.",
        137,
    ),
    _reason(Cause.CONFIG, _SILENT, f"Its machines have not reported to Google Batch. {_REPORTER}"),
    _reason(Cause.CONFIG, _DISABLED, f"A service that it needs is not enabled. {_ENABLE}"),
    _reason(Cause.CONFIG, _ACCOUNT, f"The service account cannot be used. {_ACTING}"),
    _reason(Cause.CONFIG, _MACHINE, "There is no such machine in the region. Correct machine_type."),
    _reason(Cause.CONFIG, _NETWORK, f"The network or the subnetwork of its machines does not exist. {_ANOTHER}"),
    _reason(Cause.CONFIG, _POLICY, f"A policy of the organisation forbids its machines. {_FORBIDDEN}"),
    _reason(
        Cause.CONFIG,
        r"CODE_GCE_PERMISSION_DENIED|Required '.*' permission",
        "Google Batch may not make the machines. Check the roles of its service agent, and those on the network and the reservation.",
    ),
    _reason(
        Cause.CONFIG,
        r"secretmanager|secret .*(not found|denied)",
        "A secret cannot be read. Check secrets, and give the account in service_account_email roles/secretmanager.secretAccessor.",
    ),
    _reason(
        Cause.CONFIG,
        r"CODE_GCE_(INVALID|UNSUPPORTED)\w*|Invalid value for field",
        "Compute Engine does not take the machine as it is described. Check machine_type, gpu_type, network and reservation.",
    ),
    _reason(
        Cause.CONFIG,
        _UNKNOWN,
        "Compute Engine does not know something that its machines need. Check network, subnetwork, reservation and machine_type.",
    ),
    _reason(Cause.QUOTA, _QUOTA, f"A quota of the project is used up. {_MORE_QUOTA}"),
    _reason(Cause.QUOTA, _CAPACITY, f"Google has no such machines free. {_MORE_ZONES}"),
)

_wait = WaitPattern.of

WAITS: Final = (
    _wait(_QUOTA, f"a quota of the project is used up; it goes on when other machines end. {_MORE_QUOTA}"),
    _wait(_CAPACITY, f"Google has no such machines free, and keeps trying. {_MORE_ZONES}"),
    _wait(_SILENT, f"its machines do not report to Google Batch. {_REPORTER}"),
    _wait(_DISABLED, f"a service that it needs is not enabled. {_ENABLE}"),
    _wait(_ACCOUNT, f"the service account cannot be used. {_ACTING}"),
    _wait(_MACHINE, "there is no such machine in the region. Cancel it, and correct machine_type."),
    _wait(_NETWORK, f"the network or the subnetwork of its machines does not exist. Cancel it. {_ANOTHER}"),
    _wait(_POLICY, f"a policy of the organisation forbids its machines. {_FORBIDDEN}"),
    _wait(
        r"CODE_GCE_PERMISSION_DENIED", "Google Batch may not make the machines. Check the roles of its service agent."
    ),
    _wait(r"to SCHEDULED\b", "Google is making the machines for it, which takes a minute or two."),
    _wait(r"to QUEUED\b", "Google has it in its queue."),
)
