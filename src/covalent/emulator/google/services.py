"""Batch, its operations and Logging: the same answers over gRPC and over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .batch.api import BatchApi
from .batch.operations import Operations
from .gate import Call, Gate
from .logs import Logs


class Method(NamedTuple):
    service: str  #: As faults and counts name it.
    request: type  #: A class of protobuf.
    answer: Callable[[str, Any], Any]


class Services:
    def __init__(self, batch: BatchApi, operations: Operations, logs: Logs, gate: Gate) -> None:
        self._gate = gate
        #: Operations by the full names of their services.
        self.methods: Mapping[str, Mapping[str, Method]] = {
            "google.cloud.batch.v1.BatchService": _methods("batch", batch.operations, batch),
            "google.longrunning.Operations": _methods("batch", operations.operations, operations),
            "google.logging.v2.LoggingServiceV2": _methods("logging", logs.operations, logs),
        }

    def find(self, operation: str) -> Method:
        return next(methods[operation] for methods in self.methods.values() if operation in methods)

    def call(self, operation: str, request: Any, authorization: str) -> Any:
        """
        :raises RefusalError: if the service refuses
        :raises BrokenOffError: if the connection is to break off
        """
        method = self.find(operation)
        call = Call(service=method.service, operation=operation, authorization=authorization, sent=request.ByteSize())
        return self._gate(call, lambda: method.answer(operation, request), lambda answer: int(answer.ByteSize()))


def _methods(service: str, requests: Mapping[str, type], answer: Callable[[str, Any], Any]) -> Mapping[str, Method]:
    return {name: Method(service, request, answer) for name, request in requests.items()}
