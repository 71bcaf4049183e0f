"""The runner must run anywhere: from a zip file, in any image that has Python."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import cloudpickle
import pytest

import covalent.runner

ROOT = Path(covalent.runner.__file__).parent
MODULES = sorted(ROOT.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_imports_the_standard_library_cloudpickle_and_itself_only(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, f"line {node.lineno} leaves the package"
            names = set() if node.level else {(node.module or "").partition(".")[0]}
        else:
            continue
        assert names <= {*sys.stdlib_module_names, "cloudpickle"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_is_written_in_python_that_old_images_can_read(module: Path) -> None:
    """A worker with another Python must get as far as to say so."""
    ast.parse(module.read_text(), feature_version=(3, 8))


def test_it_runs_from_a_zip_file(tmp_path: Path) -> None:
    archive = tmp_path / "runner.pyz"
    with zipfile.ZipFile(archive, "w") as content:
        for module in MODULES:
            content.write(module, f"runner/{module.name}")
        for module in Path(cloudpickle.__file__).parent.glob("*.py"):
            content.write(module, f"cloudpickle/{module.name}")
    program = "import runner.worker, runner.task, sys; print(runner.task.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(archive / "runner" / "task.py")
