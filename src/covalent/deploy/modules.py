"""Which modules there are, and what sets each apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MODULES: Final = Path(__file__).with_name("modules")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Where a module has results stored. It stays when all else is removed, if it is to be kept and holds something."""

    address: str
    #: Addresses of what makes it safe, without indices. The cloud removes that with the bucket, and so it need not go before.
    protections: frozenset[str] = frozenset()
    emptied: str  #: The command that empties it, with ``{}`` for its name.


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One cloud's."""

    executor: str  #: Short name; also the name of the directory.
    cloud: str
    account: str  #: The variable that says which account it is for. The output ``account_id`` says which it is in.
    account_noun: str
    #: Variables that say where all of it is: under another value, what exists would not be found.
    place: tuple[str, ...]
    bucket: Bucket | None = None  #: None if what is stored cannot be kept.
    #: A variable that is told the time at each ``up``, in hours since 1970, and that nobody chooses. Empty if there is none.
    clock: str = ""
    renewed: frozenset[str] = frozenset()  #: Addresses of what is made anew as time goes on, and is missed by nobody.

    @property
    def directory(self) -> Path:
        return _MODULES / self.executor

    def files(self) -> Mapping[str, bytes]:
        """What Terraform reads, by name."""
        return {path.name: path.read_bytes() for path in sorted(self.directory.glob("*.tf"))}


MODULES: Final[Mapping[str, Module]] = {
    module.executor: module
    for module in (
        Module(
            executor="awsbatch",
            cloud="AWS",
            account="account_id",
            account_noun="account",
            place=("account_id", "region", "prefix"),
            bucket=Bucket(
                address="aws_s3_bucket.this",
                protections=frozenset(
                    f"aws_s3_bucket_{kind}.this"
                    for kind in (
                        "lifecycle_configuration",
                        "ownership_controls",
                        "policy",
                        "public_access_block",
                        "server_side_encryption_configuration",
                    )
                ),
                emptied="aws s3 rm s3://{} --recursive",
            ),
        ),
        Module(
            executor="azurebatch",
            cloud="Azure",
            account="subscription_id",
            account_noun="subscription",
            place=("subscription_id", "location", "prefix"),
            clock="clock",
            renewed=frozenset({"azuread_application_password.this[0]"}),
        ),
        Module(
            executor="gcpbatch",
            cloud="Google Cloud",
            account="project_id",
            account_noun="project",
            place=("project_id", "region", "prefix"),
            # Its protections are arguments of its own.
            bucket=Bucket(address="google_storage_bucket.this", emptied="gcloud storage rm --recursive 'gs://{}/**'"),
        ),
    )
}
