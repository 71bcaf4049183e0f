"""What ``covalent doctor --json`` says, as tests look at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from covalent.testing.emulated import Emulated
from tests.support.user import command


@dataclass(frozen=True, kw_only=True)
class Report:
    text: str  #: All that was printed, to both streams.
    code: int
    checks: Mapping[str, Mapping[str, Any]]  #: Of the executor, by name.

    def state(self, check: str) -> str:
        return str(self.checks[check]["state"])

    @property
    def troubles(self) -> Mapping[str, str | None]:
        """The troubles of the checks that failed, by name of the check."""
        return {name: found["trouble"] for name, found in self.checks.items() if found["state"] == "failed"}

    def mend(self, check: str) -> str:
        return str(self.checks[check]["mend"])


def check_one_failure(report: Report, check: str, trouble: str, mend: str) -> None:
    """This check is all that failed, with this trouble, and what mends it is said."""
    assert report.troubles == {check: trouble}
    assert mend in report.mend(check)


def settings(executor: str, options: Mapping[str, Any]) -> str:
    """A configuration file."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    return "\n".join([f"[executors.{executor}]", *lines, ""])


def examined(executor: str, environment: Mapping[str, str], *arguments: str) -> Report:
    """What the command finds with these variables."""
    done = command("doctor", executor, "--json", *arguments, environment=environment)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is (done.returncode == 0)
    checks = {found["check"]: found for found in report["checks"] if found["of"] == executor}
    assert all(found["mend"] for found in checks.values() if found["state"] == "failed"), checks
    return Report(text=done.stdout + done.stderr, code=done.returncode, checks=checks)


def without_keys(cloud: Emulated, *endings: str) -> dict[str, str]:
    """The variables that lead to an emulator, without those that end like this."""
    return {name: value for name, value in cloud.environment.items() if not name.endswith(endings)}
