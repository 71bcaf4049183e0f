"""Azure on this machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from .emulated import Emulated, options

#: Seconds for a start, which installs Azurite if it is the first one.
_PATIENCE_S: Final = 300.0


class EmulatedAzure(Emulated):
    """``covalent emulate azure`` in a process of its own. See :func:`emulated_azure`."""

    @property
    def storage_endpoint(self) -> str:
        """Address of Blob Storage; blobs are at ``/ACCOUNT/CONTAINER/KEY`` there."""
        return self.environment["COVALENT_AZURE_STORAGE_ENDPOINT"]


@contextmanager
def emulated_azure(
    *,
    pools: Sequence[str] = (),
    blob_containers: Sequence[str] = (),
    batch_account: str = "covalent",
    storage_account: str = "covalentbatch",
    tenant: str = "tenant-id",
    client: str = "client-id",
    secret: str = "client-secret",  # noqa: S107 # it opens nothing but an emulator
    identities: Sequence[str] = (),
    quota: int | None = None,
    token_lifetime: int | None = None,
    slots: int | None = None,
    containers: Literal["none", "podman", "docker"] = "none",
    port: int = 0,
    storage_port: int = 0,
) -> Iterator[EmulatedAzure]:
    """Azure, with these accounts and these resources, for the length of a ``with`` block. It needs Azurite, or npm to install it.

    :param pools: those that exist; by default ``covalent-pool``. ``NAME=nodes:N,spot:N,slots:N,identity:ID,no-containers,…`` says more,
        as ``covalent emulate azure --help`` explains
    :param blob_containers: those that exist; by default ``covalent``
    :param client: application id that clients sign in with; ``ID=ROLE,…`` has other roles than ``batch,blob``: ``blob:CONTAINER`` for
        one container alone, ``none`` for none
    :param secret: of that application
    :param identities: managed identities that exist, in the same form, with ``blob`` unless they say; by default ``covalent-identity``.
        Pools have the first one unless they name another
    :param quota: jobs that may be active at a time
    :param token_lifetime: seconds for which tokens are good
    :param slots: machines of pools that do not say; None stands for the number of processors
    :param containers: what runs tasks; with ``none`` they are processes, whose ``python3`` is this interpreter
    :param port: of everything but blobs; 0 takes a free one
    :param storage_port: the same of Blob Storage
    :raises EmulatorError: if it cannot start
    """
    arguments = options(
        pools=pools,
        container=list(blob_containers),
        batch_account=batch_account,
        storage_account=storage_account,
        tenant=tenant,
        client=client,
        secret=secret,
        identity=list(identities),
        quota=quota,
        token_lifetime=token_lifetime,
        slots=slots,
        containers=containers,
        port=port,
        storage_port=storage_port,
    )
    emulated = EmulatedAzure(["azure", *arguments], "COVALENT_AZURE_BATCH_ENDPOINT", patience_s=_PATIENCE_S)
    try:
        yield emulated
    finally:
        emulated.stop()
