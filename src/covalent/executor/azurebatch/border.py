"""Errors of Azure's libraries as ours: the one place where they are translated.

Sources: API reference of Azure Batch, "Batch status and error codes"; ``azure.core.exceptions``; documentation of Microsoft Entra ID,
"Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec

from ...errors import ExecutorError, ServiceUnreachableError, ThrottledError
from ...troubles import Trouble

#: Codes by which Azure asks for fewer calls.
_THROTTLED: Final = frozenset({"TooManyRequests", "ServerBusy", "OperationTimedOutServerBusy"})

#: The quota of jobs that have not ended. It is like fewer calls: what others have there ends by itself.
_JOB_QUOTA: Final = "ActiveJobAndScheduleQuotaReached"

#: By the name of a class of ``azure.core.exceptions``: the call never got there, or its answer was lost.
_UNREACHABLE: Final = frozenset(
    {
        "DecodeError",
        "IncompleteReadError",
        "ResponseNotReadError",
        "ServiceRequestError",
        "ServiceResponseError",
        "StreamClosedError",
        "StreamConsumedError",
    }
)

#: A sign-in that another moment may let pass. Source: Entra ID's error codes 90033 and 90055 to 90056.
_PASSING: Final = re.compile(r"AADSTS(90033|9005[56]|50196)\b|temporarily_unavailable")

_ROLES: Final = (
    "Give the application (or whoever the Covalent server runs as) the role 'Azure Batch Job Submitter' on the Batch account and "
    "'Storage Blob Data Contributor' on the blob container; new roles take some minutes to count."
)
_SIGN_IN: Final = (
    "Set tenant_id, client_id and client_secret, or sign in where the Covalent server runs ('az login'), or give its machine a managed "
    "identity; then restart the server."
)


class _Remedy(NamedTuple):
    codes: re.Pattern[str]  #: Searched in the code and in what Azure says.
    what_to_do: str
    trouble: Trouble | None = None


def _remedy(codes: str, what_to_do: str, trouble: Trouble | None = None) -> _Remedy:
    return _Remedy(re.compile(codes), what_to_do, trouble)


#: The first that fits counts.
_REMEDIES: Final = (
    _remedy(
        r"AADSTS(90002|900021|900023|90013)\b|[Tt]enant .*not found|Invalid tenant id|Unable to get authority configuration",
        "Correct tenant_id: it takes the directory's (tenant's) id, and batch_account_domain must belong to the cloud that it is in.",
        Trouble.WRONG_CREDENTIALS,
    ),
    _remedy(
        r"AADSTS(700016|7000112|700030)\b",
        "Correct client_id: it takes the application's (client's) id, which must be registered and enabled in the directory tenant_id.",
        Trouble.WRONG_CREDENTIALS,
    ),
    _remedy(
        r"AADSTS7000222\b",
        "The secret has expired: make a new one for the application, and set client_secret to it.",
        Trouble.EXPIRED_CREDENTIALS,
    ),
    _remedy(
        r"AADSTS7000(215|216|218)\b|invalid_client",
        "Correct client_secret: it takes the secret's value, not its id, and it must belong to client_id.",
        Trouble.WRONG_CREDENTIALS,
    ),
    _remedy(
        r"AADSTS(500011|500014|65001)\b",
        "Azure Batch is unknown in that directory. Check tenant_id and batch_account_domain, and that the subscription is registered for "
        "Microsoft.Batch.",
        Trouble.MISSING_API,
    ),
    _remedy(
        r"AADSTS5300[0-9]\b|AADSTS5007[69]\b",
        "A policy of the directory forbids it; ask its administrator.",
        Trouble.NO_PERMISSION,
    ),
    _remedy(
        r"CredentialUnavailableError|AuthenticationRequiredError|DefaultAzureCredential",
        _SIGN_IN,
        Trouble.NO_CREDENTIALS,
    ),
    _remedy(r"^AuthenticationFailed\b", f"Azure Batch did not accept who asked. {_SIGN_IN}", Trouble.WRONG_CREDENTIALS),
    _remedy(
        r"^(AuthorizationFail\w*|PermissionDenied|Forbidden|InsufficientPermissions)\b|^\(?403",
        _ROLES,
        Trouble.MISSING_ROLE,
    ),
    _remedy(
        r"^(AccountNotFound|AccountIsDisabled|InvalidAccountName)\b",
        "Correct batch_account_url.",
        Trouble.MISSING_PROJECT,
    ),
    _remedy(r"^PoolNotFound\b|[Pp]ool does not exist", "Correct pool_id, or create the pool.", Trouble.MISSING_POOL),
    _remedy(r"slots", "Correct slots: a task cannot need more of them than a node of the pool has (taskSlotsPerNode)."),
    _remedy(r"[Ii]mage|containerSettings", "Correct base_image_uri and container_options."),
)


class RefusedError(ExecutorError):
    """Azure answered, and refused."""

    def __init__(self, message: str, code: str, status: int | None = None, trouble: Trouble | None = None) -> None:
        super().__init__(message, trouble=trouble)
        self.code = code  #: In Azure's words; the name of the exception if there are none.
        self.status = status  #: Of HTTP.

    @property
    def is_denied(self) -> bool:
        """Whether permission is missing, so that nothing is known of what was asked for."""
        return self.status == 403


def translated(error: Exception, what: str) -> ExecutorError:
    """The error that stands for one of Azure's. ``what`` says in words what was being done, for example ``submitting tasks``."""
    # A sign-in that did not get there is told by its cause: it has no class of its own.
    names = [kind.__name__ for one in (error, error.__cause__) for kind in type(one).__mro__]
    code, said, status = _answer(error)
    if code == _JOB_QUOTA:
        return ThrottledError(
            f"The Batch account has as many jobs that have not ended as its quota allows, when {what} ({said.rstrip('.')}). It goes on "
            "when one of them ends; end what nobody needs ('covalent gc azurebatch' finds Covalent's own), or ask for a higher quota of "
            "active jobs"
        )
    if code in _THROTTLED or status == 429 or (status == 503 and _header(error, "retry-after")):
        return ThrottledError(f"Azure wants fewer calls; it refused one when {what} ({code}: {said})")
    is_passing = status is not None and (status >= 500 or status == 408)
    if is_passing or _UNREACHABLE.intersection(names) or _PASSING.search(said):
        return ServiceUnreachableError(f"Azure gave no answer when {what} ({code}: {said})")
    if status is None:
        return _refusal(f"Azure could not be asked when {what}", code, said, None)
    return _refusal(f"Azure refused when {what}", code, said, status)


def refused(code: str, said: str, what: str) -> RefusedError:
    """A refusal that came as a part of an answer."""
    return _refusal(f"Azure refused when {what}", code, said, None)


def _refusal(happened: str, code: str, said: str, status: int | None) -> RefusedError:
    text = f"{code}: {said}"
    fallback = _remedy("", _ROLES, Trouble.MISSING_ROLE) if status == 403 else _remedy("", "")
    row = next((row for row in _REMEDIES if row.codes.search(text)), fallback)
    return RefusedError(f"{happened} ({text.rstrip('.')}). {row.what_to_do}".rstrip(), code, status, row.trouble)


def _answer(error: Exception) -> tuple[str, str, int | None]:
    """Code, message and status: of the service's answer if there is one, else of the error."""
    name = type(error).__name__
    said = " ".join(str(getattr(error, "message", "") or error).split())
    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    found = _body(response)
    if isinstance(found, dict) and "code" in found:
        return str(found["code"]), _message(found) or said, status
    return name, said[:2000], status


def _body(response: Any) -> Any:
    """What an answer says of an error, as JSON; None if it is nothing of the kind."""
    try:
        return msgspec.json.decode(response.read())
    except Exception:  # noqa: BLE001 - whatever is wrong with the rest of the answer, its status is known
        return None


def _message(found: dict[str, Any]) -> str:
    """The message of a ``BatchError``, with its details and without the ids of the request."""
    message = found.get("message")
    text = str(message.get("value", "")) if isinstance(message, dict) else str(message or "")
    parts = [text.partition("\nRequestId:")[0]]
    parts += [f"{one.get('key')}: {one.get('value')}" for one in found.get("values") or () if isinstance(one, dict)]
    return " ".join("; ".join(parts).split())


def _header(error: Exception, name: str) -> str:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return str(headers.get(name) or headers.get(name.title()) or "")
