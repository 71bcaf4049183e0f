"""What a task prints, on its way into a service's log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from covalent.runner.cloud import echo
from covalent.runner.cloud.echo import LINE_BYTES, Echo

MARK = b"\x1e"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "stdout", tmp_path / "stderr"
    for path in found:
        path.touch()
    return found


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    found = bytearray()
    monkeypatch.setattr(echo, "_write", found.extend)
    return found


@pytest.fixture
def show(files: tuple[Path, Path], shown: bytearray) -> Callable[[bytes, bytes], list[bytes]]:
    echo = Echo(*map(str, files))

    def show(stdout: bytes, stderr: bytes) -> list[bytes]:
        """All lines that were shown so far."""
        for path, text in zip(files, (stdout, stderr), strict=True):
            with path.open("ab") as file:
                file.write(text)
        echo._copy(to_the_end=True)
        return bytes(shown).splitlines(keepends=True) if b"\r" not in shown else bytes(shown).split(b"\n")

    return show


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_lines_are_broken_where_they_get_too_long_and_keep_their_mark(show, more):
    text = b"x" * (LINE_BYTES + more)
    broken = [b"x" * LINE_BYTES + b"\n", b"x\n"] if more > 0 else [text + b"\n"]
    assert show(text + b"\n", text + b"\n") == broken + [MARK + line for line in broken]


def test_a_line_that_grows_is_broken_as_well(show):
    part = b"x" * (LINE_BYTES // 2)
    for _ in range(3):
        lines = show(b"", part)
    assert lines == [MARK + 2 * part + b"\n", MARK + part]
    assert show(b"out\n", b"") == [MARK + 2 * part + b"\n", MARK + part + b"\n", b"out\n"]


def test_a_progress_bar_is_broken_between_its_states(show):
    state = b"\r" + b"#" * 99
    lines = show(b"", state * (3 * LINE_BYTES // 100))
    assert all(line.startswith(MARK) and len(line) <= LINE_BYTES + 1 for line in lines)
    assert all(line.endswith(b"\r") for line in lines[:-1])
    assert b"".join(line[1:] for line in lines) == state * (3 * LINE_BYTES // 100)


def test_no_character_is_broken(show):
    text = "x" + "é" * LINE_BYTES
    lines = show(text.encode(), b"")
    assert "".join(line.decode().removesuffix("\n") for line in lines) == text


def test_what_is_no_text_passes_too(show):
    assert b"".join(show(b"\r" + b"\x80" * 3 * LINE_BYTES, b"")).replace(b"\n", b"").count(b"\x80") == 3 * LINE_BYTES
