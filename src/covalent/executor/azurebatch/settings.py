"""The settings of the Azure Batch executor: what each takes, and what it is if nothing is said."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from ...errors import ExecutorError
from ..batch.options import PREFIX, variables
from ..configured import Check, ConfiguredExecutor, SecretSetting, Setting, number, optional, text, texts, whole

_HOST: Final = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
#: In any letters: ``az identity show`` writes ``resourcegroups``.
_RESOURCE: Final = r"(?i:/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/\s]+)"

#: Slots of a node, at most. Source: documentation of Azure Batch, "Run multiple tasks per node".
MOST_SLOTS: Final = 256

#: Seconds from the moment when a task is added to its end, at most. Source: API reference of Azure Batch, "Add a task".
LONGEST_S: Final = 180 * 24 * 3600

#: What the service's time limit leaves beyond the runner's: to pull the image, fetch values, install packages, publish results.
GRACE_S: Final = 1800

#: Items of metadata of a job; not Azure's figure.
MOST_METADATA: Final = 50

_EXAMPLE: Final = "'https://ACCOUNT.REGION.batch.azure.com'"


def _url(name: str, value: Any) -> str:
    """Of a Batch account; what is missing at its beginning is named."""
    said = value if isinstance(value, str) else ""
    parts = urlsplit(said)
    is_whole = parts.scheme == "https" and parts.hostname and re.fullmatch(_HOST, parts.hostname)
    if is_whole and parts.path in ("", "/") and not parts.query:
        return said.rstrip("/")
    bare = said.removeprefix("http://").strip("/ ")
    if re.fullmatch(_HOST, bare.lower()):
        raise ExecutorError(f"{name} must begin with https://: write 'https://{bare}', not {value!r}")
    raise ExecutorError(f"{name} must be the URL of a Batch account, such as {_EXAMPLE}, not {value!r}")


def _container_options(name: str, value: Any) -> str:
    found = text(r"[^\n]+", "options of 'docker create', in one line")(name, value)
    if re.search(r"(^|\s)--gpus\b", found):
        raise ExecutorError(
            f"{name} must not hold --gpus: on nodes with GPUs, Azure Batch gives them to containers by itself; leave it out"
        )
    return found


def _metadata_complaint(key: str, value: str) -> str | None:
    if not key or len(key) > 128 or len(value) > 4096:
        return "is too long, or has no name: up to 128 characters for the name and 4,096 for the value"
    return "is a name that Covalent uses itself" if key.startswith("covalent-") else None


_usual_complaint = variables("AZ_BATCH_", "AZURE_CLIENT_ID")


def _variable_complaint(key: str, value: str) -> str | None:
    if "\n" in value or "\r" in value:
        return "has a line break, which it may lose on its way into a container; write it in one line, as base64 for example"
    return _usual_complaint(key, value)


_metadata = texts("a table of text by name", _metadata_complaint)


def _some_metadata(name: str, value: Any) -> Any:
    found = _metadata(name, value)
    if len(found) > MOST_METADATA:
        raise ExecutorError(f"{name} must be at most {MOST_METADATA}, not {len(found)}")
    return found


def _id(kind: str) -> Check[str | None]:
    return optional(text(r"[A-Za-z0-9][A-Za-z0-9.-]*", kind))


class AzureBatchSettings(ConfiguredExecutor):
    """The settings as attributes, each showing the value that applies."""

    short_name: ClassVar[str] = "azurebatch"

    # Those that everybody knows, in the order in which they are written.
    tenant_id = Setting(_id("the id of a directory (tenant), or its domain"), None)
    client_id = Setting(_id("the id of an application (client), or of a managed identity"), None)
    client_secret = SecretSetting()
    batch_account_url = Setting(optional(_url), None)
    batch_account_domain = Setting(text(_HOST, "a domain, such as batch.core.windows.net"), "batch.core.windows.net")
    storage_account_name = Setting(
        optional(text(r"[a-z0-9]{3,24}", "the name of a storage account: 3 to 24 small letters and digits")), None
    )
    storage_account_domain = Setting(text(_HOST, "a domain, such as blob.core.windows.net"), "blob.core.windows.net")
    base_image_uri = Setting(
        text(r"\S+", "the name of a container image"), "covalent.azurecr.io/covalent-executor-base:latest"
    )
    pool_id = Setting(
        optional(text(r"[A-Za-z0-9_-]{1,64}", "the id of a pool: up to 64 letters, digits, hyphens and underscores")),
        None,
    )
    retries = Setting(whole("a whole number from 0 on", least=0), 3)
    time_limit = Setting(
        number(
            f"a number of seconds above 0 and up to {LONGEST_S - GRACE_S}, for Azure ends tasks after 180 days",
            above=0,
            most=LONGEST_S - GRACE_S,
        ),
        300,
    )
    cache_dir = Setting(text(), "/tmp/covalent")  # noqa: S108 - where it has always been
    poll_freq = Setting(number("a number of seconds above 0", above=0), 10)

    container_name = Setting(
        text(
            r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
            "the name of a blob container: 3 to 63 small letters, digits and single hyphens",
        ),
        "covalent",
    )
    slots = Setting(whole(f"a whole number from 1 to {MOST_SLOTS}", least=1, most=MOST_SLOTS), 1)
    cpus = Setting(optional(number("a number of CPUs above 0", above=0)), None)
    memory = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    max_memory = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    shared_memory = Setting(optional(whole("a whole number of MiB above 0", least=1)), None)
    container_options = Setting(optional(_container_options), None)
    user_assigned_identity = Setting(
        optional(text(rf"{_RESOURCE}|[A-Za-z0-9-]+", "the resource id or the client id of a managed identity")), None
    )
    registry = Setting(optional(text(_HOST, "the server of a registry, such as NAME.azurecr.io")), None)
    registry_identity = Setting(optional(text(_RESOURCE, "the resource id of a managed identity")), None)
    environment = Setting(optional(texts("a table of text by name", _variable_complaint)), None)
    metadata = Setting(optional(_some_metadata), None)
    prefix = Setting(text(*PREFIX), "covalent")
