"""Plan, apply, destroy, and what is there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from ..errors import DeployError
from . import workspace as ws
from .events import Report, Tell
from .program import Program, find_program
from .results import BEGUN, DONE, KEPT, REFUSED, REMOVING, Outputs, Plan, Standing
from .running import environment, follow
from .trouble import explained, is_bucket_kept
from .workspace import Workspace

#: In what is written down: what the configuration was last written from, while the state may say something else already.
_BEFORE: Final = "before"

#: What init says when a module wants other versions of providers than those that were chosen for the last one.
_OUTDATED: Final = re.compile(r"init[\s│]+-upgrade")


class Deployment:
    """One executor's resources. To be used within :meth:`open`."""

    def __init__(self, workspace: Workspace, program: Program, lock: int, tell: Tell, *, verbose: bool) -> None:
        self._workspace, self._program, self._lock = workspace, program, lock
        self._tell, self._verbose = tell, verbose
        self._module = workspace.module
        self._is_broken_off = False

    @classmethod
    @contextmanager
    def open(cls, workspace: Workspace, tell: Tell, *, verbose: bool = False) -> Iterator[Deployment]:
        """Have it for oneself.

        :raises DeployError: if neither Terraform nor OpenTofu is there, another command is at work, or nothing can be written down
        """
        program = find_program()
        with workspace.usable(), workspace.locked() as lock:
            workspace.check_saved()
            try:
                yield cls(workspace, program, lock, tell, verbose=verbose)
            finally:
                workspace.forget_plan()

    @property
    def is_begun(self) -> bool:
        return self._workspace.is_begun

    def plan(
        self, chosen: Mapping[str, Any], first: Mapping[str, Any], backend: Mapping[str, Any] | None = None
    ) -> Plan:
        """What there is to do so that all is there as chosen; what is not chosen stays as it was chosen before.

        :param chosen: values by variable; None takes one back to its default
        :param first: values that hold from the first time on unless others are chosen
        :param backend: where the state is to lie, as Terraform's block has it; None for where it is, or here
        :raises DeployError: if that cannot be found out, or what exists would be out of sight
        """
        self._workspace.lay_out(backend)
        self._initialize()
        found = self._outputs_of_something()
        place = self._place(found)
        self._check_place(place, chosen)
        told = self._workspace.told if self.is_begun else {**first, **(found.told if found else {})}
        return self._plan({**told, **chosen, **place}, found)

    def plan_removal(self) -> Plan:
        """What there is to do so that nothing is left.

        :raises DeployError: if that cannot be found out, or it would remove data that are to be kept
        """
        self._workspace.lay_out(None)
        self._initialize()
        return self._removal()

    def apply(self, plan: Plan) -> Outputs:
        """Carry out the plan that was made last.

        :raises DeployError: if that did not succeed; what was made so far is written down
        """
        self._workspace.keep()
        self._note_begun(plan, BEGUN)
        if failed := self._apply(plan):
            raise self._not_made(failed, plan.account)
        outputs = self.outputs()
        if outputs is None:
            raise DeployError(f"{self._program.name} has made all, but tells no settings. Run the command again.")
        self._workspace.note(phase=DONE)
        return outputs

    def note_configured(self) -> None:
        """The configuration says what is there now."""
        self._workspace.note(**{_BEFORE: None})

    def remove(self, plan: Plan) -> bool:
        """Carry out the plan of a removal that was made last.

        :returns: whether all is gone; if not, a bucket that is to be kept holds something, and is as safe as it was
        :raises DeployError: if something else is left
        """
        self._note_begun(plan, REMOVING)
        if plan.kept and self._leave_protections():
            plan = self._removal()
        if failed := self._apply(plan):
            if plan.kept and is_bucket_kept(failed.errors) and not self._is_broken_off:
                self._workspace.note(phase=KEPT)
                return False
            raise self._unfinished(failed, plan.account, "down")
        if left := self.resources():
            raise DeployError(f"Some of it is left: {', '.join(left)}. Run the command again.")
        return True

    def forget(self) -> None:
        """All of it is gone, and out of the configuration."""
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
        return Outputs.of(json.loads(self._ask("output", "-json")))

    def resources(self) -> list[str]:
        """Addresses of what there is, without what is only looked up."""
        listed = self._ask("state", "list", empty_if_missing=True).split()
        return [address for address in listed if not address.startswith("data.")]

    # Steps

    def _removal(self) -> Plan:
        found = self._outputs_of_something()
        told = self._workspace.told
        plan = self._plan({**told, **self._place(found)}, found, "-destroy")
        self._check_kept(plan, told)
        return plan

    def _outputs_of_something(self) -> Outputs | None:
        """None also if there are some, but nothing else."""
        is_refused = self._workspace.about.get("phase") == REFUSED
        return None if is_refused and not self.resources() else self.outputs()

    def _place(self, found: Outputs | None) -> dict[str, str]:
        """Where that is which there is, by variable: as the state has it, which may have come from elsewhere, or as it was told."""
        about, told = self._workspace.about, self._workspace.told
        if found is None and about.get("phase") == REFUSED:
            return {}
        place = {name: told.get(name) for name in self._module.place}
        place |= found.place if found else {}
        place[self._module.account] = (found.account if found else "") or about.get("account")
        return {name: value for name, value in place.items() if value}

    def _check_place(self, place: Mapping[str, str], chosen: Mapping[str, Any]) -> None:
        """:raises DeployError: if what exists would be out of sight"""
        name = next((name for name in place if name in chosen and chosen[name] != place[name]), None)
        if name is None:
            return
        if name == self._module.account:
            raise self._other_account(place[name], str(chosen[name]))
        option = f"--{name.replace('_', '-')}"
        raise DeployError(
            f"{self._module.executor} was deployed with {option}={place[name]}; under another one, what exists would be lost from "
            f"sight. Run 'covalent deploy down {self._module.executor}' first, or leave {option} out."
        )

    def _check_kept(self, plan: Plan, told: Mapping[str, Any]) -> None:
        """:raises DeployError: if the bucket does not know yet that it is to be kept"""
        bucket = self._module.bucket
        is_removed = bucket is not None and ("delete", bucket.address) in plan.changes
        if is_removed and not plan.kept and told.get("delete_data") is False:
            name = self._module.executor
            raise DeployError(
                f"--delete-data=false was said of {name}, but that 'up' has not come to its end: what is stored would be deleted. Nothing "
                f"was changed. Run 'covalent deploy up {name}' first, with --delete-data=true if it may be deleted."
            )

    def _leave_protections(self) -> bool:
        """Have a removal leave what makes the bucket safe: Terraform would take it away before it finds that the bucket holds something.

        The cloud removes it with the bucket. If the bucket stays, the next ``up`` says the same of it once more.

        :returns: whether there was any, so that the plan no longer fits
        """
        bucket = self._module.bucket
        known = bucket.protections if bucket else frozenset()
        found = [address for address in self.resources() if address.partition("[")[0] in known]
        if found:
            self._ask("state", "rm", *found)
        return bool(found)

    def _other_account(self, account: str, other: str) -> DeployError:
        noun = self._module.account_noun
        return DeployError(
            f"{self._module.executor} is deployed in the {self._module.cloud} {noun} {account}, not in {other}. Nothing was changed. Use "
            f"credentials of {account}; to have one in {other} as well, give it a data directory of its own in COVALENT_DATA_DIR."
        )

    def _note_begun(self, plan: Plan, phase: str) -> None:
        """From now on the state may lose what the configuration was written from, and with it what is to be taken out of there."""
        before = plan.before.kept() if plan.before else None
        self._workspace.note(phase=phase, account=plan.account, **{_BEFORE: before})

    def _initialize(self, *options: str) -> None:
        report = Report(self._tell, self._verbose)
        lines: list[str] = []

        def heard(line: str) -> None:
            lines.append(line)
            report(line)

        if not self._run(["init", "-input=false", "-no-color", *options], heard):
            return
        said = " ".join(lines)
        if options or not _OUTDATED.search(said):
            raise DeployError(explained(self._program, self._module, said))
        self._initialize("-upgrade")

    def _plan(self, values: Mapping[str, Any], found: Outputs | None, *options: str) -> Plan:
        self._workspace.tell(values)
        account = str(values.get(self._module.account) or "")
        report = Report(self._tell, self._verbose)
        arguments = ["plan", "-json", "-input=false", f"-var-file={ws.NEXT}", f"-out={ws.PLAN}", *options]
        if self._run(arguments, report):
            raise self._failed(report, account)
        bucket = self._module.bucket
        plan = Plan.of(json.loads(self._ask("show", "-json", ws.PLAN)), bucket.address if bucket else "")
        if account and plan.account and plan.account != account:
            raise self._other_account(account, plan.account)
        kept = self._workspace.about.get(_BEFORE)
        return replace(plan, account=plan.account or account, before=Outputs.restored(kept) if kept else found)

    def _apply(self, plan: Plan) -> Report | None:
        """What it reported, if it failed."""
        report = Report(self._tell, self._verbose, plan.steps)
        return report if self._run(["apply", "-json", "-input=false", ws.PLAN], report, is_making=True) else None

    def _not_made(self, report: Report, account: str) -> DeployError:
        """What is to be said of an ``up`` that failed. If it has made nothing, the next one may be for another place."""
        if not self._is_surely_empty(report):
            return self._unfinished(report, account, "up")
        self._workspace.note(phase=REFUSED)
        return DeployError(
            f"{self._failed(report, account)}\nNothing was made. When that is mended, run 'covalent deploy up {self._module.executor}' "
            "again, with other options if need be; what you do not say stays as you said it."
        )

    def _is_surely_empty(self, report: Report) -> bool:
        # What was broken off, or ended without a reason, may have made something that is written down nowhere.
        if self._is_broken_off or not report.errors or (self._workspace.directory / ws.UNSAVED).exists():
            return False
        try:
            return not self.resources()
        except DeployError:
            return False

    def _unfinished(self, report: Report, account: str, command: str) -> DeployError:
        executor = self._module.executor
        error = self._failed(report, account)
        go_on = f"Run 'covalent deploy {command} {executor}' again to go on"
        other = f", or 'covalent deploy down {executor}' to remove what is there" if command == "up" else ""
        unknown = sorted(report.unfinished - {*self.resources()}) if self._is_broken_off else []
        but = f", but it may have made these without knowing: {', '.join(unknown)}" if unknown else ""
        return DeployError(f"{error}\nWhat was done so far is written down{but}. {go_on}{other}.")

    def _failed(self, report: Report, account: str) -> DeployError:
        said = "\n".join(report.errors) or f"It gave no reason; see {self._workspace.directory / ws.LOG}."
        return DeployError(explained(self._program, self._module, said, account))

    def _run(self, arguments: Sequence[str], heard: Tell, *, is_making: bool = False) -> int:
        """:raises DeployError: if somebody stopped what changes nothing"""
        name = self._program.name

        def stopping(is_handed_on: bool) -> None:
            self._is_broken_off = is_handed_on
            if is_handed_on:
                self._tell(f"Stopping {name}, which still writes down what there is. Once more ends it at once.")
            else:
                self._tell(
                    f"{name} goes on to its end: what it is doing right now would be lost from sight. Once more breaks it off."
                )

        command = [self._program.path, *arguments]
        directory = self._workspace.directory
        code = follow(command, directory, directory / ws.LOG, self._lock, heard, stopping, is_making=is_making)
        if self._is_broken_off and not is_making:
            raise DeployError(f"Stopped before anything of {self._module.executor} was changed.")
        return code

    def _ask(self, *arguments: str, empty_if_missing: bool = False) -> str:
        """What a command prints that changes nothing."""
        done = subprocess.run(
            [self._program.path, *arguments],
            cwd=self._workspace.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return done.stdout
        if empty_if_missing and "No state file was found" in done.stderr:
            return ""
        raise DeployError(explained(self._program, self._module, done.stderr))
