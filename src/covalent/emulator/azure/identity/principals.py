"""Who there is: applications that sign in with a secret, and managed identities of machines, each with its roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ....errors import EmulatorError, hint

_ROLES = ("batch", "blob", "none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """An application or a managed identity."""

    client_id: str
    has_batch: bool  #: Whether it may use Batch, as with the role "Azure Batch Job Submitter".
    containers: (
        frozenset[str] | None
    )  #: Those in which it is "Storage Blob Data Contributor"; None stands for the whole account.

    @classmethod
    def parse(cls, text: str, default: str) -> Principal:
        """``ID`` or ``ID=ROLE,…``, with the roles ``batch``, ``blob``, ``blob:CONTAINER`` and ``none``.

        :param default: roles of one for which the text names none
        :raises EmulatorError: if it is something else
        """
        client_id, separator, named = text.partition("=")
        roles = [role.strip() for role in (named if separator else default).split(",")]
        for role in roles:
            kind, colon, container = role.partition(":")
            if kind not in _ROLES or (colon and not (kind == "blob" and container)):
                raise EmulatorError(
                    f"There is no role {role!r}.{hint(role, _ROLES)} Write ID=ROLE,… with batch, blob, blob:CONTAINER or none."
                )
        if not client_id:
            raise EmulatorError(f"{text!r} names nobody. Write ID or ID=ROLE,…")
        containers = frozenset(role.removeprefix("blob:") for role in roles if role.startswith("blob:"))
        return cls(client_id=client_id, has_batch="batch" in roles, containers=None if "blob" in roles else containers)

    def may_use(self, container: str) -> bool:
        """Whether its role reaches the blobs of a container; the empty name stands for the account."""
        return self.containers is None or container in self.containers


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What a client signs in as."""

    tenant_id: str
    principal: Principal
    secret: str


def by_id(principals: Iterable[Principal]) -> dict[str, Principal]:
    """GUIDs have no case."""
    return {principal.client_id.lower(): principal for principal in principals}
