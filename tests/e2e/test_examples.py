"""The examples run as they stand."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import RunningServer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture
def run(server: RunningServer, tmp_path: Path):
    """Run an example in an empty directory; returns what it prints."""

    def run_example(name: str) -> str:
        command = [sys.executable, str(EXAMPLES / name)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_example


def test_a_support_vector_machine_learns_to_tell_irises_apart(run):
    assert 0.6 < float(run("svm_iris.py")) <= 1.0


def test_a_sweep_finds_the_best_of_its_settings(run):
    best = ast.literal_eval(run("hyperparameter_sweep.py"))
    assert best["score"] > 0.9
    assert set(best) == {"C", "gamma", "score"}


def test_a_sublattice_takes_as_many_samples_as_the_error_needs(run):
    found = re.fullmatch(r"pi is about (\d\.\d{4}), off by 0\.\d{4}\n", run("monte_carlo_sublattice.py"))
    assert found
    assert float(found[1]) == pytest.approx(3.1416, abs=0.03)


def test_there_is_a_test_for_each_example():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tested = set(re.findall(r'(?:run\(|"examples" / |program = )"(\w+\.py)"', tests))
    assert tested == {path.name for path in EXAMPLES.glob("*.py")}
