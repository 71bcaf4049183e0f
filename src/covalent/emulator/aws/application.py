"""Takes a request: who asks for what, what is to go wrong with it, whether it is signed, and who answers it."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable
from typing import Final

from ..calls import Calls
from ..control import PREFIX, Control
from ..faults import Faults, LoseAnswer, Refuse, Throttle
from ..http import Request, Response
from . import refusal, signature
from .batch.api import BatchApi
from .batch.queue_limits import QueueLimits
from .identity import Identities
from .moto_border import Moto
from .operation import Operation, identify
from .refusal import RefusalError

#: Objects that are deleted by one request. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MAX_DELETES: Final = 1000
_OBJECT: Final = re.compile(rb"<Object[ >]")


class AwsApplication:
    """All services on one address, told apart by the signature of a request."""

    def __init__(
        self, moto: Moto, batch_of: Callable[[str], BatchApi], identities: Identities, faults: Faults, calls: Calls
    ) -> None:
        """
        :param batch_of: jobs and definitions of a region
        """
        self._moto = moto
        self._batch_of = batch_of
        self._identities = identities
        self._faults = faults
        self._calls = calls
        self._control = Control(faults, calls)
        self._queues = QueueLimits(lambda request: moto("batch", request))

    def __call__(self, request: Request) -> Response | None:
        if request.path.startswith(self._identities.prefix):
            return self._identities(request)
        if request.path.startswith(PREFIX):
            return self._control(request)
        if self._faults.is_unreachable():
            return None
        began = time.perf_counter()
        operation = identify(request)
        caller = "job" if self._identities.is_job(operation.access_key) else "client"
        fault = self._faults.of_call(operation.service, operation.name, caller)
        try:
            if isinstance(fault, Throttle):
                raise refusal.throttled(operation.service)
            if isinstance(fault, Refuse):
                raise RefusalError(fault.code, fault.message)
            response = self._answer(operation, request)
        except RefusalError as error:
            response = refusal.answer(operation.service, error)
        except Exception:  # noqa: BLE001 # one wrong request must not end a connection in silence
            traceback.print_exc()
            response = refusal.answer(operation.service, RefusalError("InternalError", "The emulator failed.", 500))
        self._calls.count(
            caller,
            operation.service,
            operation.name,
            sent=len(request.body),
            received=len(response.body),
            handling_s=time.perf_counter() - began,
        )
        return None if isinstance(fault, LoseAnswer) else response

    def _answer(self, operation: Operation, request: Request) -> Response:
        signature.check(request, operation.service, self._identities.find(operation.access_key))
        if operation.service == "batch":
            batch = self._batch_of(operation.region)
            if batch.has(operation.name):
                return batch(operation.name, request)
            if operation.name in self._queues.operations:
                return self._queues(operation.name, request)
        if operation.service == "s3":
            self._check_region(operation, request)
            _check_deletes(operation, request)
        return self._moto(operation.service, request)

    def _check_region(self, operation: Operation, request: Request) -> None:
        region = self._moto.bucket_region(request.path.split("/")[1])
        if region not in (None, operation.region):
            raise RefusalError(
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; the region '{operation.region}' is wrong; expecting '{region}'",
            )


def _check_deletes(operation: Operation, request: Request) -> None:
    if operation.name == "DeleteObjects" and len(_OBJECT.findall(request.body)) > _MAX_DELETES:
        raise RefusalError(
            "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
        )
