"""Operations that take long: ``google.longrunning``."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any, Final

from google.cloud.batch_v1.types import CancelJobResponse, OperationMetadata
from google.longrunning.operations_pb2 import (
    DeleteOperationRequest,
    GetOperationRequest,
    ListOperationsRequest,
    ListOperationsResponse,
    Operation,
)
from google.protobuf.empty_pb2 import Empty

from ..pagination import paginate
from ..refusal import RefusalError

_Metadata: Final = OperationMetadata.pb()


class Operations:
    """Safe to use from several threads."""

    operations: Final = {
        "GetOperation": GetOperationRequest,
        "ListOperations": ListOperationsRequest,
        "DeleteOperation": DeleteOperationRequest,
    }

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._operations: dict[str, Any] = {}

    def begin(self, job: str, verb: str) -> Any:
        """One that concerns this job."""
        parent = job.rpartition("/jobs/")[0]
        operation = Operation(name=f"{parent}/operations/operation-{secrets.token_hex(12)}")
        metadata = _Metadata(target=job, verb=verb, api_version="v1")
        metadata.create_time.FromNanoseconds(time.time_ns())
        operation.metadata.Pack(metadata)
        with self._lock:
            self._operations[operation.name] = operation
        return operation

    def finish(self, operation: Any, verb: str) -> None:
        response = CancelJobResponse.pb()() if verb == "cancel" else Empty()
        with self._lock:
            metadata = _Metadata()
            operation.metadata.Unpack(metadata)
            metadata.end_time.FromNanoseconds(time.time_ns())
            operation.metadata.Pack(metadata)
            operation.response.Pack(response)
            operation.done = True

    def __call__(self, operation: str, request: Any) -> Any:
        """:raises RefusalError: if the service refuses"""
        with self._lock:
            if operation == "ListOperations":
                found = [each for name, each in self._operations.items() if name.startswith(f"{request.name}/")]
                shown, token = paginate(found, request, default=100, most=1000)
                return ListOperationsResponse(operations=shown, next_page_token=token)
            if request.name not in self._operations:
                raise RefusalError("NOT_FOUND", f"Operation {request.name} was not found.")
            if operation == "DeleteOperation":
                del self._operations[request.name]
                return Empty()
            copied = Operation()
            copied.CopyFrom(self._operations[request.name])
            return copied
