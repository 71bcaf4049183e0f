"""``covalent image``, with a docker and a Terraform that only say what the real ones would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from covalent.cli.image import image
from covalent.config import data_dir, get_config, set_config
from covalent.deploy.modules import MODULES
from covalent.deploy.workspace import Workspace
from covalent.errors import ImageError
from tests.support.container import moto_server

DIGEST = f"sha256:{'d' * 64}"
IDENTITY = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"

#: It also remembers where it was to push to.
DOCKER = f"""#!/bin/sh
case "$1 $2" in
    "image inspect") echo sha256:0123456789abcdef0123 ;;
    push*) echo "$2" > "$PUSHED"; echo "x: digest: {DIGEST} size: 528" ;;
esac
"""
TERRAFORM = """#!/bin/sh
case "$1" in
    version) echo '{"terraform_version": "1.11.0"}' ;;
    output) cat "$OUTPUTS" ;;
esac
"""


@pytest.fixture(autouse=True)
def pushed(covalent_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What names the image that was pushed last."""
    programs = covalent_home / "bin"
    programs.mkdir()
    for name, script in (("docker", DOCKER), ("terraform", TERRAFORM)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (programs / "cat").symlink_to(str(shutil.which("cat")))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(covalent_home))
    monkeypatch.setenv("PUSHED", str(covalent_home / "pushed"))
    monkeypatch.setenv("OUTPUTS", str(covalent_home / "outputs.json"))
    for name in ("DOCKER_CONFIG", "COVALENT_TERRAFORM", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return covalent_home / "pushed"


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(image, list(arguments), input=given, catch_exceptions=False)


OWN = ("--username", "me", "--password-stdin")


def test_the_image_goes_where_it_is_told_to_under_a_part_of_its_id(pushed: Path) -> None:
    done = run("push", "gcpbatch", "mine", "--registry", "ghcr.io/me/tasks", *OWN, given="hush\n")
    assert done.exit_code == 0, done.output
    assert pushed.read_text() == "ghcr.io/me/tasks:0123456789ab\n"
    assert get_config("executors.gcpbatch.container_image_uri") == f"ghcr.io/me/tasks@{DIGEST}"
    assert "hush" not in done.output


def test_the_configuration_stays_as_it_is_on_request(pushed: Path) -> None:
    done = run(
        "push", "gcpbatch", "--registry", "ghcr.io/me/tasks", "--tag", "1.0", "--no-config", *OWN, given="hush\n"
    )
    assert done.exit_code == 0, done.output
    assert pushed.read_text() == "ghcr.io/me/tasks:1.0\n"
    assert get_config("executors.gcpbatch") == {}


def test_on_azure_it_goes_to_the_registry_that_is_configured(pushed: Path) -> None:
    set_config({"executors": {"azurebatch": {"registry": "mine.azurecr.io", "user_assigned_identity": IDENTITY}}})
    done = run("push", "azurebatch", *OWN, given="hush\n")
    assert done.exit_code == 0, done.output
    assert get_config("executors.azurebatch.base_image_uri") == f"mine.azurecr.io/covalent-tasks@{DIGEST}"
    assert get_config("executors.azurebatch.registry") == "mine.azurecr.io"


def test_to_a_registry_of_ones_own_nodes_of_azure_do_not_sign_in_any_more() -> None:
    set_config({"executors": {"azurebatch": {"registry": "mine.azurecr.io", "user_assigned_identity": IDENTITY}}})
    done = run("push", "azurebatch", "--registry", "ghcr.io/me/x", *OWN, given="hush\n")
    assert "# registry is taken out" in done.stdout
    assert "registry" not in get_config("executors.azurebatch")


def deployed(outputs: dict[str, object]) -> None:
    """AWS Batch, as if it had been deployed with these outputs."""
    workspace = Workspace(MODULES["awsbatch"], data_dir() / "deploy")
    with workspace.locked():
        workspace.note(phase="done", account="123456789012")
    values = {name: {"value": value} for name, value in {"executor": {}, **outputs}.items()}
    (data_dir().parent / "outputs.json").write_text(json.dumps(values))


def test_on_aws_it_goes_to_the_repository_that_was_deployed(pushed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine-tasks"
    deployed({"image_repository": repository})
    with moto_server() as url:
        for name, value in (("ENDPOINT_URL", url), ("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret")):
            monkeypatch.setenv(f"AWS_{name}", value)
        done = run("push", "awsbatch")
    assert done.exit_code == 0, done.output
    assert pushed.read_text() == f"{repository}:0123456789ab\n"
    assert get_config("executors.awsbatch.container_image_uri") == f"{repository}@{DIGEST}"


@pytest.mark.parametrize("outputs", [None, {}])
def test_without_a_registry_it_is_told_how_to_get_one(outputs: dict[str, object] | None, pushed: Path) -> None:
    if outputs is not None:
        deployed(outputs)
    with pytest.raises(
        ImageError, match=r"no registry for awsbatch\. 'covalent deploy up awsbatch --registry=true' makes one"
    ):
        run("push", "awsbatch")
    assert not pushed.exists()


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["local"], "", "'local' runs no images. The executors are awsbatch, azurebatch, gcpbatch."),
        (["awsbtach"], "", "Did you mean 'awsbatch'?"),
        (["awsbatch", "--username", "me"], "", "--username and --password-stdin go together."),
        (["awsbatch", *OWN], "", "--password-stdin finds nothing on standard input."),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], given: str, said: str) -> None:
    done = run("push", *arguments, given=given)
    assert done.exit_code == 2
    assert said in done.output


def test_a_configuration_that_would_not_take_it_is_told_before_anything_is_pushed(pushed: Path) -> None:
    set_config("executors.awsbatch.job_definition", "mine")
    with pytest.raises(ImageError, match="job_definition = 'mine'"):
        run("push", "awsbatch", "--registry", "ghcr.io/me/x", *OWN, given="hush\n")
    assert not pushed.exists()


def test_what_would_be_built_is_shown_without_podman_or_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = run("build", "--pip", "numpy", "--apt", "git", "--dry-run")
    assert done.exit_code == 0
    assert "#   numpy" in done.output
    assert " git " in done.output
