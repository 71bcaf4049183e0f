"""Which service a request is for, and which of its operations."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from ..http import Request

_SCOPE: Final = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

#: Operations of AWS Batch by the lower-case end of their path; from botocore's service model.
_BATCH: Final = {
    name.lower(): name
    for name in (
        "CancelJob",
        "CreateComputeEnvironment",
        "CreateJobQueue",
        "CreateSchedulingPolicy",
        "DeleteComputeEnvironment",
        "DeleteJobQueue",
        "DeleteSchedulingPolicy",
        "DeregisterJobDefinition",
        "DescribeComputeEnvironments",
        "DescribeJobDefinitions",
        "DescribeJobQueues",
        "DescribeJobs",
        "DescribeSchedulingPolicies",
        "ListJobs",
        "ListSchedulingPolicies",
        "RegisterJobDefinition",
        "SubmitJob",
        "TerminateJob",
        "UpdateComputeEnvironment",
        "UpdateJobQueue",
        "UpdateSchedulingPolicy",
    )
}
_BATCH_TAGS: Final = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}

#: Operations of S3 by method, place (service, bucket or key) and the parameter that distinguishes them, if there is one.
_S3: Final = {
    ("GET", "service", ""): "ListBuckets",
    ("PUT", "bucket", ""): "CreateBucket",
    ("HEAD", "bucket", ""): "HeadBucket",
    ("DELETE", "bucket", ""): "DeleteBucket",
    ("GET", "bucket", ""): "ListObjects",
    ("GET", "bucket", "list-type"): "ListObjectsV2",
    ("GET", "bucket", "location"): "GetBucketLocation",
    ("GET", "bucket", "uploads"): "ListMultipartUploads",
    ("POST", "bucket", "delete"): "DeleteObjects",
    ("GET", "key", ""): "GetObject",
    ("HEAD", "key", ""): "HeadObject",
    ("PUT", "key", ""): "PutObject",
    ("DELETE", "key", ""): "DeleteObject",
    ("POST", "key", "uploads"): "CreateMultipartUpload",
    ("PUT", "key", "uploadId"): "UploadPart",
    ("POST", "key", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "key", "uploadId"): "AbortMultipartUpload",
    ("GET", "key", "uploadId"): "ListParts",
}
_S3_PARAMETERS: Final = frozenset(parameter for _, _, parameter in _S3 if parameter)


class Operation(NamedTuple):
    service: str  #: As in the scope of a signature: ``s3``, ``batch``, ``logs``, …
    name: str  #: As botocore names it: ``PutObject``, ``SubmitJob``, …
    access_key: str  #: Empty if the request is not signed.
    region: str


def identify(request: Request) -> Operation:
    """The operation that a request is for. One that is not signed is for S3, the only service with public addresses."""
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    if scope is None and (given := parse_qs(request.query).get("X-Amz-Credential")):
        scope = _SCOPE.search(f"Credential={given[0]}")
    if scope is None:
        return Operation("s3", _s3(request), "", "")
    service = scope["service"]
    return Operation(service, _name(service, request), scope["key"], scope["region"])


def _name(service: str, request: Request) -> str:
    if service == "s3":
        return _s3(request)
    if service == "batch":
        _, version, name, *_ = (*request.path.split("/"), "", "", "")
        known = _BATCH_TAGS.get(request.method) if name == "tags" else _BATCH.get(name)
        return known or f"{request.method} /{version}/{name}"
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    action = parse_qs(request.body[:4096].decode("latin-1")).get("Action") or parse_qs(request.query).get("Action")
    return action[0] if action else f"{request.method} {request.path}"


def _s3(request: Request) -> str:
    bucket, _, key = request.path.lstrip("/").partition("/")
    place = "key" if key else "bucket" if bucket else "service"
    given = {pair.partition("=")[0] for pair in request.query.split("&") if pair}
    parameter = next(iter(given & _S3_PARAMETERS), "")
    name = _S3.get((request.method, place, parameter), f"{request.method} {place} {parameter}".rstrip())
    copies = "x-amz-copy-source" in request.headers
    return {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}.get(name, name) if copies else name
