"""What travels to containers: the text that they are told to run, and the archive that it fetches."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import shlex
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

import covalent.runner.cloud
from covalent.executor.azurebatch.bodies import COMMAND, packed
from covalent.executor.batch import bundle
from covalent.executor.batch.bundle import bootstrap_source, command, runner_bundle
from covalent.runner.cloud.objects import SCHEMES

ROOT = Path(covalent.runner.cloud.__file__).parent
MODULES = sorted(ROOT.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_imports_the_standard_library_and_the_runner_only(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module is not None
            assert node.module.partition(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 2, f"line {node.lineno} leaves the runner"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_is_written_in_python_that_old_images_can_read(module: Path) -> None:
    ast.parse(module.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_bootstrap_is_written_in_python_that_very_old_images_can_read(scheme: str) -> None:
    ast.parse(bootstrap_source(scheme), feature_version=(3, 6))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_command_fits_into_a_job_definition(scheme: str) -> None:
    assert command(scheme) == ("python3", "-c", bootstrap_source(scheme))
    # 24 KiB in all: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
    assert len(bootstrap_source(scheme).encode()) < 20_000


def test_a_short_command_runs_what_the_environment_holds() -> None:
    ended = subprocess.run(
        shlex.split(COMMAND),
        env={
            "PATH": os.environ["PATH"],
            "COVALENT_BOOTSTRAP": packed(bootstrap_source("az")),
            "COVALENT_RUNNER": "gs://b/k",
        },
        capture_output=True,
        text=True,
    )
    assert "COVALENT_RUNNER is 'gs://b/k'" in ended.stderr


def test_the_bootstrap_holds_no_service_but_its_own() -> None:
    assert "AWS" not in bootstrap_source("gs")
    assert "sha256(request" not in bootstrap_source("gs")
    assert "oogle" not in bootstrap_source("s3") + bootstrap_source("az")
    assert "zure" not in bootstrap_source("s3") + bootstrap_source("gs")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_part_of_the_bootstrap_hides_a_name_of_another(scheme: str) -> None:
    names: Counter[str] = Counter()
    for node in ast.parse(bootstrap_source(scheme)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] += 1
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_file_in_the_working_directory_hides_the_standard_library(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "hashlib.py").write_text("raise SystemExit('hidden')")
    ended = subprocess.run(
        [sys.executable, *command(scheme)[1:]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert "COVALENT_RUNNER is ''" in ended.stderr


def test_an_archive_has_the_same_bytes_in_every_process() -> None:
    program = "from covalent.executor.batch.bundle import runner_bundle; print(runner_bundle().digest)"
    found = {
        subprocess.run(
            [sys.executable, "-c", f"{before}{program}"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed, before in (("1", ""), ("2", "import http.client, ssl, json, asyncio; "))
    }
    made = runner_bundle()
    assert found == {made.digest} == {hashlib.sha256(made.data).hexdigest()}
    assert made.size == len(made.data)


def test_an_archive_holds_the_runner_and_cloudpickle_with_their_source() -> None:
    with zipfile.ZipFile(io.BytesIO(runner_bundle().data)) as archive:
        names = set(archive.namelist())
        assert archive.read("covalent_runner/cloud/main.py") == (ROOT / "main.py").read_bytes()
    assert {"covalent_runner/task.py", "covalent_runner/cloud/entry.pyc", "cloudpickle/cloudpickle.py"} <= names


def test_another_version_of_python_reads_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.MAGIC_NUMBER", b"\0\0\r\n")
    archive = tmp_path / "runner.pyz"
    archive.write_bytes(bundle.runner_bundle.__wrapped__().data)
    program = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import covalent_runner.cloud.main as m; print(m.__file__)"
    )
    found = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == f"{archive}/covalent_runner/cloud/main.py"
