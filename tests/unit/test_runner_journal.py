"""Messages and journals: what a worker writes is what is read, whatever happens to it on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from covalent.executor.local.afterlife import is_locked, read_ledger
from covalent.runner import wire
from covalent.runner.journal import SLACK_BYTES, Journal
from covalent.runner.processes import start_mark

HELLO = {"pid": os.getpid(), "mark": "now"}
DIGEST = "a" * 64

messages = st.builds(
    wire.encode,
    st.integers(0, 255),
    st.integers(0, 2**64 - 1),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
    st.lists(st.binary(max_size=50), max_size=3),
)


def start(node: int) -> dict[str, object]:
    return {"group": "g", "node": node, "attempt": 1, "at": 1.5}


def outcome(journal: Journal, node: int, data: bytes = b"") -> bytes:
    header = {"group": "g", "node": node, "attempt": 1, "status": "COMPLETED", "output": [DIGEST, len(data), 0]}
    return wire.encode(wire.OUTCOME, journal.written + 1, header, [data])


def finish(journal: Journal, node: int, data: bytes = b"") -> None:
    journal.start(start(node))
    journal.outcome(outcome(journal, node, data))


def finished(file: Path) -> list[int]:
    return [key[1] for key in read_ledger(file).finished]


@given(messages)
def test_a_message_is_read_as_it_was_written(message: bytes) -> None:
    found = wire.decode(message)
    assert wire.PREFIX.pack(found.kind, found.number, len(found.header)) + found.header + found.data == message


@given(st.binary(max_size=60))
def test_nonsense_is_refused_or_read_without_harm(content: bytes) -> None:
    try:
        found = wire.decode(content)
    except ValueError:
        return
    assert len(found.header) + len(found.data) == len(content) - wire.PREFIX.size


@given(st.lists(messages, max_size=5), st.integers(0, 400))
def test_records_that_were_cut_off_hide_nothing_before_them(written: list[bytes], cut: int) -> None:
    content = b"".join(map(wire.record, written))
    kept = content[: max(0, len(content) - cut)]
    found = list(wire.records(kept))
    assert len(found) <= len(written)
    for message, original in zip(found, written, strict=False):
        assert message == wire.decode(original)
    complete, at = 0, 0
    for message in written:
        at += len(wire.record(message))
        complete += at <= len(kept)
    assert len(found) == complete


@given(st.binary(max_size=300))
def test_a_file_of_nonsense_has_records_or_none_but_never_an_error(content: bytes) -> None:
    list(wire.records(content))


def test_a_journal_tells_what_was_begun_and_what_was_finished(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    finish(journal, 1, b"value")
    journal.start(start(2))
    ledger = read_ledger(tmp_path / "j")
    assert ledger.hello is not None
    assert ledger.hello.pid == os.getpid()
    assert list(ledger.finished) == [("g", 1, 1)]
    assert bytes(ledger.finished["g", 1, 1].data) == b"value"
    assert (ledger.current, ledger.current_since) == (("g", 2, 1), 1.5)
    journal.close()


def test_a_task_that_was_withdrawn_was_never_begun(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    journal.start(start(1))
    journal.withdraw()
    assert read_ledger(tmp_path / "j").keys == set()
    journal.close()


def test_stored_outcomes_are_known_to_be_stored_by_the_next_start(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    for node in range(4):
        finish(journal, node)
    journal.acknowledge(3)
    journal.start(start(4))
    assert finished(tmp_path / "j") == [3]
    journal.close()


def test_a_tidy_journal_holds_nothing_that_is_stored(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    empty = (tmp_path / "j").stat().st_size
    for node in range(4):
        finish(journal, node)
    journal.acknowledge(4, tidy=True)
    assert (tmp_path / "j").stat().st_size == empty
    finish(journal, 9)
    assert finished(tmp_path / "j") == [9]
    journal.close()


@given(st.data())
def test_an_outcome_leaves_the_journal_only_when_it_is_stored(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "j")
        journal = Journal(str(file), HELLO)
        acknowledged = 0
        for node in range(data.draw(st.integers(1, 12))):
            finish(journal, node, bytes(data.draw(st.sampled_from([0, 10, SLACK_BYTES // 3]))))
            acknowledged = data.draw(st.integers(acknowledged, node + 1))
            journal.acknowledge(acknowledged, tidy=data.draw(st.booleans()))
            assert set(finished(file)) >= set(range(acknowledged, node + 1))
        assert file.stat().st_size < 2 * SLACK_BYTES + sum(
            len(wire.record(bytes(m.header) + bytes(m.data))) for m in read_ledger(file).finished.values()
        )
        journal.close()


def test_a_long_journal_is_shortened_while_outcomes_are_still_open(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    for node in range(200):
        finish(journal, node, bytes(10_000))
        journal.acknowledge(max(0, node - 5))
    assert (tmp_path / "j").stat().st_size < SLACK_BYTES + 8 * 10_500
    assert set(finished(tmp_path / "j")) >= set(range(194, 200))
    assert is_locked(tmp_path / "j")
    assert not list(tmp_path.glob("*.new"))
    journal.close()


def test_a_journal_is_locked_for_as_long_as_its_worker_lives(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    finish(journal, 1)
    assert is_locked(tmp_path / "j")
    assert journal.close() is False
    assert not is_locked(tmp_path / "j")
    assert finished(tmp_path / "j") == [1]


def test_a_journal_that_nobody_needs_goes_with_its_worker(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "j"), HELLO)
    finish(journal, 1)
    journal.acknowledge(1)
    assert journal.close() is True
    assert not (tmp_path / "j").exists()


def test_a_missing_journal_says_nothing(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "none").keys == set()
    assert not is_locked(tmp_path / "none")


def test_a_disk_without_room_leaves_no_half_records(tmp_path: Path) -> None:
    program = f"""
import resource, signal, sys
from covalent.runner import wire
from covalent.runner.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal({str(tmp_path / "j")!r}, {HELLO!r})
for node, size, limit in ((1, 1000, -1), (2, 10_000, 4000), (3, 0, -1)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))
    header = {{"group": "g", "node": node, "attempt": 1, "status": "COMPLETED", "output": [{DIGEST!r}, size, 0]}}
    try:
        journal.outcome(wire.encode(wire.OUTCOME, node, header, [bytes(size)]))
    except OSError:
        print("no room for", node)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said == "no room for 2\n"
    assert finished(tmp_path / "j") == [1, 3]


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    assert start_mark(os.getpid()) == start_mark(os.getpid()) != ""
    assert start_mark(1) != start_mark(os.getpid())
    assert start_mark(2**22 + 1) == ""
