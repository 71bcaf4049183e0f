"""Whose resources an executor uses."""

from __future__ import annotations

from dataclasses import dataclass

from ...secrets import Secret
from .clouds import Cloud


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose resources are used, and who asks."""

    url: str  #: Of the Batch account, without a slash at the end.
    cloud: Cloud
    tenant_id: str
    client_id: str
    client_secret: Secret | None  #: None for whoever the usual chain of credentials finds.
    authority: str  #: URL of what takes the place of the cloud's sign-in; empty for the cloud's own.
