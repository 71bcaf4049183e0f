"""The emulator of AWS as a whole: started, used, stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..calls import Calls
from ..faults import Faults
from ..hosts import make_host
from ..http import listen
from ..settings import EmulatorSettings
from . import service_models
from .application import AwsApplication
from .batch.api import BatchApi
from .batch.attempts import Attempts
from .batch.jobs import Job
from .batch.scheduler import Scheduler
from .identity import CLIENT, Identities
from .moto_border import Moto
from .provision import Resources, provision

_NO_CAPACITY: Final = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [optimal]"


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsSettings(EmulatorSettings):
    region: str
    resources: Resources


class AwsEmulator:
    """Serves from the moment it is made until :meth:`stop`."""

    def __init__(self, settings: AwsSettings) -> None:
        """:raises EmulatorError: if it cannot start"""
        self._settings = settings
        self.faults, calls, moto = Faults(hold_reason=_NO_CAPACITY), Calls(), Moto()
        identities = Identities(moto, settings.region)
        self._http = listen(settings.host, settings.port)
        self.endpoint = self._http.address.url
        self._host = make_host(settings.containers)
        surroundings = _Surroundings(self.endpoint, settings.region, identities)
        attempts = Attempts(self._host, moto, self.faults, surroundings)
        self._scheduler = Scheduler(settings.jobs_at_a_time, attempts.run, self.faults)

        batches: dict[str, BatchApi] = {}

        def batch_of(region: str) -> BatchApi:
            if region not in batches:
                batches.setdefault(region, BatchApi(region, moto, self._scheduler, self.faults))
            return batches[region]

        self._scheduler.start()
        application = AwsApplication(moto, batch_of, identities, self.faults, calls)
        try:
            _provision(application, settings)
        except BaseException:
            self._scheduler.stop()
            self._host.close()
            raise
        service_models.forget()
        calls.reset()
        for fault in settings.faults:
            self.faults.add(fault)
        self._http.start(application)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which clients on this machine find it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": CLIENT.access_key,
            "AWS_SECRET_ACCESS_KEY": CLIENT.secret_key,
            **_common(self._settings.region),
        }

    def stop(self) -> None:
        """End all jobs, and serve no more."""
        self._http.stop()
        self._scheduler.stop()
        self._host.close()


def _provision(application: AwsApplication, settings: AwsSettings) -> None:
    """Make what is to exist, at an address of its own: whoever asks at the emulator's waits until all is there."""
    private = listen(settings.host, 0)
    private.start(application)
    try:
        provision(settings.resources, private.address.url, settings.region)
    finally:
        private.stop()


class _Surroundings:
    """What AWS gives to a job's container."""

    def __init__(self, endpoint: str, region: str, identities: Identities) -> None:
        self._endpoint = endpoint
        self._region = region
        self._identities = identities

    def variables(self, job: Job) -> Mapping[str, str]:
        order = job.order
        variables = {
            **_common(self._region),
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if order.definition.on_fargate else "AWS_ECS_EC2",
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts)),
            "AWS_BATCH_JQ_NAME": order.queue.name,
            "AWS_BATCH_CE_NAME": order.queue.environment,
            **self._identities.variables(job, self._endpoint),
        }
        if job.index is not None:
            variables |= {"AWS_BATCH_JOB_ARRAY_INDEX": str(job.index), "AWS_BATCH_JOB_ARRAY_SIZE": str(order.size)}
        return variables

    def files(self, job: Job) -> Mapping[str, str]:
        return self._identities.files(job)


def _common(region: str) -> Mapping[str, str]:
    # The last is obstore's.
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ALLOW_HTTP": "true"}
