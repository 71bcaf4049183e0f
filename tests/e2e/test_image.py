"""An image of one's own: built, pushed to a registry on this machine, and run in on the emulated AWS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import covalent as ct
from covalent.testing import emulated_aws
from covalent.testing.harness import Harness
from tests.support.oci_registry import OCIRegistry, oci_registry
from tests.support.user import User, command, covalent
from tests.support.wheels import make_wheel

pytest_plugins = ("tests.support.podman_fixtures",)

pytestmark = [pytest.mark.podman, pytest.mark.slow]

NAME = "covalent-test-own"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def home(podman: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for the files of a user who has nothing of a cloud's, and is signed in nowhere."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("REGISTRY_AUTH_FILE", str(home / "auth.json"))
        patch.setenv("COVALENT_CONFIG_DIR", str(home / "config"))
        patch.setenv("TMPDIR", str(home / "tmp"))
        (home / "tmp").mkdir()
        (home / "auth.json").write_text("{}")
        yield home


@pytest.fixture(scope="module")
def registry(home: Path) -> Iterator[OCIRegistry]:
    with oci_registry("me", PASSWORD) as registry, pytest.MonkeyPatch.context() as patch:
        (home / "registries.conf").write_text(f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n')
        patch.setenv("CONTAINERS_REGISTRIES_CONF", str(home / "registries.conf"))
        yield registry


@pytest.fixture(scope="module")
def built(home: Path, image: str) -> Iterator[str]:
    """The name of an image with a package in it. Its base is whole, as that of tests is not."""
    shutil.copy("/usr/bin/env", home / "env")
    (home / "Containerfile").write_text(
        f"FROM {image}\nCOPY env /usr/bin/env\nENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n"
    )
    podman("build", "--tag", f"{NAME}-base", "--file", str(home / "Containerfile"), str(home))
    make_wheel(home, "baked", "1.0", "from the image")
    platform = podman("image", "inspect", "--format={{.Os}}/{{.Architecture}}", image).strip()
    options = ["--base", f"localhost/{NAME}-base", "--no-obstore", "--platform", platform, "--tag", NAME]
    said = covalent("image", "build", *options, "--pip", str(home / "baked-1.0-py3-none-any.whl"))
    assert f"Built {NAME} with podman. 'covalent image push EXECUTOR {NAME}' makes" in said
    yield NAME
    # With all other names that it has got.
    podman("rmi", "--force", podman("image", "inspect", "--format={{.Id}}", NAME).strip(), f"{NAME}-base")


def podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True).stdout


def push(*arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    options = ["--engine", "podman", "--username", "me", "--password-stdin"]
    return command("image", "push", "awsbatch", *arguments, *options, given=f"{password}\n")


def image_of_tasks() -> str:
    return str(ct.get_config("executors.awsbatch").get("container_image_uri", ""))


def test_it_runs_what_it_is_told_to_as_nobody_in_particular_and_says_for_which_python_it_is(built: str) -> None:
    (about,) = json.loads(podman("image", "inspect", built))
    assert not about["Config"].get("Entrypoint")
    assert about["Config"]["Labels"].items() >= {"covalent.version": ct.__version__}.items()
    assert {"covalent.python"} <= about["Config"]["Labels"].keys()
    program = (
        "import baked, getpass, os, tempfile; tempfile.mkdtemp(); print(baked.VALUE, os.getuid(), getpass.getuser())"
    )
    assert podman("run", "--rm", "--network=none", built, "python3", "-c", program) == "from the image 1000 covalent\n"
    assert (
        podman("run", "--rm", "--network=none", built, "/bin/sh", "-c", "echo /run/covalent/*") == "/run/covalent/*\n"
    )


def test_a_base_with_another_python_is_refused_with_what_to_do(home: Path, image: str) -> None:
    platform = podman("image", "inspect", "--format={{.Os}}/{{.Architecture}}", image).strip()
    done = command(
        "image", "build", "--base", image, "--python", "3.99", "--platform", platform, "--tag", f"{NAME}-other"
    )
    assert done.returncode == 1
    assert "workflows are to be dispatched with Python 3.99. Name another --base, or say --python" in done.stderr


def test_a_wrong_password_changes_nothing(built: str, registry: OCIRegistry) -> None:
    done = push(built, "--registry", f"{registry.host}/team/tasks", password="guessed")
    assert done.returncode == 1
    assert "Whoever pushes may not do that there. Check the credentials" in done.stderr
    assert registry.refusals > 0
    assert not registry.manifests
    assert not image_of_tasks()


def test_a_task_runs_in_the_image_that_was_pushed(
    built: str, registry: OCIRegistry, home: Path, tmp_path: Path
) -> None:
    with emulated_aws(containers="podman", slots=1) as cloud:
        harness = Harness(tmp_path, environment=cloud.environment)
        with harness.running():
            done = push(built, "--registry", f"{registry.host}/team/tasks")
            assert done.returncode == 0, done.stderr
            (tag,) = registry.tags("team/tasks")
            full = f"{registry.host}/team/tasks@{registry.digest('team/tasks', tag)}"
            assert podman("image", "inspect", "--format={{.Id}}", built).startswith(tag)
            assert image_of_tasks() == full
            assert f'container_image_uri = "{full}"' in done.stdout

            def what_is_baked() -> str:
                import baked

                return str(baked.VALUE)

            podman("rmi", f"{registry.host}/team/tasks:{tag}")
            assert User(harness, cloud).run(what_is_baked) == "from the image"
            assert registry.pulled, "it was not the image in the registry"
    assert (home / "auth.json").read_text() == "{}", "the password was left behind"
    assert not [path for path in (home / "tmp").iterdir() if path.name.startswith("covalent-")]
    assert PASSWORD not in done.stdout + done.stderr


def test_an_image_that_is_not_there_is_told(home: Path, registry: OCIRegistry) -> None:
    done = push("no-such-image", "--registry", f"{registry.host}/team/tasks")
    assert done.returncode == 1
    assert "podman has no image 'no-such-image' here. 'covalent image build' makes one" in done.stderr
