"""Errors of Google's libraries as ours: the one place where they are translated.

Sources: ``google.rpc.Code``; ``google.api_core.exceptions``; ``google.auth.exceptions``; documentation of Google Batch, "Troubleshooting".
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ...errors import ExecutorError, ServiceUnreachableError, ThrottledError
from ...troubles import Trouble

#: By the name of a class of ``google.api_core.exceptions``.
_THROTTLED: Final = frozenset({"ResourceExhausted", "TooManyRequests"})
_UNREACHABLE: Final = frozenset(
    {
        "Aborted",
        "Cancelled",
        "DataLoss",
        "DeadlineExceeded",
        "GatewayTimeout",
        "RetryError",
        "ServerError",
        "ServiceUnavailable",
        "TimeoutError",
        "TransportError",
        "Unknown",
    }
)

#: One of them that no later moment changes.
_LASTING: Final = frozenset({"MethodNotImplemented"})

_RENEW: Final = (
    "Sign in again ('gcloud auth application-default login'), or renew the key that GOOGLE_APPLICATION_CREDENTIALS names, "
    "then restart the Covalent server."
)
_CLOCK: Final = "Set the clock of the server's machine: Google refuses keys that are used at another time than now."
_KEY: Final = (
    "The key or its service account is no longer there: make a new key, let GOOGLE_APPLICATION_CREDENTIALS name it, then restart the "
    "Covalent server."
)
_SIGN_IN: Final = (
    "Where the server runs, sign in ('gcloud auth application-default login'), or let GOOGLE_APPLICATION_CREDENTIALS name a key file "
    "before you start it; on a machine of Google's, give that a service account."
)
_DENIED: Final = (
    "Give whoever runs the Covalent server roles/batch.jobsEditor and roles/logging.viewer in the project; the page on Google Batch in "
    "the documentation lists what is needed."
)
_PROJECT: Final = (
    "Check project_id: it takes the project's id, not its name, and the project must be open to these credentials."
)
_REGION: Final = "Set region to one that has Google Batch ('gcloud batch locations list')."


class _Remedy(NamedTuple):
    kinds: frozenset[str]  #: Names of classes.
    text: re.Pattern[str]  #: Searched in what Google says.
    what_to_do: str
    trouble: Trouble | None


def _remedy(kinds: str, text: str, what_to_do: str, trouble: Trouble | None = None) -> _Remedy:
    return _Remedy(frozenset(kinds.split()), re.compile(text, re.IGNORECASE), what_to_do, trouble)


_FORBIDDEN: Final = "PermissionDenied Forbidden"
_WRONG: Final = "InvalidArgument BadRequest FailedPrecondition NotFound OutOfRange PermissionDenied Forbidden"

#: The first that fits counts.
_REMEDIES: Final = (
    _remedy(
        _WRONG,
        r"SERVICE_DISABLED|has not been used in project|API .*(is )?disabled|it is disabled",
        "Enable the API ('gcloud services enable batch.googleapis.com compute.googleapis.com logging.googleapis.com "
        "storage.googleapis.com'), wait a few minutes, and dispatch again.",
        Trouble.MISSING_API,
    ),
    _remedy(
        _WRONG,
        r"actAs|act as|service ?account",
        "Check that the account in service_account_email exists, and give whoever runs the Covalent server "
        "roles/iam.serviceAccountUser on it.",
        Trouble.MISSING_ROLE,
    ),
    _remedy(
        _WRONG,
        r"allowed.?locations?",
        "Correct allowed_locations: zones of the region that region names, or that region.",
    ),
    _remedy(_WRONG, r"\blocation\b|\bregion\b", _REGION, Trouble.WRONG_REGION),
    _remedy(
        _WRONG,
        r"CONSUMER_INVALID|USER_PROJECT_DENIED|project .*(not found|deleted|invalid)",
        _PROJECT,
        Trouble.MISSING_PROJECT,
    ),
    _remedy(_WRONG, r"machine.?type", "Correct machine_type: it must exist in the region."),
    _remedy(_WRONG, r"accelerator|\bgpu", "Correct gpu_type, num_gpus and machine_type: they must exist together."),
    _remedy(_WRONG, r"subnet|network", "Correct network and subnetwork: they must exist, the latter in the region."),
    _remedy(_WRONG, r"reservation", "Correct reservation: it must exist, with this machine type."),
    _remedy(_WRONG, r"secret", "Correct secrets: each must exist, with the version that is named."),
    _remedy("InvalidArgument BadRequest", r"image", "Correct container_image_uri."),
    _remedy("InvalidArgument BadRequest", r"memory|cpu|resource", "Correct vcpus, memory and machine_type."),
    _remedy(_FORBIDDEN, r"", _DENIED, Trouble.MISSING_ROLE),
    _remedy("RefreshError", r"reasonable timeframe|short-lived token", _CLOCK, Trouble.WRONG_CLOCK),
    _remedy("RefreshError", r"Invalid JWT Signature|account not found", _KEY, Trouble.WRONG_CREDENTIALS),
    _remedy(
        "Unauthenticated Unauthorized RefreshError ReauthFailError ReauthSamlChallengeFailError",
        r"",
        _RENEW,
        Trouble.EXPIRED_CREDENTIALS,
    ),
    _remedy(
        "DefaultCredentialsError MalformedError UserAccessTokenError ClientCertError MutualTLSChannelError",
        r"",
        _SIGN_IN,
        Trouble.NO_CREDENTIALS,
    ),
    _remedy("GoogleAuthError", r"", _SIGN_IN, Trouble.NO_CREDENTIALS),
)

#: In what gRPC says of an unavailable service: it was not the service, but credentials that are no good.
_PLUGIN: Final = re.compile(r"Getting metadata from plugin failed.*(invalid_grant|[Rr]eauth|RefreshError)", re.DOTALL)


class RefusedError(ExecutorError):
    """Google answered, and refused."""

    def __init__(self, message: str, kind: str, trouble: Trouble | None = None) -> None:
        super().__init__(message, trouble=trouble)
        self.kind = kind  #: Name of the class of ``google.api_core.exceptions`` or ``google.auth.exceptions``.

    @property
    def is_not_found(self) -> bool:
        return self.kind == "NotFound"

    @property
    def is_there(self) -> bool:
        """Whether what was to be created is there already."""
        return self.kind == "AlreadyExists"


def translated(error: Exception, what: str) -> ExecutorError:
    """The error that stands for one of Google's. ``what`` says in words what was being done, for example ``submitting job x``."""
    names = [kind.__name__ for kind in type(error).__mro__]
    said = " ".join(str(getattr(error, "message", "") or error).split())
    if reason := getattr(error, "reason", None):
        said = f"{reason}: {said}"
    if _PLUGIN.search(said):
        return RefusedError(
            _sentences(f"Google was not asked when {what}", said, _RENEW), "RefreshError", Trouble.EXPIRED_CREDENTIALS
        )
    if _THROTTLED.intersection(names):
        return ThrottledError(f"Google wants fewer calls; it refused one when {what} ({said})")
    is_passing = _UNREACHABLE.intersection(names) and names[0] not in _LASTING
    if is_passing or getattr(error, "retryable", False):
        return ServiceUnreachableError(f"Google gave no answer when {what} ({names[0]}: {said})")
    fitting = (row for row in _REMEDIES if row.kinds.intersection(names) and row.text.search(said))
    row = next(fitting, None)
    remedy, trouble = (row.what_to_do, row.trouble) if row else ("", None)
    return RefusedError(_sentences(f"Google refused when {what}", f"{names[0]}: {said}", remedy), names[0], trouble)


def _sentences(happened: str, said: str, remedy: str) -> str:
    return f"{happened} ({said.rstrip('.')}). {remedy}".rstrip()
