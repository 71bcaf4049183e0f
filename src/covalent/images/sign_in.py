"""A name and a password for a registry, from the credentials that an executor uses already."""

from __future__ import annotations

from ..executor.awsbatch import AWSBatchExecutor
from ..executor.azurebatch import AzureBatchExecutor
from ..executor.gcpbatch import GCPBatchExecutor
from ..executor.login import Login
from .repository import Repository

__all__ = ["Login", "sign_in"]

_EXECUTORS = {kind.short_name: kind for kind in (AWSBatchExecutor, AzureBatchExecutor, GCPBatchExecutor)}


def sign_in(repository: Repository) -> Login | None:
    """None for a registry that belongs to no executor's cloud: whoever pushes has to have signed in there.

    :raises CovalentError: if the cloud gives none
    """
    kind = _EXECUTORS.get(repository.executor)
    return kind().registry_login(repository.host) if kind else None
