"""The only module that knows moto: it answers for every service but the jobs of Batch, which ask it about roles, queues and logs.

What moto does not do as AWS does, and is mended here:

- Its dispatcher looks through all of its services on each request. The service is known from the signature, so it is asked directly.
- Its stores are not safe to use from several threads: two conditional PUTs of one key could both succeed. Calls of a service take turns.
- What a launch template is tagged with would also be shown as tags for what is launched by it.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ...errors import EmulatorError
from ..http import Request, Response
from . import service_models
from .refusal import RefusalError
from .signature import Credentials

ACCOUNT: Final = "123456789012"
#: Seconds for which credentials of roles are valid.
SESSION_S: Final = 6 * 3600

SERVICES: Final = ("s3", "batch", "iam", "sts", "logs", "ecr", "ec2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A kind of machine that a queue can start."""

    vcpus: float
    memory_mib: int
    gpus: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """A job queue, as far as jobs are concerned."""

    name: str
    arn: str
    is_enabled: bool
    priority: int
    has_policy: bool  #: Whether jobs need a share identifier.
    is_fargate: bool
    environment: str  #: Name of the compute environment that jobs run in.
    max_vcpus: int
    machines: tuple[Machine, ...]  #: Empty if there is no limit to what they can be.

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPlace:
    """A log stream."""

    region: str
    group: str
    stream: str


class Moto:
    """The services that moto emulates, of one account."""

    def __init__(self) -> None:
        """:raises EmulatorError: if moto is not installed"""
        # Answers to other origins' scripts are of no use here and cost time.
        os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
        # Roles are given policies of AWS's own.
        os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        # No machine is started, so nobody looks for what it would be started from: more than a thousand images.
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        try:
            service_models.read_quickly()
            from moto.moto_server.werkzeug_app import create_backend_app
        except ImportError as error:
            raise EmulatorError(
                f"The emulator of AWS needs moto, which cannot be imported here ({error}). Install it: "
                "pip install 'covalent-batch[emulator]'"
            ) from error
        self._applications: dict[str, Callable[..., Iterable[bytes]]] = {s: create_backend_app(s) for s in SERVICES}
        self._locks = {service: threading.RLock() for service in SERVICES}

    def __call__(self, service: str, request: Request) -> Response:
        """:raises RefusalError: if there is no such service"""
        if service not in self._applications:
            known = ", ".join(SERVICES)
            raise RefusalError(
                "UnknownServiceException", f"The emulator has no service {service!r}. It has {known}.", 404
            )
        started: dict[str, Any] = {}

        def start_response(status: str, headers: Sequence[tuple[str, str]], _: Any = None) -> None:
            started["status"], started["headers"] = int(status.split()[0]), dict(headers)

        with self._locks[service]:
            body = b"".join(self._applications[service](_environ(request), start_response))
            if b"CreateLaunchTemplate" in request.body:
                _untangle_launch_templates()
        return Response(status=started["status"], headers=started["headers"], body=body)

    def credentials(self, access_key: str) -> Credentials | None:
        """Those that IAM or STS has given out here with this access key."""
        assumed = _sts().get_assumed_role_from_access_key(access_key)
        if assumed:
            return _credentials(assumed)
        found = _iam().access_keys.get(access_key)
        return Credentials(access_key=access_key, secret_key=found.secret_access_key) if found else None

    def assume_role(self, arn: str, session: str, region: str) -> Credentials:
        """Credentials of a role."""
        return _credentials(
            _sts().assume_role(
                region_name=region,
                role_session_name=session,
                role_arn=arn,
                policy="",
                duration=SESSION_S,
                external_id="",
            )
        )

    def has_role(self, arn: str) -> bool:
        return any(role.arn == arn for role in _iam().roles.values())

    def bucket_region(self, bucket: str) -> str | None:
        """None if there is no such bucket."""
        from moto.s3.models import s3_backends

        found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        return str(found.region_name) if found else None

    def queue(self, region: str, name_or_arn: str) -> Queue | None:
        """A job queue that exists; None if there is none of this name."""
        found = _batch(region).get_job_queue(name_or_arn)
        return _queue(found) if found else None

    def tags(self, region: str, arn: str) -> dict[str, str]:
        """Of something in Batch."""
        return dict(_batch(region).list_tags_for_resource(arn))

    def tag(self, region: str, arn: str, tags: Mapping[str, str]) -> None:
        _batch(region).tag_resource(arn, dict(tags))

    def untag(self, region: str, arn: str, names: Sequence[str]) -> None:
        _batch(region).untag_resource(arn, list(names))

    def begin_log(self, place: LogPlace, *, create_group: bool) -> bool:
        """Make a log stream. False if its group does not exist."""
        logs = _logs(place.region)
        with self._locks["logs"]:
            if create_group:
                logs.ensure_log_group(place.group)
            elif place.group not in logs.groups:
                return False
            logs.ensure_log_stream(place.group, place.stream)
        return True

    def log(self, place: LogPlace, messages: Iterable[str]) -> None:
        """Append to a stream. One that somebody has deleted meanwhile swallows it, as the log driver does."""
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": message} for message in messages]
        with self._locks["logs"]:
            group = _logs(place.region).groups.get(place.group)
            if group and place.stream in group.streams:
                group.streams[place.stream].put_log_events(events)


def _iam() -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[ACCOUNT]["aws"]


def _sts() -> Any:
    from moto.sts.models import sts_backends

    return sts_backends[ACCOUNT]["aws"]


def _untangle_launch_templates() -> None:
    """Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html (TagSpecification.N)"""
    from moto.ec2.models import ec2_backends

    for backend in ec2_backends[ACCOUNT].values():
        for template in backend.launch_templates.values():
            for version in template.versions:
                tags = version.data.get("TagSpecifications", [])
                tags[:] = [each for each in tags if each["ResourceType"] != "launch-template"]


def _credentials(assumed: Any) -> Credentials:
    return Credentials(
        access_key=assumed.access_key_id,
        secret_key=assumed.secret_access_key,
        session_token=assumed.session_token,
    )


def _batch(region: str) -> Any:
    from moto.batch.models import batch_backends

    return batch_backends[ACCOUNT][region]


def _logs(region: str) -> Any:
    from moto.logs.models import logs_backends

    return logs_backends[ACCOUNT][region]


def _queue(queue: Any) -> Queue:
    resources = [environment.compute_resources or {} for environment in queue.environments]
    return Queue(
        name=queue.name,
        arn=queue.arn,
        is_enabled=queue.state == "ENABLED",
        priority=int(queue.priority),
        has_policy=bool(queue.schedule_policy),
        is_fargate=any("FARGATE" in each.get("type", "") for each in resources),
        environment=queue.environments[0].name,
        max_vcpus=max((int(each["maxvCpus"]) for each in resources if "maxvCpus" in each), default=sys.maxsize),
        machines=tuple(m for each in resources for m in _machines(each.get("instanceTypes", ()))),
    )


def _machines(types: Iterable[str]) -> Iterable[Machine]:
    """The machines of these types and families; ``optimal`` stands for the families that Batch takes for it.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html (instanceTypes)
    """
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    wanted = [t for name in types for t in (("c4", "m4", "r4") if name == "optimal" else (name,))]
    for name, about in INSTANCE_TYPES.items():
        if name in wanted or name.partition(".")[0] in wanted:
            yield _machine(about)


def _machine(about: Mapping[str, Any]) -> Machine:
    gpus = about.get("GpuInfo", {}).get("Gpus", ())
    return Machine(
        vcpus=about["VCpuInfo"]["DefaultVCpus"],
        memory_mib=about["MemoryInfo"]["SizeInMiB"],
        gpus=sum(gpu.get("Count", 0) for gpu in gpus),
    )


def _environ(request: Request) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333)."""
    host, _, port = request.headers.get("host", "localhost").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    # The whole body is here: nothing downstream is to read it in chunks again.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if "content-type" in request.headers:
        environ["CONTENT_TYPE"] = request.headers["content-type"]
    return environ
