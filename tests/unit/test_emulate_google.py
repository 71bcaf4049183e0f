"""Parts of the emulator of Google Cloud that need none to run."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from google.cloud.logging_v2.types import LogEntry

from covalent.cli.emulate import emulate
from covalent.emulator.google.filters import compile_filter
from covalent.emulator.google.identity import Account
from covalent.emulator.google.refusal import RefusalError
from covalent.emulator.google.storage.ranges import part
from covalent.emulator.options import parse_options
from covalent.errors import EmulatorError


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--fault=flood", "There is no fault 'flood'."),
        ("--fault=exit_with", "missing required field `exit_code`"),
        ("--service-account=x@y=mute", "is no service account"),
        ("--service-account=x@y=silent:soon", "is no service account"),
        ("--secret=name", "is no secret. Write NAME=VALUE."),
        ("--grpc-port=70000", "not in the range 0<=x<=65535"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(option, message):
    ran = CliRunner().invoke(emulate, ["google", option])
    assert ran.exit_code == 2
    assert message in " ".join(ran.output.split())


def test_an_account_may_be_silent_for_a_time():
    assert Account.parse("x@y") == Account(email="x@y")
    assert Account.parse("x@y=silent").silent_s == 1080
    assert Account.parse("x@y=silent:2.5") == Account(email="x@y", silent_s=2.5)
    with pytest.raises(EmulatorError):
        Account.parse("=silent")


# Filters


def entry() -> object:
    found = LogEntry.pb()(
        log_name="projects/p/logs/l", text_payload='say "hi"', severity=500, labels={"job_uid": "u-1", "a.b": "c"}
    )
    found.timestamp.FromJsonString("2026-11-21T05:00:00.123456789Z")
    return found


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ('logName="projects/p/logs/l"', True),
        ("log_name=projects/p/logs/l", True),
        ('logName="projects/p/logs/other"', False),
        ("labels.job_uid=u-1", True),
        ('labels.a.b="c" labels.job_uid!="u-2"', True),
        ("labels.missing=x", False),
        ('labels.job_uid:"U-"', True),
        ('labels.job_uid=~"^u-[0-9]$"', True),
        ('labels.job_uid!~"^u-[0-9]$"', False),
        ("severity>=ERROR", True),
        ("severity<error", False),
        ('textPayload="say \\"hi\\""', True),
        ('timestamp="2026-11-21T05:00:00.123456789Z"', True),
        ('timestamp>"2026-11-21T05:00:00.123456788Z"', True),
        ('timestamp<"2026-11-21T06:00:00+01:00"', False),
        ("severity=INFO OR labels.job_uid=u-1", True),
        ("NOT severity=INFO AND (labels.job_uid=u-1 OR labels.job_uid=u-2)", True),
        ("NOT (severity=ERROR)", False),
    ],
)
def test_a_filter_fits_what_it_says(text, fits):
    assert compile_filter(text)(entry()) is fits


@pytest.mark.parametrize(
    "text",
    [
        "severity",
        "severity=",
        "=ERROR",
        "(severity=ERROR",
        "severity=ERROR)",
        "severity=LOUD",
        "nothing=1",
        "resource=1",
        'timestamp>"soon"',
        'textPayload=~"("',
        '"unfinished',
        "a=1 AND",
    ],
)
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(RefusalError) as refused:
        compile_filter(text)(entry())
    assert refused.value.grpc_code == "INVALID_ARGUMENT"


# Options of containers


def test_options_limit_a_container():
    options = parse_options("-m 2g --shm-size=512M --cpus 1.5 --init -e A=b=c --gpus all --privileged --entrypoint /x")
    assert (options.memory_mib, options.shared_memory_mib, options.cpus, options.has_init) == (2048, 512, 1.5, True)
    assert (options.environment, options.entrypoint) == ({"A": "b=c"}, "/x")
    assert parse_options("").memory_mib is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("--memory=much", "invalid size: 'much'"),
        ("--memory", "flag needs an argument: --memory"),
        ("--cpus=x", 'invalid argument "x"'),
        ("--no-such", "unknown flag: --no-such"),
        ("image", "unknown argument"),
        ("--env 'A", "No closing quotation"),
    ],
)
def test_options_that_docker_would_not_take_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_options(text)


# Ranges


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, (b"01234", 200)),
        ("bytes=1-2", (b"12", 206)),
        ("bytes=3-", (b"34", 206)),
        ("bytes=-2", (b"34", 206)),
        ("bytes=-9", (b"01234", 206)),
        ("bytes=2-99", (b"234", 206)),
        ("lines=1-2", (b"01234", 200)),
    ],
)
def test_a_part_is_what_the_header_names(wanted, found):
    assert part(b"01234", wanted)[:2] == found


@pytest.mark.parametrize(("data", "wanted"), [(b"01234", "bytes=5-"), (b"01234", "bytes=3-2"), (b"", "bytes=0-0")])
def test_what_is_outside_is_refused(data, wanted):
    with pytest.raises(RefusalError) as refused:
        part(data, wanted)
    assert refused.value.status == 416
