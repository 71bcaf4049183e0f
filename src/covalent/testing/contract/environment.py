"""Cases: what must be there before a task runs, and what is said if it is not."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import covalent as ct

from ...client.submit import submit
from ...states import Cause
from .faults import Faults
from .lab import Lab

#: No package comes from here, and no index has to be asked to find that out.
IMPOSSIBLE = "covalent-contract @ file:///no/such/place/covalent_contract-1.0-py3-none-any.whl"


class EnvironmentCases:
    installed: ClassVar[str]

    def test_commands_run_before_the_task(self, lab: Lab) -> None:
        path = f"/tmp/covalent-contract-{uuid.uuid4()}"  # noqa: S108 - where the task runs, not here

        def read() -> str:
            file = Path(path)
            text = file.read_text()
            file.unlink()
            return text

        commands = [f"echo one > {path}", f"echo two >> {path}"]
        assert lab.run(lab.task(read, deps_bash=ct.DepsBash(commands))).value == "one\ntwo\n"

    def test_a_command_that_fails_is_named_with_what_it_said(self, lab: Lab) -> None:
        tell = lab.witness.tell
        task = lab.task(lambda: tell("ran"), deps_bash=ct.DepsBash(["echo no such luck >&2; exit 3"]))
        message = lab.run(task).failed_with(Cause.ENVIRONMENT)
        assert "exit 3" in message
        assert "no such luck" in message
        assert lab.witness.count("ran") == 0

    def test_packages_that_are_there_are_no_hindrance(self, lab: Lab) -> None:
        assert lab.run(lab.task(lambda: 1, deps_pip=ct.DepsPip([self.installed]))).value == 1

    def test_packages_that_cannot_be_had_are_told_in_the_installers_words(self, lab: Lab) -> None:
        tell = lab.witness.tell
        run = lab.run(lab.task(lambda: tell("ran"), deps_pip=ct.DepsPip([IMPOSSIBLE])))
        assert "/no/such/place" in run.failed_with(Cause.ENVIRONMENT)
        assert lab.witness.count("ran") == 0

    def test_another_python_is_found_before_anything_runs(self, lab: Lab) -> None:
        tell = lab.witness.tell
        submission = ct.lattice(lab.task(lambda: tell("ran"))).build_graph()
        other = replace(submission, graph=replace(submission.graph, python="3.7.1"))
        message = lab.follow(submit(other)).ended().failed_with(Cause.ENVIRONMENT)
        assert {"3.7"} < set(re.findall(r"\b3\.\d+", message)), f"both versions are to be named: {message}"
        assert lab.witness.count("ran") == 0

    def test_an_image_that_cannot_be_had_is_named(self, lab: Lab, faults: Faults) -> None:
        with faults.bad_image() as options:
            run = lab.run(lab.task(lambda: 1, executor=lab.executor(**options)))
        message = run.failed_with(Cause.IMAGE)
        assert any(str(value) in message for value in options.values()), message
