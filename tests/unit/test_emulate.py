"""Parts of the emulators that need none to run."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from click.testing import CliRunner, Result

from covalent.cli.emulate import emulate
from covalent.emulator.aws.batch.listing import page
from covalent.emulator.aws.batch.retry import Failure, wants_again
from covalent.emulator.aws.operation import identify
from covalent.emulator.aws.refusal import RefusalError
from covalent.emulator.faults import KINDS, Faults, Hold, LoseHost, Refuse, Throttle, Unreachable, parse_fault
from covalent.emulator.hosts.base import Ended, Verdict
from covalent.emulator.hosts.lines import Lines
from covalent.emulator.hosts.running import Running
from covalent.emulator.http import Request
from covalent.errors import EmulatorError
from tests.support.emulated_batch import shell

# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emulate, arguments)


def test_a_cloud_that_is_not_emulated_is_refused_and_those_that_are_are_named():
    ran = run("oracle")
    assert ran.exit_code == 2
    assert "There is no emulator of 'oracle'. This version emulates: aws, google, azure." in ran.output


def test_the_help_names_every_fault():
    helped = " ".join(run("aws", "--help").output.split())
    assert all(kind in helped for kind in KINDS)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--fault=flood", "There is no fault 'flood'."),
        ("--fault=throtle", "Did you mean 'throttle'?"),
        ("--fault=throttle,count=many", "Expected `int"),
        ("--fault=throttle,count=0", "Expected `int` >= 1"),
        ("--fault=slow_start,seconds=-1", "Expected `float` >= 0.0"),
        ("--fault=slow_start", "missing required field `seconds`. slow_start takes seconds."),
        ("--fault=hold,why=x", "hold takes reason."),
        ("--slots=0", "not in the range x>=1"),
        ("--containers=lxc", "'lxc' is not one of 'none', 'podman', 'docker'"),
        ("--port=70000", "not in the range 0<=x<=65535"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(option, message):
    ran = run("aws", option)
    assert ran.exit_code == 2
    assert message in " ".join(ran.output.split())


# Faults


def test_a_fault_is_read_as_the_command_line_has_it():
    text = "refuse,operation=s3:PutObject,code=AccessDenied,message=No, not this, never,count=2,caller=*"
    wanted = Refuse(operation="s3:PutObject", code="AccessDenied", message="No, not this, never", count=2, caller="*")
    assert parse_fault(text) == wanted
    assert parse_fault("throttle,count=null").count is None
    assert parse_fault("lose_host,after_s=1.5") == LoseHost(after_s=1.5)
    with pytest.raises(EmulatorError, match="Invalid enum value 'nobody'"):
        parse_fault("throttle,caller=nobody")


@pytest.mark.parametrize(
    ("operation", "hit"),
    [
        ("*", True),
        ("PutObject", True),
        ("s3:PutObject", True),
        ("S3:*", True),
        ("batch:*", False),
        ("GetObject", False),
    ],
)
def test_a_fault_hits_the_operations_that_it_names(operation, hit):
    faults = Faults()
    faults.add(Throttle(operation=operation, count=None))
    assert bool(faults.of_call("s3", "PutObject", "client")) == hit
    assert faults.of_call("s3", "PutObject", "job") is None


def test_faults_are_used_up_in_the_order_in_which_they_were_added():
    faults = Faults()
    faults.add(Throttle(count=1))
    faults.add(Refuse(code="A", count=1))
    kinds = [type(faults.of_call("s3", "PutObject", "client")) for _ in range(3)]
    assert kinds == [Throttle, Refuse, type(None)]


def test_an_outage_ends_by_itself_and_a_hold_does_not():
    now = 0.0
    faults = Faults(lambda: now)
    faults.add(Unreachable(seconds=5))
    faults.add(Hold(reason="full"))
    assert faults.is_unreachable()
    now = 5.0
    assert not faults.is_unreachable()
    assert faults.hold() == "full"
    faults.clear("hold")
    assert faults.hold() is None


# Operations


@pytest.mark.parametrize(
    ("method", "target", "service", "name"),
    [
        ("POST", "/v1/submitjob", "batch", "SubmitJob"),
        ("POST", "/v1/tags/arn%3Aaws%3Abatch", "batch", "TagResource"),
        ("GET", "/", "s3", "ListBuckets"),
        ("GET", "/bucket?list-type=2&prefix=a", "s3", "ListObjectsV2"),
        ("PUT", "/bucket/a/b", "s3", "PutObject"),
        ("POST", "/bucket/a?uploads", "s3", "CreateMultipartUpload"),
        ("PUT", "/bucket/a?partNumber=1&uploadId=x", "s3", "UploadPart"),
        ("POST", "/bucket?delete", "s3", "DeleteObjects"),
    ],
)
def test_an_operation_is_known_by_its_place(method, target, service, name):
    path, _, query = target.partition("?")
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential=KEY/20260101/eu-west-1/{service}/aws4_request, SignedHeaders="
    }
    request = Request(method=method, path=path, query=query, headers=headers, body=b"", client="127.0.0.1")
    assert identify(request) == (service, name, "KEY", "eu-west-1")


# Attempts and pages


@pytest.mark.parametrize(
    ("conditions", "again"),
    [
        ([], True),
        ([{"onExitCode": "1", "action": "EXIT"}], False),
        ([{"onExitCode": "2", "action": "EXIT"}], True),
        ([{"onExitCode": "1*", "onReason": "Out*", "action": "EXIT"}], True),
        ([{"onReason": "", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}], True),
        ([{"onStatusReason": "essential*", "action": "EXIT"}], True),
    ],
)
def test_the_first_condition_that_matches_decides_and_without_one_there_is_another_attempt(conditions, again):
    failure = Failure(status_reason="Essential container in task exited", reason="", exit_code=1)
    strategy = {"attempts": 2, "evaluateOnExit": conditions}
    assert wants_again(strategy, 1, failure) == again
    assert not wants_again(strategy, 2, failure)


def test_pages_cover_everything_once():
    found: list[int] = []
    token = None
    while True:
        items, token = page(range(7), 3, token)
        found += items
        if token is None:
            break
    assert found == list(range(7))
    with pytest.raises(RefusalError):
        page(range(7), 3, "%%")


# Following a process


class Child:
    """A process of this test's own."""

    def __init__(self, script: str) -> None:
        self._popen = subprocess.Popen(shell(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert self._popen.stdout is not None
        self.pid = self._popen.pid
        self.output = os.dup(self._popen.stdout.fileno())
        self.errors = None
        self.occupied_mib = 0.0

    def exit_code(self) -> int | None:
        return self._popen.poll()

    def memory_mib(self) -> float:
        return self.occupied_mib

    def terminate(self) -> None:
        self._popen.terminate()

    def kill(self) -> None:
        self._popen.kill()

    def clean_up(self) -> None:
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def end(self, exit_code: int, output: bytes) -> Ended:
        return Ended(exit_code=exit_code)


def follow(child: Child, timeout_s: float | None = None) -> tuple[Ended, bytes]:
    lines: list[bytes] = []
    running = Running(child, memory_mib=100, timeout_s=timeout_s, stop_timeout_s=0.3)
    return running.follow(Lines(lines.extend)), b" ".join(lines)


def test_output_arrives_in_lines_and_without_empty_ones():
    assert follow(Child(r"printf 'one\n\ntwo\nthr'; printf ee")) == (Ended(exit_code=0), b"one two three")


def test_what_runs_too_long_is_asked_to_end_and_can_still_say_something():
    script = "trap 'echo asked; exit 3' TERM; while :; do sleep 0.05; done"
    ended, printed = follow(Child(script), timeout_s=0.2)
    assert (ended, printed) == (Ended(exit_code=3, verdict=Verdict.TIMED_OUT), b"asked")


def test_what_does_not_end_when_asked_is_killed():
    script = "trap '' TERM; while :; do sleep 0.05; done"
    ended, _ = follow(Child(script), timeout_s=0.1)
    assert ended == Ended(exit_code=-signal.SIGKILL, verdict=Verdict.TIMED_OUT)


def test_what_occupies_too_much_memory_is_killed_at_once():
    child = Child("trap '' TERM; while :; do sleep 0.05; done")
    child.occupied_mib = 101
    ended, _ = follow(child)
    assert ended.verdict is Verdict.OUT_OF_MEMORY
