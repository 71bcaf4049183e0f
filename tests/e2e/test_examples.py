"""The examples run as they stand."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import RunningServer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RUN_NOTEBOOK = Path(__file__).resolve().parents[1] / "support" / "run_notebook.py"

pytestmark = pytest.mark.slow


@pytest.fixture
def run(server: RunningServer, tmp_path: Path):
    """Run an example in an empty directory; returns what it prints."""

    return lambda name: output_of([str(EXAMPLES / name)], tmp_path)


def output_of(arguments: list[str], home: Path, **variables: str) -> str:
    """What Python prints with them."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_support_vector_machine_learns_to_tell_irises_apart(run):
    assert 0.6 < float(run("svm_iris.py")) <= 1.0


def test_a_sweep_finds_the_best_of_a_thousand_settings(run):
    found = ast.literal_eval(run("hyperparameter_sweep.py"))
    assert found["tried"] == 1000
    assert found["score"] > 0.97
    assert set(found["best"]) == {"C", "gamma"}


def test_a_sublattice_takes_as_many_samples_as_the_error_needs(run):
    found = re.fullmatch(r"pi is about (\d\.\d{4}), off by 0\.\d{4}\n", run("monte_carlo_sublattice.py"))
    assert found
    assert float(found[1]) == pytest.approx(3.1416, abs=0.03)


def test_training_for_a_gpu_also_learns_without_one(run):
    best = ast.literal_eval(run("gpu_training.py"))
    assert best["accuracy"] > 0.95
    assert best["backend"].endswith("cpu")


def test_a_notebook_prints_what_it_shows(server, tmp_path):
    pytest.importorskip("IPython")
    notebook = EXAMPLES / "notebook.ipynb"
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    shown = ["".join(line for output in cell["outputs"] for line in output["text"]) for cell in cells]
    printed = output_of([str(RUN_NOTEBOOK), str(notebook)], tmp_path, IPYTHONDIR=str(tmp_path / "ipython"))
    assert json.loads(printed) == shown


def test_there_is_a_test_for_each_example():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    tested = set(re.findall(r'(?:run\(|EXAMPLES / |"examples" / |program = )"(\w+\.(?:py|ipynb))"', tests))
    assert tested == {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")}
