"""What the documentation shows is run: Python and shell blocks for real, make and pip lines against what there is."""

from __future__ import annotations

import codeop
import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections import Counter
from pathlib import Path

import psutil
import pytest

from covalent.config import get_config
from tests.support.server import isolated

from .blocks import LANGUAGES, Block, blocks_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md"))))
BLOCKS = {page: blocks_of(ROOT / page, page) for page in PAGES}
EVERY_BLOCK = [block for blocks in BLOCKS.values() for block in blocks]

#: Pages with blocks that cannot be run, and how many of them.
ALLOWED_EXEMPTIONS = {
    "docs/how-to/server.md": 1,
    "docs/how-to/awsbatch.md": 1,
    "docs/from-zero-to-cloud.md": 6,  # as one, by benchmarks/from_zero.py
}

PAGE_TIMEOUT_S = 240


def is_setup(block: Block) -> bool:
    """Whether all it does is call make or install packages."""
    commands = [shlex.split(line, comments=True) for line in block.code.splitlines()]
    return block.language == "bash" and all(c[:1] == ["make"] or c[:2] == ["pip", "install"] for c in commands if c)


def is_run(block: Block) -> bool:
    return (block.language in ("python", "bash") or block.is_output) and not block.not_run and not is_setup(block)


@pytest.mark.slow
@pytest.mark.timeout(PAGE_TIMEOUT_S + 30)
@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_run, BLOCKS[page]))])
def test_the_code_on_a_page_works_as_it_stands(page, tmp_path):
    environment = os.environ | isolated(tmp_path)
    environment["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{environment['PATH']}"
    steps = [
        {"place": str(b), "language": b.language, "code": b.code, "is_output": b.is_output}
        for b in BLOCKS[page]
        if is_run(b)
    ]
    (tmp_path / "blocks.json").write_text(json.dumps(steps))
    script = Path(__file__).with_name("run_page.py")
    command = [sys.executable, str(script), "blocks.json"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as running:
        try:
            _, complaints = running.communicate(timeout=PAGE_TIMEOUT_S)
        finally:
            subprocess.run(["covalent", "stop"], env=environment, capture_output=True, timeout=60)
            end_session(running.pid)
    assert running.returncode == 0, complaints.decode()


def end_session(leader: int) -> None:
    """End what a page has left running in the background."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == leader:
                process.terminate()


@pytest.mark.parametrize("block", [b for b in BLOCKS["docs/tutorial.md"] if b.language == "python"], ids=str)
def test_the_tutorial_can_be_pasted_at_the_prompt_where_an_empty_line_ends_a_function(block):
    typed: list[str] = []
    for line in [*block.code.splitlines(), ""]:
        typed.append(line)
        if codeop.compile_command("\n".join(typed)) is not None:
            typed = []
    assert typed == []


@pytest.mark.parametrize("block", [b for b in EVERY_BLOCK if is_setup(b)], ids=str)
def test_make_targets_and_extras_that_the_pages_name_exist(block):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for program, *arguments in (shlex.split(line, comments=True) for line in block.code.splitlines() if line.strip()):
        if program == "make":
            named = {a for a in arguments if "=" not in a}
            assert named <= targets, f"{block}: the Makefile has no target {named - targets}"
        for name, extras in re.findall(r"([\w.-]+)\[([\w,]+)\]", " ".join(arguments)):
            assert name in (project["name"], "."), f"{block}: this is not the package {name}"
            assert set(extras.split(",")) <= set(project["optional-dependencies"]), f"{block}: there is no such extra"


@pytest.mark.parametrize("block", [b for b in EVERY_BLOCK if b.language == "toml"], ids=str)
def test_configuration_that_the_pages_show_is_accepted(block, covalent_home):
    (covalent_home / "config" / "covalent.conf").write_text(block.code)
    assert get_config()


@pytest.mark.parametrize("block", [b for b in EVERY_BLOCK if b.not_run], ids=str)
def test_a_block_that_is_not_run_says_why(block):
    assert len(block.not_run.split()) >= 4, f"{block}: {block.not_run!r} is no reason"


def test_few_blocks_are_exempt_and_all_of_them_are_known():
    assert Counter(b.page for b in EVERY_BLOCK if b.not_run) == ALLOWED_EXEMPTIONS


def test_blocks_are_in_languages_that_these_tests_understand():
    unknown = [str(b) for b in EVERY_BLOCK if b.language not in LANGUAGES]
    assert not unknown, f"name one of {sorted(LANGUAGES)} after the fence: {unknown}"
