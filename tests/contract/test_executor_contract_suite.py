"""The contract suite finds out what an executor does wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SUITE = """
from covalent.testing.contract import ExecutorContract, Limits

class TestSloppy(ExecutorContract):
    short_name = "sloppy"
    entry_point = "tests.support.sloppy_executor:SloppyExecutor"
    limits = Limits(patience_s=3, time_limit_s=0.2, slots=None)
"""

#: Cases, and whether such an executor passes them.
CASES = {
    "test_a_task_returns_its_value": True,
    "test_what_a_failed_task_printed_is_kept": True,
    "test_a_task_whose_host_is_lost_runs_again": None,
    "test_an_unknown_key_in_the_configuration_is_refused_by_name": False,
    "test_a_task_that_fails_runs_again_as_often_as_it_was_said[2]": False,
    "test_a_task_over_its_time_limit_is_ended_with_all_that_it_has_started": False,
    "test_a_dispatcher_that_dies_while_tasks_run_finds_them_again": False,
}


@pytest.mark.slow
def test_broken_promises_are_found_and_kept_ones_are_not_doubted(tmp_path):
    (tmp_path / "test_sloppy.py").write_text(SUITE)
    cases = [f"test_sloppy.py::TestSloppy::{name}" for name in CASES]
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "no:asyncio", *cases]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    told = re.findall(r"^(PASSED|FAILED) .*?::(test_[^ \n]+)", done.stdout, re.MULTILINE)
    verdicts = {name: word == "PASSED" for word, name in told}
    assert verdicts == {name: verdict for name, verdict in CASES.items() if verdict is not None}, done.stdout
    assert "Faults cannot lose a host" in done.stdout
