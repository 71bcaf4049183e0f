"""What the errors of obstore mean. It tells kinds of refusal apart by text only: the status, and the code in the service's answer."""

from __future__ import annotations

import re
from typing import Final

from obstore.exceptions import AlreadyExistsError, PermissionDeniedError, UnauthenticatedError

from ..errors import (
    BucketNotFoundError,
    ExecutorError,
    ObjectNotFoundError,
    ServiceUnreachableError,
    ThrottledError,
)
from ..troubles import Trouble

_STATUS: Final = re.compile(r"(?:status code: |\(code: )(\d{3})")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
#: Azure's goes on with the request's number and its time.
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,300}?)(?: RequestId:[^<]*)?</Message>")
#: Of one of several objects that Azure was to delete at once.
_PART: Final = re.compile(r"request failed for key .*: ([^:]+) \(code: \d{3}\)")
#: Who may not do what, on Google.
_DETAILS: Final = re.compile(r"<Details>([^<]{1,300})</Details>")
#: What has been raised by the one whom obstore asks for credentials.
_PROVIDER: Final = re.compile(r"credential provider: (\w+): (.+)")

_THROTTLED: Final = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "ServerBusy", "RequestLimitExceeded"}
)
_NO_BUCKET: Final = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "AccountNotFound"})
_EXPIRED: Final = frozenset({"ExpiredToken", "TokenRefreshRequired", "RequestExpired", "ExpiredTokenException"})
_WRONG_KEYS: Final = frozenset(
    {
        "AuthenticationFailed",
        "AuthenticationRequired",
        "InvalidAccessKeyId",
        "InvalidAuthenticationInfo",
        "InvalidSecurity",
        "InvalidToken",
        "NoAuthenticationInformation",
        "SignatureDoesNotMatch",
    }
)
_CLOSED: Final = frozenset({"AccountProblem", "ProjectAccountProblem", "UserProjectAccountProblem"})

#: In the text of an error in which no answer came.
_NO_ANSWER: Final = re.compile(
    r"HTTP error|error sending request|[Tt]imed? ?[Oo]ut|connection (closed|reset)|dns error"
)
_NO_CREDENTIALS: Final = re.compile(
    r"169\.254\.16(9\.254|9\.253|9|70\.2)|metadata\.google\.internal|MissingCredential|credentials? (not|are)"
)


def is_taken(error: AlreadyExistsError) -> bool:
    """Whether an object was not created because there is one. Azure answers alike where there is no place for any."""
    return _code(str(error)) not in _NO_BUCKET


def translated(error: Exception, verb: str, root: str, key: str) -> ExecutorError:
    """One of ours that says what happened to which object of which bucket, and what to do.

    :param verb: what was tried: ``read``, ``write``, ``list`` or ``delete``
    """
    text = " ".join(str(error).partition("Debug source")[0].split())
    if provided := _PROVIDER.search(text):
        return _without_credentials(f"Could not {verb} {key!r} in {root}", provided[1], provided[2])
    found = _STATUS.search(text)
    status = int(found[1]) if found else None
    code = _code(text)
    match = _MESSAGE.search(text) or _PART.search(text)
    said = match[1] if match else code or (f"status {status}" if status else text[:300])
    if details := _DETAILS.search(text):
        said = f"{said.rstrip('.')}: {details[1]}"
    if verb == "read" and code not in _NO_BUCKET and (status == 404 or isinstance(error, FileNotFoundError)):
        return ObjectNotFoundError(f"{root}/{key}")
    what = f"Could not {verb} {key!r} in {root}"
    if _NO_CREDENTIALS.search(text):
        return ExecutorError(
            f"{what}: there are no credentials for it. Give the executor some, by its settings, the environment or a file.",
            trouble=Trouble.NO_CREDENTIALS,
        )
    if status == 429 or code in _THROTTLED:
        return ThrottledError(f"{what}: the storage service wants fewer requests ({said}).")
    if (status is not None and (status >= 500 or status == 408)) or (status is None and _NO_ANSWER.search(text)):
        return ServiceUnreachableError(f"{what}: the storage service did not answer ({said}).")
    kind = BucketNotFoundError if code in _NO_BUCKET else ExecutorError
    remedy, trouble = _remedy(error, root, status, code, text, said)
    return kind(f"{what}: {remedy}", trouble=trouble)


def _code(text: str) -> str:
    match = _CODE.search(text)
    return match[1] if match else ""


def _without_credentials(what: str, kind: str, said: str) -> ExecutorError:
    """As patient as whoever was asked for credentials: looking for them may have failed in passing."""
    passing = {one.__name__: one for one in (ThrottledError, ServiceUnreachableError)}
    return passing.get(kind, ExecutorError)(f"{what}, for want of credentials: {said}")


def _remedy(
    error: Exception, root: str, status: int | None, code: str, text: str, said: str
) -> tuple[str, Trouble | None]:
    if code in _EXPIRED:
        return (
            f"the credentials have expired ({said}). Renew them; nothing that was stored is lost.",
            Trouble.EXPIRED_CREDENTIALS,
        )
    if code in _WRONG_KEYS:
        return (
            f"the credentials were not accepted ({said}). Correct the executor's credentials.",
            Trouble.WRONG_CREDENTIALS,
        )
    if code in _CLOSED:
        return (
            f"the account or project that pays for the bucket is closed ({said}). Put its billing in order.",
            None,
        )
    if code in _NO_BUCKET or status == 404:
        bucket = "container" if root.startswith("az:") else "bucket"
        return (
            f"there is no such {bucket} ({said}). Create it, or correct the name of the {bucket} in the executor's settings.",
            Trouble.MISSING_BUCKET,
        )
    if "redirect" in text or code in (
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    ):
        return (
            f"the bucket is in another region ({said[:120]}). Set the executor's region to the bucket's.",
            Trouble.WRONG_REGION,
        )
    if code == "AuthorizationFailure":
        return (
            f"the storage account's network rules keep this machine out ({said}). Allow its address or its network there.",
            Trouble.NO_PERMISSION,
        )
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError, PermissionError)) or status in (401, 403):
        role = ' (role "Storage Blob Data Contributor" on the container)' if root.startswith("az:") else ""
        return (
            f"access was denied ({said}). Allow the executor's credentials to read, write, list and delete below {root}{role}.",
            Trouble.NO_PERMISSION,
        )
    return said, None
