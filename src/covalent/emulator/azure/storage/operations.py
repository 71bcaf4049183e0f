"""What a request of Blob Storage asks for.

Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-blobs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

#: By method, place (account, container or blob) and the parameter ``comp``.
_NAMES: Final = {
    ("GET", "account", "list"): "ListContainers",
    ("GET", "account", "blobs"): "FindBlobsByTags",
    ("GET", "account", "properties"): "GetBlobServiceProperties",
    ("PUT", "account", "properties"): "SetBlobServiceProperties",
    ("GET", "account", "stats"): "GetBlobServiceStats",
    ("POST", "account", "batch"): "BlobBatch",
    ("POST", "account", "userdelegationkey"): "GetUserDelegationKey",
    ("PUT", "container", ""): "CreateContainer",
    ("GET", "container", ""): "GetContainerProperties",
    ("HEAD", "container", ""): "GetContainerProperties",
    ("DELETE", "container", ""): "DeleteContainer",
    ("GET", "container", "list"): "ListBlobs",
    ("POST", "container", "batch"): "BlobBatch",
    ("PUT", "container", "lease"): "LeaseContainer",
    ("PUT", "container", "metadata"): "SetContainerMetadata",
    ("PUT", "blob", ""): "PutBlob",
    ("GET", "blob", ""): "GetBlob",
    ("HEAD", "blob", ""): "GetBlobProperties",
    ("DELETE", "blob", ""): "DeleteBlob",
    ("PUT", "blob", "block"): "PutBlock",
    ("PUT", "blob", "blocklist"): "PutBlockList",
    ("GET", "blob", "blocklist"): "GetBlockList",
    ("PUT", "blob", "appendblock"): "AppendBlock",
    ("PUT", "blob", "lease"): "LeaseBlob",
    ("PUT", "blob", "metadata"): "SetBlobMetadata",
    ("PUT", "blob", "properties"): "SetBlobProperties",
    ("PUT", "blob", "snapshot"): "SnapshotBlob",
    ("PUT", "blob", "tags"): "SetBlobTags",
    ("GET", "blob", "tags"): "GetBlobTags",
}
_COPY_SOURCE: Final = "x-ms-copy-source"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    name: str  #: As the service's reference calls it, for example ``PutBlob``.
    account: str
    container: str  #: Empty if the request is about the account.
    is_signed: bool  #: Whether its query carries a shared access signature.


def identify(method: str, target: str, headers: Mapping[str, str]) -> Operation:
    """
    :param target: path and query as they were sent: ``/ACCOUNT[/CONTAINER[/BLOB]][?QUERY]``
    """
    path, _, query = target.partition("?")
    account, _, rest = path.removeprefix("/").partition("/")
    container, _, blob = rest.partition("/")
    given = parse_qs(query)
    comp = given.get("comp", [""])[0]
    place = "blob" if blob else "container" if container else "account"
    name = _NAMES.get((method, place, comp), f"{method} {place} {comp}".rstrip())
    if name == "PutBlob" and _COPY_SOURCE in headers:
        name = "CopyBlob"
    return Operation(name=name, account=unquote(account), container=unquote(container), is_signed="sig" in given)
