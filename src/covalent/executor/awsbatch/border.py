"""Errors of boto3 as ours: the one place where they are translated.

Sources: API reference of AWS Batch, "Common error types"; of Amazon S3, "Error responses"; ``botocore.exceptions``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ...errors import ExecutorError, ServiceUnreachableError, ThrottledError
from ...troubles import Trouble

#: Codes by which AWS's services ask for fewer calls.
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    }
)

_RENEW: Final = "Sign in again (for example 'aws sso login'), or renew the keys, then restart the Covalent server."
_KEYS: Final = (
    "Check the access key that the server finds: the settings profile and credentials of the executor, the variables "
    "AWS_ACCESS_KEY_ID and "
    "AWS_PROFILE where the server was started, or the role of its machine."
)
_DENIED: Final = (
    "Give whoever runs the Covalent server that permission; the page on AWS Batch in the documentation lists what is "
    "needed."
)
_CLOCK: Final = "Set the clock of the server's machine, or renew the keys."

#: What to do, by code or by the name of an exception of botocore.
_REMEDIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"), _RENEW),
    **dict.fromkeys(("RequestExpired", "RequestTimeTooSkewed"), _CLOCK),
    **dict.fromkeys(
        (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "AuthFailure",
        ),
        _KEYS,
    ),
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"), _DENIED),
    **dict.fromkeys(("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"), _KEYS),
    **dict.fromkeys(
        ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "SSOError", "LoginRefreshRequired"),
        _RENEW,
    ),
    "ProfileNotFound": "Set profile of the executor to one that the server's AWS configuration has, or to ''.",
    "NoSuchBucket": "Create it, or name another one in s3_bucket_name.",
    "ParamValidationError": "Correct that in the executor's settings; container_properties go to AWS as they are.",
    "OptInRequired": "Turn the service or the region on in the account.",
}

#: In what services other than S3 say of a signature whose time is not theirs; the code is that of a wrong key.
_SKEWED: Final = re.compile(r"^Signature (expired|not yet current)")

#: Which trouble it is, by the remedy.
_TROUBLES: Final[Mapping[str, Trouble]] = {
    _RENEW: Trouble.EXPIRED_CREDENTIALS,
    _CLOCK: Trouble.WRONG_CLOCK,
    _KEYS: Trouble.WRONG_CREDENTIALS,
    _DENIED: Trouble.NO_PERMISSION,
}

#: Codes that say more than their remedy does.
_PLAIN: Final[Mapping[str, Trouble]] = {
    "NoCredentialsError": Trouble.NO_CREDENTIALS,
    "OptInRequired": Trouble.WRONG_REGION,
    "NoSuchBucket": Trouble.MISSING_BUCKET,
    "ProfileNotFound": Trouble.NO_CREDENTIALS,
}

#: What tells that a call never got there, or that its answer was lost.
_UNREACHABLE: Final = ("HTTPClientError", "ConnectionError", "ResponseParserError", "IncompleteReadError")


class RefusedError(ExecutorError):
    """AWS answered, and refused."""

    def __init__(self, message: str, code: str, bucket_region: str = "") -> None:
        super().__init__(message, trouble=_PLAIN.get(code) or _TROUBLES.get(_REMEDIES.get(code, "")))
        self.code = code  #: In AWS's words.
        self.bucket_region = bucket_region  #: Where the bucket is that was asked for, if S3 says so.

    @property
    def is_denied(self) -> bool:
        """Whether permission is missing, so that nothing is known of what was asked for."""
        return _REMEDIES.get(self.code) == _DENIED


def translated(error: Exception, what: str) -> ExecutorError:
    """The error that stands for one of boto3. ``what`` says in words what was being done, for example ``submitting job x``."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _answered(error, what)
    names = [kind.__name__ for kind in type(error).__mro__]
    if any(name in _UNREACHABLE for name in names):
        return ServiceUnreachableError(f"AWS gave no answer when {what}: {error}")
    code = next((name for name in names if name in _REMEDIES), names[0])
    said = f"{names[0]}: {error}"
    return RefusedError(_sentences(f"AWS could not be asked when {what}", said, _REMEDIES.get(code, "")), code)


def _answered(error: Any, what: str) -> ExecutorError:
    found = error.response.get("Error", {})
    code = str(found.get("Code", ""))
    if _SKEWED.search(str(found.get("Message"))):
        code = "RequestTimeTooSkewed"
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    said = f"{code}: {found.get('Message') or 'no message'}"
    if code in _THROTTLED or status == 429:
        return ThrottledError(f"AWS wants fewer calls; it refused one when {what} ({said})")
    if status >= 500:
        return ServiceUnreachableError(f"AWS failed when {what} (HTTP {status}, {said})")
    region = metadata.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    return RefusedError(_sentences(f"AWS refused when {what}", said, _REMEDIES.get(code, "")), code, region)


def _sentences(happened: str, said: str, remedy: str) -> str:
    return f"{happened} ({said.rstrip('.')}). {remedy}".rstrip()
