"""Plan, apply, destroy, and what is there."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ..errors import DeployError
from . import workspace as ws
from .events import Report, Tell
from .program import Program, find_program
from .running import environment, follow
from .trouble import explained
from .workspace import Workspace

#: Of a deployment, as it is written down.
BEGUN: Final = "begun"
DONE: Final = "done"
REMOVING: Final = "removing"

_ACCOUNT: Final = "account_id"
_EXECUTOR: Final = "executor"
_SECRETS: Final = "executor_secrets"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """What the module gives out."""

    settings: Mapping[str, Any]  #: Of the executor.
    secret: frozenset[str]  #: Names of settings that nobody may see.
    others: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is about to be done."""

    changes: Sequence[
        tuple[str, str]
    ]  #: Action and address: ``create``, ``update``, ``delete``, ``replace``, or ``repair`` of what was broken off.
    account: str  #: Where; empty if that is not known.

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


class Deployment:
    """One executor's resources. To be used within :meth:`open`."""

    def __init__(self, workspace: Workspace, program: Program, lock: int, tell: Tell, *, verbose: bool) -> None:
        self._workspace, self._program, self._lock = workspace, program, lock
        self._tell, self._verbose = tell, verbose
        self._module = workspace.module

    @classmethod
    @contextmanager
    def open(cls, workspace: Workspace, tell: Tell, *, verbose: bool = False) -> Iterator[Deployment]:
        """Have it for oneself.

        :raises DeployError: if neither Terraform nor OpenTofu is there, or another command is at work
        """
        program = find_program()
        with workspace.locked() as lock:
            workspace.check_saved()
            try:
                yield cls(workspace, program, lock, tell, verbose=verbose)
            finally:
                workspace.forget_plan()

    @property
    def is_begun(self) -> bool:
        return self._workspace.is_begun

    def plan(self, chosen: Mapping[str, Any], backend: Mapping[str, Any] | None = None) -> Plan:
        """What there is to do so that all is there as chosen; what is not chosen stays as it was chosen before.

        :param chosen: values by variable; None takes one back to its default
        :param backend: where the state is to lie, as Terraform's block has it; None for where it is, or here
        :raises DeployError: if that cannot be found out
        """
        self._workspace.lay_out(backend)
        told = self._workspace.told
        self._check_place(told, chosen)
        self._initialize()
        return self._plan({**told, **chosen}, ())

    def plan_removal(self) -> Plan:
        """What there is to do so that nothing is left.

        :raises DeployError: if that cannot be found out
        """
        self._workspace.lay_out(None)
        self._initialize()
        return self._plan(self._workspace.told, ("-destroy",))

    def apply(self, plan: Plan) -> Outputs:
        """Carry out the plan that was made last.

        :raises DeployError: if that did not succeed; what was made so far is written down
        """
        self._workspace.keep()
        self._workspace.note(phase=BEGUN, account=plan.account)
        self._apply(plan, "up")
        outputs = self.outputs()
        if outputs is None:
            raise DeployError(f"{self._program.name} has made all, but tells no settings. Run the command again.")
        self._workspace.note(phase=DONE)
        return outputs

    def remove(self, plan: Plan) -> None:
        """Carry out the plan of a removal that was made last.

        :raises DeployError: if something is left
        """
        self._workspace.note(phase=REMOVING)
        self._apply(plan, "down")
        if left := self.resources():
            raise DeployError(f"Some of it is left: {', '.join(left)}. Run the command again.")
        self._workspace.clear()
        self._workspace.remove_downloads()

    def standing(self) -> Standing:
        """What is there, as far as it is written down; the cloud is not asked.

        :raises DeployError: if the state cannot be read
        """
        about = self._workspace.about
        if about:
            self._workspace.lay_out(None)
            self._initialize()
        return Standing(
            phase=about.get("phase", ""),
            account=about.get("account", ""),
            resources=self.resources() if about else [],
            outputs=self.outputs() if about else None,
            directory=str(self._workspace.directory),
        )

    def outputs(self) -> Outputs | None:
        """None if there are none yet."""
        found: dict[str, dict[str, Any]] = json.loads(self._ask("output", "-json"))
        if _EXECUTOR not in found:
            return None
        values = {name: each["value"] for name, each in found.items()}
        secrets = _said(values.pop(_SECRETS, {}))
        settings = {**_said(values.pop(_EXECUTOR)), **secrets}
        return Outputs(settings=settings, others=_said(values), secret=frozenset(secrets))

    def resources(self) -> list[str]:
        """Addresses of what there is, without what is only looked up."""
        listed = self._ask("state", "list", empty_if_missing=True).split()
        return [address for address in listed if not address.startswith("data.")]

    # Steps

    def _check_place(self, told: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
        """:raises DeployError: if what exists would be out of sight"""
        if not self.is_begun:
            return
        for name in self._module.place:
            if name not in chosen or name == self._module.account:
                continue
            if chosen[name] != told.get(name):
                option = f"--{name.replace('_', '-')}"
                raise DeployError(
                    f"{self._module.executor} was deployed with {option}={told.get(name)}; under another one, what exists would be lost "
                    f"from sight. Run 'covalent deploy down {self._module.executor}' first, or leave {option} out."
                )
        account, named = self._workspace.about.get("account", ""), chosen.get(self._module.account)
        if account and named and named != account:
            raise self._other_account(account, str(named))

    def _other_account(self, account: str, other: str) -> DeployError:
        noun = self._module.account_noun
        return DeployError(
            f"{self._module.executor} is deployed in the {self._module.cloud} {noun} {account}, not in {other}. Nothing was changed. Use "
            f"credentials of {account}; to have one in {other} as well, give it a data directory of its own in COVALENT_DATA_DIR."
        )

    def _initialize(self) -> None:
        report = Report(self._tell, self._verbose)
        lines: list[str] = []

        def heard(line: str) -> None:
            lines.append(line)
            report(line)

        if self._run(["init", "-input=false", "-no-color"], heard):
            raise DeployError(explained(self._program, self._module, " ".join(lines)))

    def _plan(self, values: Mapping[str, Any], options: Sequence[str]) -> Plan:
        account = self._known_account()
        if account:
            # Then credentials of another account are of no use, whatever else they may do.
            values = {**values, self._module.account: account}
        self._workspace.tell(values)
        report = Report(self._tell, self._verbose)
        arguments = ["plan", "-json", "-input=false", f"-var-file={ws.NEXT}", f"-out={ws.PLAN}", *options]
        if self._run(arguments, report):
            raise self._failed(report, account)
        shown = json.loads(self._ask("show", "-json", ws.PLAN))
        plan = Plan(changes=list(_changes(shown)), account=account or _planned_account(shown))
        if account and (found := _planned_account(shown)) and found != account:
            raise self._other_account(account, found)
        return plan

    def _known_account(self) -> str:
        """The account of what is there: by the state, which may have come from elsewhere, or as it was written down."""
        found = self.outputs()
        in_state = str(found.others.get(_ACCOUNT, "")) if found else ""
        return in_state or str(self._workspace.about.get("account", ""))

    def _apply(self, plan: Plan, command: str) -> None:
        report = Report(self._tell, self._verbose, plan.steps)
        if self._run(["apply", "-json", "-input=false", ws.PLAN], report):
            executor = self._module.executor
            error = self._failed(report, plan.account)
            go_on = f"Run 'covalent deploy {command} {executor}' again to go on"
            other = f", or 'covalent deploy down {executor}' to remove what is there" if command == "up" else ""
            raise DeployError(f"{error}\nWhat was done so far is written down. {go_on}{other}.")

    def _failed(self, report: Report, account: str) -> DeployError:
        said = "\n".join(report.errors) or f"It gave no reason; see {self._workspace.directory / ws.LOG}."
        return DeployError(explained(self._program, self._module, said, account))

    def _run(self, arguments: Sequence[str], heard: Tell) -> int:
        def stopping() -> None:
            self._tell(
                f"Stopping: {self._program.name} ends what it has begun. Once more breaks it off, and may lose track of it."
            )

        directory = self._workspace.directory
        return follow([self._program.path, *arguments], directory, directory / ws.LOG, self._lock, heard, stopping)

    def _ask(self, *arguments: str, empty_if_missing: bool = False) -> str:
        """What a command prints that changes nothing."""
        done = subprocess.run(
            [self._program.path, *arguments],
            cwd=self._workspace.directory,
            env=environment() | {"TF_CLI_ARGS": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return done.stdout
        if empty_if_missing and "No state file was found" in done.stderr:
            return ""
        raise DeployError(explained(self._program, self._module, done.stderr))


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _changes(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for change in shown.get("resource_changes", ()):
        actions = change["change"]["actions"]
        if len(actions) == 2:
            # What was broken off while it was made holds nothing yet.
            is_broken = change.get("action_reason") == "replace_because_tainted"
            yield ("repair" if is_broken else "replace"), change["address"]
        elif actions not in (["no-op"], ["read"]):
            yield actions[0], change["address"]


def _planned_account(shown: Mapping[str, Any]) -> str:
    planned = shown.get("planned_values", {}).get("outputs", {}).get(_ACCOUNT, {})
    return str(planned.get("value") or "")
