"""Azure's clouds, which share nothing: each has its own accounts, and its own place to sign in.

Sources: documentation of Azure, "Azure US Government: Compare", "Azure operated by 21Vianet: developer guide"; of Azure Batch,
"Authenticate Azure Batch services with Microsoft Entra ID"; ``azure.identity.AzureAuthorityHosts``.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ...errors import ExecutorError


@dataclass(frozen=True, kw_only=True, slots=True)
class Cloud:
    name: str
    suffixes: tuple[str, ...]  #: With which hosts of its services end.
    authority: str  #: The host that issues tokens.
    batch_scope: str  #: What a token for Azure Batch is asked for.


PUBLIC: Final = Cloud(
    name="the public Azure cloud",
    suffixes=("azure.com", "azure.net", "windows.net"),
    authority="login.microsoftonline.com",
    batch_scope="https://batch.core.windows.net//.default",
)
CHINA: Final = Cloud(
    name="Azure in China",
    suffixes=("chinacloudapi.cn",),
    authority="login.chinacloudapi.cn",
    batch_scope="https://batch.chinacloudapi.cn//.default",
)
GOVERNMENT: Final = Cloud(
    name="Azure US Government",
    suffixes=("usgovcloudapi.net",),
    authority="login.microsoftonline.us",
    batch_scope="https://batch.core.usgovcloudapi.net//.default",
)
CLOUDS: Final = (PUBLIC, CHINA, GOVERNMENT)

#: What a token for Azure Storage is asked for, in all clouds. Source: documentation of Azure Storage, "Authorize access to blobs".
STORAGE_SCOPE: Final = "https://storage.azure.com/.default"

#: What a token for Azure Container Registry is asked for, in all clouds; registries that take no others take it, too.
#: Source: documentation of Azure Container Registry, "Configure registry acceptance of Microsoft Entra authentication scopes".
REGISTRY_SCOPE: Final = "https://containerregistry.azure.net/.default"


def cloud_of(host: str) -> Cloud | None:
    """The cloud that a host belongs to; None if it is none of them."""
    name = host.lower()
    return next((one for one in CLOUDS if any(f".{name}".endswith(f".{end}") for end in one.suffixes)), None)


@functools.lru_cache
def common_cloud(batch_account_domain: str, storage_account_domain: str, batch_account_url: str) -> Cloud:
    """The cloud that all accounts of an executor are in, by its settings. It is asked for whenever a value is read.

    :raises ExecutorError: if there is none
    """
    cloud = cloud_of(batch_account_domain)
    if cloud is None:
        known = ", ".join(urlsplit(one.batch_scope).netloc for one in CLOUDS)
        raise ExecutorError(
            f"batch_account_domain is {batch_account_domain!r}, which is in none of Azure's clouds. Known: {known}."
        )
    hosts = {
        "storage_account_domain": storage_account_domain,
        "batch_account_url": urlsplit(batch_account_url).hostname,
    }
    for name, host in hosts.items():
        found = cloud_of(host) if host else None
        if found is not None and found is not cloud:
            theirs = urlsplit(found.batch_scope).netloc
            raise ExecutorError(
                f"{name} is in {found.name}, but batch_account_domain, which is {batch_account_domain!r}, says {cloud.name}. Set "
                f"batch_account_domain to {theirs!r}, or {name} to what it is in {cloud.name}."
            )
    return cloud
