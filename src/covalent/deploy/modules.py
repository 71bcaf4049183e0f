"""Which modules there are, and what sets each apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MODULES: Final = Path(__file__).with_name("modules")


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One cloud's."""

    executor: str  #: Short name; also the name of the directory.
    cloud: str
    account: str  #: The variable that says which account it is for. The output ``account_id`` says which it is in.
    account_noun: str
    #: Variables that say where all of it is: under another value, what exists would not be found.
    place: tuple[str, ...]

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
        ),
        Module(
            executor="azurebatch",
            cloud="Azure",
            account="subscription_id",
            account_noun="subscription",
            place=("subscription_id", "location", "prefix"),
        ),
        Module(
            executor="gcpbatch",
            cloud="Google Cloud",
            account="project_id",
            account_noun="project",
            place=("project_id", "region", "prefix"),
        ),
    )
}
