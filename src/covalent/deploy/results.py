"""What Terraform tells of a deployment: a plan, what the module gives out, and what there is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from .workspace import TOLD_OUTPUT

#: Of a deployment, as it is written down.
BEGUN: Final = "begun"
DONE: Final = "done"
REMOVING: Final = "removing"
REFUSED: Final = "refused"  #: Nothing was made.
KEPT: Final = "kept"  #: All was removed but a bucket.

#: Outputs that every module has.
_ACCOUNT: Final = "account_id"
_EXECUTOR: Final = "executor"
_SECRETS: Final = "executor_secrets"
_PLACE: Final = "place"

#: One that says where images go, if there is a registry.
_REPOSITORY: Final = "image_repository"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """What the module gives out."""

    settings: Mapping[str, Any]  #: Of the executor.
    secret: frozenset[str]  #: Names of settings that nobody may see.
    place: Mapping[str, str]  #: Variables that say where all of it is.
    others: Mapping[str, Any]
    told: Mapping[str, Any] = field(default_factory=dict)  #: What the module was told.

    @classmethod
    def of(cls, found: Mapping[str, Mapping[str, Any]]) -> Outputs | None:
        """From what ``terraform output -json`` prints; None if nothing was made so far."""
        if _EXECUTOR not in found:
            return None
        values = {name: each["value"] for name, each in found.items()}
        secrets = _said(values.pop(_SECRETS, {}))
        settings = {**_said(values.pop(_EXECUTOR)), **secrets}
        place = _said(values.pop(_PLACE, {}))
        told = json.loads(values.pop(TOLD_OUTPUT, "{}"))
        return cls(settings=settings, secret=frozenset(secrets), place=place, others=_said(values), told=told)

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Outputs:
        """From what :meth:`kept` gave."""
        return cls(**{**kept, "secret": frozenset(kept["secret"])})

    def kept(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self) | {"secret": sorted(self.secret)}

    @property
    def account(self) -> str:
        return str(self.others.get(_ACCOUNT, ""))

    @property
    def image_repository(self) -> str:
        """Where images of one's own go; empty if no registry was made."""
        return str(self.others.get(_REPOSITORY, ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is about to be done."""

    #: Action and address: ``create``, ``update``, ``delete``, ``replace``, or ``repair`` of what was broken off.
    changes: Sequence[tuple[str, str]]
    account: str  #: Where; empty if that is not known.
    before: Outputs | None = None  #: What the configuration was written from until now.
    kept: str = ""  #: The bucket that is to be removed only if it is empty, by its name.

    @classmethod
    def of(cls, shown: Mapping[str, Any], bucket: str = "") -> Plan:
        """From what ``terraform show -json`` prints of one.

        :param bucket: the address of one that may have to be kept
        """
        planned = shown.get("planned_values", {}).get("outputs", {}).get(_ACCOUNT, {})
        return cls(
            changes=list(_changes(shown)), account=str(planned.get("value") or ""), kept=_kept_bucket(shown, bucket)
        )

    def counted(self) -> Counter[str]:
        return Counter(action for action, _ in self.changes)

    @property
    def steps(self) -> int:
        return sum(2 if action in ("replace", "repair") else 1 for action, _ in self.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is there."""

    phase: str  #: One of those above, or empty.
    account: str
    resources: Sequence[str]  #: Addresses.
    outputs: Outputs | None
    directory: str


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _kept_bucket(shown: Mapping[str, Any], address: str) -> str:
    for change in shown.get("resource_changes", ()):
        if change["address"] == address and change["change"]["actions"] == ["delete"]:
            before = change["change"]["before"]
            return "" if before.get("force_destroy") else str(before["id"])
    return ""


def _changes(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for change in shown.get("resource_changes", ()):
        actions = change["change"]["actions"]
        if len(actions) == 2:
            # What was broken off while it was made holds nothing yet.
            is_broken = change.get("action_reason") == "replace_because_tainted"
            yield ("repair" if is_broken else "replace"), change["address"]
        elif actions not in (["no-op"], ["read"]):
            yield actions[0], change["address"]
