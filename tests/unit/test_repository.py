"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import covalent
from covalent import errors

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "covalent"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").iterdir())
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".sql", ".lock", ".txt", ".json", ".cfg", ""}
BUILT = {".venv", ".git", "site", "build", "dist", "node_modules", "__pycache__"}

#: What a lock is made from: the package's own dependencies or not, extras, groups.
LOCK_INPUTS = {
    "build.lock": (False, (), ("build",)),
    "demo.lock": (True, (), ("demo",)),
    "dev.lock": (True, ("aws", "emulator", "gcp", "postgres"), ("dev",)),
    "docs.lock": (True, (), ("docs",)),
    "bench.lock": (True, (), ("bench",)),
    "scan.lock": (False, (), ("scan",)),
    "constraints.txt": (
        True,
        tuple(PYPROJECT["project"]["optional-dependencies"]),
        tuple(name for name in PYPROJECT["dependency-groups"] if name != "scan"),
    ),
}


def files_of_the_project() -> list[Path]:
    found = [p for p in ROOT.rglob("*") if p.is_file() and p.suffix in TEXT]
    return [p for p in found if not any(part in BUILT or part.endswith("_cache") for part in p.relative_to(ROOT).parts)]


def group(name: str) -> list[str]:
    """The requirements of a dependency group, with those of the groups that it includes."""
    entries = PYPROJECT["dependency-groups"][name]
    return [r for e in entries for r in (group(e["include-group"]) if isinstance(e, dict) else [e])]


def test_most_modules_are_a_screen_or_two():
    assert statistics.median(len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")) < 200


def test_nothing_names_the_home_directory_of_a_developer():
    pattern = re.compile(r"/(?:home|Users)/[a-z]|/root/")
    this = Path(__file__)
    assert [str(p) for p in files_of_the_project() if p != this and pattern.search(p.read_text(errors="ignore"))] == []


def test_the_tree_in_the_docstring_of_errors_is_the_tree_of_classes():
    drawn = re.findall(r"^\s*(?:[│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    defined = [n for n, v in vars(errors).items() if isinstance(v, type) and v.__module__ == errors.__name__]
    assert sorted(drawn) == sorted(defined)


def test_the_version_of_the_package_is_the_one_that_is_published():
    assert covalent.__version__ == PYPROJECT["project"]["version"]


def distribution_of(module: str, candidates: list[str]) -> str:
    """The one of several distributions, which share a package as Google's do, that brings this module of it."""
    if len(set(candidates)) == 1:
        return candidates[0]
    path = module.replace(".", "/")
    (found,) = {c for c in candidates if {f"{path}.py", f"{path}/__init__.py"} & {str(f) for f in files(c) or ()}}
    return found


def test_every_library_that_the_code_imports_is_a_dependency():
    imported = {
        name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "covalent"}
    }
    needed = {Requirement(text).name for text in PYPROJECT["project"]["dependencies"]}
    extra = {
        Requirement(text).name for texts in PYPROJECT["project"]["optional-dependencies"].values() for text in texts
    }
    distributions = packages_distributions()
    used = {distribution_of(name, distributions[name.partition(".")[0]]) for name in imported}
    assert used <= needed | extra
    # The server's libraries find these two by themselves.
    assert needed - used == {"uvloop"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda p: p.name)
def test_pins_name_no_place_to_fetch_from(path):
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", path.read_text())


@pytest.mark.parametrize("path", LOCKS, ids=lambda p: p.name)
def test_pins_satisfy_what_pyproject_asks_for(path):
    package, extras, groups = LOCK_INPUTS[path.name]
    project = PYPROJECT["project"]
    wanted = list(project["dependencies"]) if package else []
    wanted += [r for extra in extras for r in project["optional-dependencies"][extra]]
    wanted += [r for name in groups for r in group(name)]
    pins: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE):
        pins.setdefault(name, []).append(Version(version))
    for requirement in map(Requirement, wanted):
        found = pins.get(requirement.name, [])
        assert found, f"{path.name} lacks {requirement}"
        assert all(version in requirement.specifier for version in found), f"{path.name}: {requirement}, {found}"


def test_every_part_has_its_place_among_the_import_contracts():
    parts = {p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    contracts = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    assert parts - {"__init__", "__main__"} <= set(re.findall(r"covalent\.(\w+)", contracts))


def test_commit_hooks_call_targets_that_exist():
    called = re.findall(r"entry: make ([a-z-]+)", (ROOT / ".pre-commit-config.yaml").read_text())
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert called
    assert set(called) <= set(targets)


def test_notes_for_the_changelog_are_of_a_known_kind():
    kinds = {kind["directory"] for kind in PYPROJECT["tool"]["towncrier"]["type"]}
    notes = (ROOT / "newsfragments").glob("*.md")
    assert all(path.name.startswith("+") and path.name.split(".")[1] in kinds for path in notes)


def test_every_decision_is_in_the_index_and_in_the_navigation():
    decisions = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}
    assert decisions == set(re.findall(r"\((0\d{3}-[a-z-]+\.md)\)", (ROOT / "docs/adr/index.md").read_text()))
    assert decisions == set(re.findall(r"adr/(0\d{3}-[a-z-]+\.md)", (ROOT / "mkdocs.yml").read_text()))


def test_continuous_integration_runs_what_developers_run():
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make ([a-z]+)", script, re.MULTILINE) == ["check", "scan", "docs", "test"]
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"]).returncode == 0
