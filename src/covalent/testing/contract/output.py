"""Cases: what a task prints is kept, and can be read while it runs."""

# ruff: noqa: T201 - printing is what is tested

from __future__ import annotations

import hashlib
import os
import sys
import time
from typing import NoReturn

from ...client.server import connect
from ...states import Cause
from ..harness import LOOK_S
from .lab import Lab, Run

LINE = "0123456789abcdef " * 6 + "☃\n"
LINES = 10_000


class OutputCases:
    def test_output_and_errors_are_kept_apart(self, lab: Lab) -> None:
        def speak() -> None:
            print("naïve ☃")
            print("wörried", file=sys.stderr)
            sys.stdout.flush()
            os.system("echo from a child")  # noqa: S605 - a command of our own

        run = lab.run(lab.task(speak))
        assert run.log("stdout") == "naïve ☃\nfrom a child\n"
        assert run.log("stderr") == "wörried\n"

    def test_a_megabyte_of_output_is_kept_whole(self, lab: Lab) -> None:
        def speak(line: str, lines: int) -> None:
            for _ in range(lines):
                sys.stdout.write(line)

        run = lab.run(lab.task(speak), LINE, LINES)
        found = run.log("stdout").encode()
        assert len(found) > 1_000_000
        assert hashlib.sha256(found).digest() == hashlib.sha256(LINE.encode() * LINES).digest()

    def test_what_a_failed_task_printed_is_kept(self, lab: Lab) -> None:
        def stumble() -> NoReturn:
            print("so far so good")
            raise ValueError("no such thing")

        run = lab.run(lab.task(stumble))
        run.failed_with(Cause.USER)
        assert run.log("stdout") == "so far so good\n"

    def test_what_a_task_printed_before_its_process_ended_is_kept(self, lab: Lab) -> None:
        def fall() -> None:
            print("last words", flush=True)
            os._exit(1)

        run = lab.run(lab.task(fall))
        run.failed_with(Cause.USER)
        assert run.log("stdout") == "last words\n"

    def test_output_can_be_read_while_the_task_runs(self, lab: Lab) -> None:
        hold = lab.witness.hold

        def speak() -> None:
            for word in ("one", "two"):
                print(word, flush=True)
                hold(word)

        run = lab.start(lab.task(speak))
        lab.witness.wait_for("one", within_s=lab.limits.patience_s)
        self._wait_for_log(lab, run, "one\n")
        lab.witness.let_go("one")
        lab.witness.wait_for("two", within_s=lab.limits.patience_s)
        self._wait_for_log(lab, run, "one\ntwo\n")
        lab.witness.let_go("two")
        assert run.ended().log("stdout") == "one\ntwo\n"

    @staticmethod
    def _wait_for_log(lab: Lab, run: Run, text: str) -> None:
        deadline = time.monotonic() + lab.limits.patience_s
        while (part := connect().log(run.id, 0, "stdout")).data.decode() != text:
            assert time.monotonic() < deadline, f"read {part.data!r} while the task runs"
            time.sleep(LOOK_S)
        assert not part.complete
