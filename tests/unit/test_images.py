"""Images of one's own: what goes into them, where they go, and what is said when that cannot be."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from covalent.errors import ImageError
from covalent.executor.login import Login
from covalent.images import check
from covalent.images.engine import find_engine
from covalent.images.recipe import OBSTORE, Recipe, check_name
from covalent.images.repository import Repository, is_loopback
from covalent.images.settings import SETTINGS, changes, check_usable
from covalent.images.trouble import build_explained, push_explained
from covalent.secrets import Secret
from tests.support.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[2]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
IDENTITY = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"


def steps(recipe: Recipe) -> list[str]:
    """The instructions of a Containerfile, each in a line."""
    lines = recipe.containerfile().replace("\\\n", "").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_without_anything_said_it_is_pythons_own_image_with_obstore():
    recipe = Recipe(python="3.12")
    assert steps(recipe)[0] == "FROM docker.io/library/python:3.12-slim"
    assert f"#   {OBSTORE}" in recipe.containerfile().splitlines()
    assert any("pip install" in step for step in steps(recipe))
    assert not any("apt-get" in step for step in steps(recipe))


def test_it_asks_for_the_obstore_that_the_package_asks_for():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert OBSTORE in extras["aws"]


def test_nothing_is_installed_if_nothing_is_wanted():
    assert not [step for step in steps(Recipe(python="3.12", has_obstore=False)) if "pip" in step]


def test_it_is_built_by_root_and_run_by_somebody_else_without_an_entry_point():
    found = steps(Recipe(python="3.12", apt=["git", "libgomp1=12.2.0-14"], pip=["numpy"]))
    assert found.index("USER 0") == 1
    assert found[-1] == "USER 1000:1000"
    assert "ENTRYPOINT []" in found
    assert any(" git libgomp1=12.2.0-14 " in step for step in found)
    assert any(re.fullmatch(r"LABEL covalent\.version=\S+ covalent\.python=3\.12", step) for step in found)
    assert steps(Recipe(python="3.12", user="0"))[-1] == "USER 0"


def test_what_lies_beside_the_containerfile_is_what_it_names(tmp_path):
    make_wheel(tmp_path, "mine", "1.0", 1)
    (tmp_path / "wanted.txt").write_text("--extra-index-url https://me:hush@example.com/simple\npandas\n")
    recipe = Recipe(
        python="3.12",
        pip=["numpy>=2", str(tmp_path / "mine-1.0-py3-none-any.whl")],
        requirements=[tmp_path / "wanted.txt"],
    )
    (tmp_path / "context").mkdir()
    file = recipe.write(tmp_path / "context")
    assert file.read_text() == recipe.containerfile()
    written = {path.name: path.read_text() for path in file.parent.glob("*.txt")}
    assert written["requirements.txt"] == f"numpy>=2\n/run/covalent/mine-1.0-py3-none-any.whl\n{OBSTORE}\n"
    assert written["requirements-1.txt"] == (tmp_path / "wanted.txt").read_text()
    assert (file.parent / "mine-1.0-py3-none-any.whl").exists()
    assert "hush" not in file.read_text(), "what is in it stays in the image"


def test_other_files_make_another_layer(tmp_path):
    wanted = tmp_path / "wanted.txt"
    texts = set()
    for package in ("pandas", "polars", "pandas"):
        wanted.write_text(f"{package}\n")
        texts.add(Recipe(python="3.12", requirements=[wanted]).containerfile())
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"python": "3"}, "--python takes a version such as 3.12, not '3'."),
        ({"base": "a b"}, "--base takes the name of an image"),
        ({"base": "x\nRUN rm"}, "--base takes the name of an image"),
        ({"apt": ["git; rm -rf /"]}, "--apt takes the name of a Debian package"),
        ({"apt": ["--force"]}, "--apt takes the name of a Debian package"),
        ({"user": "root"}, "--user takes numbers"),
        ({"pip": ["--index-url"]}, "Options of pip go into a file for --requirements."),
        ({"pip": ["numpy\nscipy"]}, "--pip takes a requirement"),
        ({"pip": [" "]}, "--pip takes a requirement"),
        ({"pip": ["."]}, "Make a wheel of it first"),
        ({"pip": ["./here"]}, "Make a wheel of it first"),
        ({"pip": ["mine @ file:///here"]}, "Make a wheel of it first"),
        (
            {"pip": ["dist/gone-1.0-py3-none-any.whl"]},
            "names the file dist/gone-1.0-py3-none-any.whl, which does not exist.",
        ),
        ({"requirements": [Path("/gone.txt")]}, "--requirements names /gone.txt, which cannot be read"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_say_instead(said, wanted):
    with pytest.raises(ImageError, match=re.escape(wanted)):
        Recipe(**{"python": "3.12", **said})


@pytest.mark.parametrize("line", ["-r other.txt", "-e .", "--constraint=c.txt", "./dist/x.whl", "x @ file:///x.whl"])
def test_requirements_that_lie_elsewhere_are_told_with_their_line(tmp_path, line):
    (tmp_path / "wanted.txt").write_text(f"numpy\n{line}\n")
    with pytest.raises(ImageError, match=r"wanted\.txt, line 2, names another file or directory"):
        Recipe(python="3.12", requirements=[tmp_path / "wanted.txt"])


def test_two_files_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make_wheel(tmp_path / name, "mine", "1.0", name)
    wheels = [str(tmp_path / name / "mine-1.0-py3-none-any.whl") for name in ("a", "b")]
    with pytest.raises(ImageError, match=r"two files that are called mine-1\.0"):
        Recipe(python="3.12", pip=wheels)


@pytest.mark.parametrize("name", ["Mine", "", "a b", "-a", "x/"])
def test_names_that_no_image_can_have_are_refused(name):
    with pytest.raises(ImageError, match="--tag takes a name in small letters"):
        check_name(name)


@pytest.mark.parametrize("name", ["mine", "mine:1.0", "localhost/mine", "127.0.0.1:5000/me/mine:v1", "a_b.c"])
def test_names_that_images_have_are_taken(name):
    check_name(name)


def test_this_python_passes_the_check_of_images_and_another_does_not():
    program = [sys.executable, check.__file__]
    assert subprocess.run([*program, PYTHON], check=False).returncode == 0
    other = subprocess.run([*program, "3.99"], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert other.stderr.startswith(
        f"covalent: The image has Python {PYTHON}, and workflows are to be dispatched with Python 3.99."
    )


def test_an_image_without_certificates_does_not_pass(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    assert "Add --apt ca-certificates." in (check.complaint(PYTHON) or "")


# Registries


@pytest.mark.parametrize(
    ("text", "full", "executor"),
    [
        ("ghcr.io/me/tasks", "ghcr.io/me/tasks", ""),
        ("localhost:5000/x", "localhost:5000/x", ""),
        ("[::1]:5000/x", "[::1]:5000/x", ""),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/covalent-tasks",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/covalent-tasks",
            "awsbatch",
        ),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x",
            "awsbatch",
        ),
        ("mine.azurecr.io", "mine.azurecr.io/covalent-tasks", "azurebatch"),
        ("mine.azurecr.io/a/b", "mine.azurecr.io/a/b", "azurebatch"),
        ("us-east1-docker.pkg.dev/p/images", "us-east1-docker.pkg.dev/p/images/covalent-tasks", "gcpbatch"),
        ("us-east1-docker.pkg.dev/p/images/x", "us-east1-docker.pkg.dev/p/images/x", "gcpbatch"),
    ],
)
def test_a_repository_is_known_by_its_name(text, full, executor):
    found = Repository.parse(text)
    assert (str(found), found.executor) == (full, executor)


@pytest.mark.parametrize(
    "text",
    ["", "tasks", "me/tasks", "https://ghcr.io/me", "ghcr.io", "ghcr.io/Me", "ghcr.io/me:1", "ghcr.io/me@sha256:0", "ghcr.io/a b",
     "123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
)  # fmt: skip
def test_what_names_no_repository_is_refused(text):
    with pytest.raises(ImageError, match=r"--registry takes a registry and the name of an image in it"):
        Repository.parse(text)


def test_who_looks_like_a_cloud_but_is_none_gets_no_credentials_of_it():
    for host in ("mine.azurecr.io.example.com", "x-docker.pkg.dev.example.com", "1.dkr.ecr.us-east-1.amazonaws.com"):
        assert Repository.parse(f"{host}/a/b/c").executor == ""


def test_plain_http_is_for_this_machine_alone():
    assert all(map(is_loopback, ("localhost", "localhost:5000", "127.0.0.1:80", "[::1]:5000")))
    assert not any(map(is_loopback, ("localhost.example.com", "127.0.0.1.example.com", "10.0.0.1:80", "example.com")))


def test_tags_that_no_registry_takes_are_refused():
    with pytest.raises(ImageError, match="--tag takes up to 128 letters"):
        Repository.parse("ghcr.io/me/tasks").tagged("a b")


# What is configured


def test_the_image_goes_into_the_setting_of_the_executor():
    place = Repository.parse("ghcr.io/me/tasks")
    for executor, setting in SETTINGS.items():
        assert changes(executor, {}, place, "ghcr.io/me/tasks@sha256:1") == {setting: "ghcr.io/me/tasks@sha256:1"}


@pytest.mark.parametrize(
    ("place", "configured", "registry"),
    [
        ("mine.azurecr.io", {"user_assigned_identity": IDENTITY}, {"registry": "mine.azurecr.io"}),
        ("mine.azurecr.io", {"registry_identity": IDENTITY}, {"registry": "mine.azurecr.io"}),
        ("mine.azurecr.io", {}, {}),
        ("ghcr.io/me/x", {"user_assigned_identity": IDENTITY, "registry": "mine.azurecr.io"}, {"registry": None}),
        (
            "ghcr.io/me/x",
            {"registry_identity": IDENTITY, "registry": "mine.azurecr.io"},
            {"registry": None, "registry_identity": None},
        ),
    ],
)
def test_nodes_of_azure_sign_in_to_registries_of_azure_alone(place, configured, registry):
    found = changes("azurebatch", configured, Repository.parse(place), "image")
    assert found == {"base_image_uri": "image", **registry}


def test_a_job_definition_of_ones_own_names_its_image_itself():
    check_usable("awsbatch", {})
    with pytest.raises(
        ImageError, match=r"job_definition = 'mine', which names an image itself\. Take that setting out"
    ):
        check_usable("awsbatch", {"job_definition": "mine"})


# podman and docker


def test_without_podman_and_docker_it_is_told_what_else_there_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ImageError, match=r"podman is not installed, and docker is not installed\. Install podman .*deps_pip installs"
    ):
        find_engine(None, print)


def fake(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_docker_is_used_where_podman_does_not_work(monkeypatch, tmp_path):
    fake(tmp_path, "podman", "echo 'the machine is not started' >&2; exit 125")
    fake(tmp_path, "docker", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine(None, print).name == "docker"
    with pytest.raises(ImageError, match=r"podman does not work \(the machine is not started\)"):
        find_engine("podman", print)


def test_docker_gets_the_password_in_a_file_that_goes_and_all_else_that_the_user_has_said(monkeypatch, tmp_path):
    own, bin_, kept = tmp_path / "own", tmp_path / "bin", tmp_path / "kept"
    for directory in (own, bin_, own / "contexts"):
        directory.mkdir()
    said = {"currentContext": "far", "credsStore": "keychain", "credHelpers": {"x": "y"}, "auths": {"x": {}}}
    (own / "config.json").write_text(json.dumps(said))
    copy = shutil.which("cp")
    script = f'case $1 in push) {copy} -rL "$DOCKER_CONFIG" {kept}; echo "1: digest: sha256:{"a" * 64} size: 5";; esac'
    fake(bin_, "docker", script)
    monkeypatch.setenv("DOCKER_CONFIG", str(own))
    monkeypatch.setenv("PATH", str(bin_))
    lines: list[str] = []
    login = Login(username="me", password=Secret("hush"))
    digest = find_engine("docker", lines.append).push("x", Repository.parse("ghcr.io/me/x"), "1", login)
    assert digest == f"sha256:{'a' * 64}"
    used = json.loads((kept / "config.json").read_text())
    assert used == {"currentContext": "far", "auths": {"ghcr.io": {"auth": base64.b64encode(b"me:hush").decode()}}}
    assert (kept / "contexts").is_dir()
    assert json.loads((own / "config.json").read_text()) == said
    assert "hush" not in repr(login) + "".join(lines)


@pytest.mark.parametrize(("code", "is_loaded"), [(0, True), (1, False)])
def test_docker_keeps_what_it_builds_also_where_a_container_builds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, is_loaded: bool
) -> None:
    # https://docs.docker.com/build/builders/drivers/: without --load, no driver but "docker" gives the image out.
    fake(tmp_path, "docker", f'case $1 in buildx) exit {code} ;; build) echo "$@" ;; esac')
    monkeypatch.setenv("PATH", str(tmp_path))
    lines: list[str] = []
    find_engine("docker", lines.append).build(tmp_path / "Containerfile", "x", "linux/amd64")
    assert ("--load" in lines[0].split()) is is_loaded


def test_a_push_that_tells_no_digest_is_no_push(monkeypatch, tmp_path):
    fake(tmp_path, "docker", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="does not tell its digest"):
        find_engine("docker", print).push("x", Repository.parse("ghcr.io/me/x"), "1", None)


@pytest.mark.parametrize(
    ("said", "what_to_do"),
    [
        ("/bin/sh: 1: python3: not found", "The base has no python3."),
        (
            "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how",
            "This docker has no buildx.",
        ),
        ("/bin/sh: 1: apt-get: not found", "--apt needs a base made of Debian or Ubuntu."),
        ("E: Unable to locate package gti", "Correct --apt."),
        ("ERROR: No matching distribution found for nunpy", "Correct --pip, --requirements"),
        ("ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?", "Add it: --apt git."),
        ("error: command 'gcc' failed: No such file or directory", "Add a compiler"),
        ("/usr/bin/python3: No module named ensurepip", "Add it: --apt python3-pip."),
        ('exec /bin/sh: exec format error', "Install emulation for it"),
        ("initializing source docker://x:1: reading manifest: manifest unknown", "Correct --base"),
        ("WARNING: Temporary failure in name resolution\nERROR: No matching distribution found for x", "the registry, does not answer"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed\nERROR: No matching distribution", "Make a base that trusts"),
        ("write /var/tmp/x: no space left on device", "The disk is full."),
        ("covalent: The image has no CA certificates.\nError: exit status 1", "The image has no CA certificates."),
    ],
)  # fmt: skip
def test_a_build_that_fails_is_explained(said, what_to_do):
    assert what_to_do in build_explained("podman", said.splitlines())


@pytest.mark.parametrize(
    ("said", "what_to_do"),
    [
        ("name unknown: The repository with name 'x' does not exist in the registry", "Make that repository first"),
        (
            "tag invalid: The image tag '1' already exists and cannot be overwritten because it is immutable",
            "another --tag",
        ),
        ("unauthorized: authentication required", "sign in first with 'docker login'"),
        ("denied: Permission denied for us-east1-docker.pkg.dev", "Whoever pushes may not do that there."),
        ("Error: unknown flag: --digestfile", "This podman is too old"),
        ("dial tcp: lookup nowhere.example: no such host", "does not answer"),
    ],
)
def test_a_push_that_fails_is_explained(said, what_to_do):
    assert what_to_do in push_explained("docker", said.splitlines(), "ghcr.io/me/x:1")
