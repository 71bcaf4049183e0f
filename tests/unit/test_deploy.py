"""What ``covalent deploy`` says before Terraform is asked anything, and what holds for the modules."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from covalent.cli.deploy import deploy
from covalent.config import executor_defaults
from covalent.deploy.deployment import Deployment
from covalent.deploy.events import Report
from covalent.deploy.modules import MODULES
from covalent.deploy.program import VARIABLE, Program, Version, find_program
from covalent.deploy.running import environment, follow
from covalent.deploy.trouble import explained
from covalent.deploy.variables import read_variables
from covalent.deploy.workspace import Workspace
from covalent.errors import DeployError

EXECUTORS = sorted(MODULES)


@pytest.fixture(autouse=True)
def programs(covalent_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the PATH."""
    place = covalent_home / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.delenv(VARIABLE, raising=False)
    return place


def install(place: Path, name: str, version: str) -> Path:
    program = place / name
    program.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    program.chmod(0o755)
    return program


def run(*arguments: str) -> Result:
    return CliRunner().invoke(deploy, arguments)


# Terraform and OpenTofu


def test_versions_compare_as_versions_and_not_as_text():
    texts = ["1.3.9", "1.4.0-rc1", "1.4.0", "1.9.8", "1.10.0", "1.11.4", "v2.0.0"]
    versions = [Version.parse(text) for text in texts]
    assert versions == sorted(versions)


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        ({"terraform": "1.4.0"}, "Terraform"),
        ({"terraform": "1.11.4", "tofu": "1.8.0"}, "Terraform"),
        ({"tofu": "1.6.2"}, "OpenTofu"),
        ({"terraform": "1.3.10", "tofu": "1.10.1"}, "OpenTofu"),
    ],
)
def test_the_first_program_that_is_new_enough_is_taken(programs: Path, installed: dict[str, str], found: str) -> None:
    for name, version in installed.items():
        install(programs, name, version)
    assert find_program().name == found


def test_without_a_program_it_is_said_what_to_install() -> None:
    with pytest.raises(DeployError, match=r"Neither terraform nor tofu is on the PATH\. Install Terraform"):
        find_program()


def test_a_program_that_is_too_old_is_named_with_its_version(programs: Path) -> None:
    install(programs, "terraform", "1.3.10")
    with pytest.raises(DeployError, match=r"Terraform 1\.3\.10, but 'covalent deploy' needs 1\.4\.0 or newer"):
        find_program()


def test_a_program_may_be_named_and_then_no_other_is_taken(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs, "terraform", "1.11.4")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv(VARIABLE, str(install(tmp_path / "elsewhere", "tofu-1.9", "1.9.0")))
    assert find_program().version == Version(1, 9, 0)
    monkeypatch.setenv(VARIABLE, "nowhere")
    with pytest.raises(DeployError, match="is 'nowhere', and there is no such program"):
        find_program()


def test_a_program_that_is_named_from_here_is_found_from_elsewhere(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(programs, "terraform", "1.11.4")
    monkeypatch.chdir(programs.parent)
    monkeypatch.setenv(VARIABLE, f"{programs.name}/terraform")
    assert find_program().path == str(path)


def test_what_somebody_has_set_for_modules_of_their_own_is_not_for_these(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ("TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_VAR_vpc_id", "TF_WORKSPACE", "TF_DATA_DIR")
    kept = ("TF_CLI_ARGS_init", "TF_VAR_access_token", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
    for name in (*theirs, *kept):
        monkeypatch.setenv(name, "set")
    assert not {*theirs} & environment().keys()
    assert {environment()[name] for name in kept} == {"set"}


def test_a_module_that_wants_newer_providers_than_the_last_one_gets_them(programs: Path, covalent_home: Path) -> None:
    said = "locked provider aws 5.99.0 does not match configured version constraint >= 5.100; must use terraform init\n-upgrade"
    cases = (
        "version) echo '{\"terraform_version\": \"1.11.4\"}' ;;\noutput) echo '{}' ;;\n"
        f"init) case $* in *-upgrade*) ;; *) echo '{said}'; exit 1 ;; esac ;;"
    )
    (programs / "terraform").write_text(f"#!/bin/sh\ncase $1 in\n{cases}\nesac\n")
    (programs / "terraform").chmod(0o755)
    workspace = Workspace(MODULES["awsbatch"], covalent_home / "deploy")
    with Deployment.open(workspace, print) as deployment:
        workspace.note(phase="done")
        assert deployment.standing().phase == "done"


def test_a_program_that_answers_nonsense_is_told(programs: Path) -> None:
    install(programs, "terraform", "new")
    with pytest.raises(DeployError, match="does not say which version it is"):
        find_program()


def test_ctrl_c_before_anything_is_made_ends_it_at_once(programs: Path, covalent_home: Path) -> None:
    mark = covalent_home / "planning"
    answers = '{"terraform_version": "1.11.4"}'
    sleep = shutil.which("sleep", path=os.defpath)
    cases = f"version) echo '{answers}' ;;\noutput) echo '{{}}' ;;\nplan) echo > {mark}; exec {sleep} 60 ;;"
    (programs / "terraform").write_text(f"#!/bin/sh\ncase $1 in\n{cases}\nesac\n")
    (programs / "terraform").chmod(0o755)
    command = [sys.executable, "-m", "covalent", "deploy", "up", "awsbatch"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not mark.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Stopped before anything of awsbatch was changed." in err
    assert not (covalent_home / "data" / "deploy" / "awsbatch" / "deployment.json").exists()


def test_ctrl_c_while_the_program_is_started_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = start(*arguments, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    said: list[bool] = []
    command = [str(shutil.which("sleep", path=os.defpath)), "60"]
    with (tmp_path / "lock").open("w") as lock:
        code = follow(command, tmp_path, tmp_path / "log", lock.fileno(), print, said.append, is_making=False)
    assert (code, said) == (-signal.SIGINT, [True])


# What is made anew, and what is kept

HOUR_S = 3600


def answering(programs: Path, **answers: Any) -> Path:
    """A Terraform that answers so, by its commands, and leaves a file where it was told to apply something."""
    known = {"version": {"terraform_version": "1.11.4"}, **answers}
    cases = "\n".join(f"{name}) cat <<'END'\n{json.dumps(said)}\nEND\n;;" for name, said in known.items())
    program = programs / "terraform"
    path = f"PATH={os.defpath}"
    program.write_text(f"#!/bin/sh\n{path}\ncase $1 in\n{cases}\napply) touch applied ;;\nesac\n")
    program.chmod(0o755)
    return program


def planned(address: str, *actions: str, **before: Any) -> dict[str, Any]:
    return {"resource_changes": [{"address": address, "change": {"actions": actions, "before": before}}]}


def outputs(**secrets: str) -> dict[str, Any]:
    found = {"executor": {"pool_id": "mine"}, "executor_secrets": secrets, "account_id": "a", "place": {}}
    return {name: {"value": value} for name, value in found.items()}


SECRET = "azuread_application_password.this[0]"


def test_a_secret_that_is_renewed_is_written_and_nobody_is_asked(
    programs: Path, covalent_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(programs, output=outputs(client_secret="new"), show=planned(SECRET, "create", "delete"))
    monkeypatch.setattr(time, "time", lambda: 500_000.9 * HOUR_S)
    done = run("up", "azurebatch")
    assert done.exit_code == 0, done.output
    assert executor_defaults("azurebatch")["client_secret"] == "new"
    told = covalent_home / "data" / "deploy" / "azurebatch" / "terraform.tfvars.json"
    assert json.loads(told.read_text())["clock"] == 500_000


@pytest.mark.parametrize(("address", "actions"), [(SECRET, ["delete"]), ("a.b", ["delete", "create"])])
def test_of_anything_else_that_goes_away_it_is_asked_first(programs: Path, address: str, actions: list[str]) -> None:
    answering(programs, output=outputs(), show=planned(address, *actions))
    done = run("up", "azurebatch")
    assert f"This removes {address}. Go on?" in done.output
    assert done.exit_code == 1


def test_nobody_can_say_what_time_it_is() -> None:
    assert "No such option '--clock'" in run("up", "azurebatch", "--clock=1").output


def test_data_that_are_to_be_kept_are_not_removed_before_the_bucket_knows_it(
    programs: Path, covalent_home: Path
) -> None:
    removal = planned("aws_s3_bucket.this", "delete", force_destroy=True, id="mine")
    answering(programs, output=outputs(), show=removal)
    workspace = Workspace(MODULES["awsbatch"], covalent_home / "data" / "deploy")
    with workspace.locked():
        workspace.tell({"delete_data": False})
        workspace.keep()
        workspace.note(phase="begun")
    done = run("down", "awsbatch", "-y")
    assert "Run 'covalent deploy up awsbatch' first" in str(done.exception)
    assert not (workspace.directory / "applied").exists()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_whoever_has_nothing_here_learns_how_to_find_what_was_deployed_elsewhere(programs: Path, executor: str) -> None:
    install(programs, "terraform", "1.11.4")
    for command in ("down", "status"):
        assert (
            f"'covalent deploy up {executor} --backend=KIND --backend-config=KEY=VALUE …'"
            in run(command, executor).output
        )


# Options


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_help_shows_every_variable_with_its_default(executor: str) -> None:
    # Lines are broken at spaces and hyphens.
    shown = re.sub(r"\s+", "", run("up", executor, "--help").output)
    for variable in read_variables(MODULES[executor].directory).values():
        option = f"--{variable.name.replace('_', '-')}"
        is_hidden = variable.is_secret or variable.name == MODULES[executor].clock
        assert (option in shown) is not is_hidden
        if not is_hidden:
            assert variable.about.replace(" ", "") in shown
            assert f"[default:{variable.shown_default}]" in shown or not variable.shown_default


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "awsbach"), "Nothing can be deployed for 'awsbach'. Did you mean 'awsbatch'?"),
        (("up", "awsbatch", "--max-vcpu=3"), "'--max-vcpus'"),
        (("up", "awsbatch", "--max-vcpus=many"), "'many' is not a number"),
        (("up", "awsbatch", "--max_vcpus=nan"), "'nan' is not a finite number"),
        (("up", "awsbatch", "--gpu=perhaps"), "'perhaps' is neither true nor false"),
        (("up", "awsbatch", "--tags=blue"), "'blue' has no value: write NAME=VALUE,NAME=VALUE"),
        (("up", "awsbatch", "--subnet-ids=[1]"), "is not a list of text"),
        (("up", "awsbatch", "--backend-config=a=b"), "--backend-config needs --backend"),
        (("up", "awsbatch", "--backend=s3", "--backend-config=a"), "'a' has no value. Write KEY=VALUE"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_done(
    covalent_home: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert not list((covalent_home / "data").iterdir())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("subnet_ids", "a, b", ["a", "b"]),
        ("subnet_ids", '["a,b"]', ["a,b"]),
        ("subnet_ids", "", []),
        ("tags", "a=1,b=x=y", {"a": "1", "b": "x=y"}),
        ("tags", '{"a": "1,2"}', {"a": "1,2"}),
        ("max_vcpus", "16", 16),
        ("expire_days", "null", None),
        ("gpu", "TRUE", True),
        ("prefix", "12", "12"),
    ],
)
def test_words_become_values_of_the_kind_that_the_variable_has(name: str, text: str, value: object) -> None:
    assert read_variables(MODULES["awsbatch"].directory)[name].value(text) == value


# What Terraform says

TERRAFORM = Program(path="terraform", name="Terraform", version=Version(1, 11, 4))

#: What Terraform, its providers and backends have said.
TOLD = [
    (
        "awsbatch",
        "Error: AWS account ID not allowed: 123456789012",
        "to another account than the deployment, which is in 999999999999",
    ),
    ("awsbatch", "No valid credential sources found", "Sign in, for example with 'aws sso login'"),
    (
        "azurebatch",
        "building AzureAD Client: no Authorizer could be configured",
        "Sign in, for example with 'az login'",
    ),
    ("gcpbatch", "google: could not find default credentials", "with 'gcloud auth application-default login'"),
    (
        "awsbatch",
        "api error InvalidClientTokenId: The security token included in the request is invalid.",
        "have expired",
    ),
    ("gcpbatch", 'oauth2: "invalid_grant" "Bad Request"', "are wrong or have expired"),
    ("awsbatch", "could not connect to registry.terraform.io: dial tcp: no such host", "could not fetch the providers"),
    ("awsbatch", "https response error StatusCode: 0, dial tcp 127.0.0.1:1: connection refused", "AWS does not answer"),
    ("awsbatch", "UnauthorizedOperation: You are not authorized to perform this operation.", "may not do this"),
    (
        "gcpbatch",
        "googleapi: Error 403: Permission denied on resource project",
        "Have somebody who administers the project",
    ),
    ("awsbatch", "EntityAlreadyExists: Role with name a already exists.", "Choose another --prefix"),
    ("awsbatch", "Error acquiring the state lock", "Somebody else is at work on the same state"),
    (
        "awsbatch",
        "BucketNotEmpty: The bucket you tried to delete is not empty",
        "'covalent deploy up awsbatch --delete-data=true'",
    ),
]


@pytest.mark.parametrize(("executor", "said", "remedy"), TOLD)
def test_what_went_wrong_is_told_with_what_to_do_about_it(executor: str, said: str, remedy: str) -> None:
    told = explained(TERRAFORM, MODULES[executor], f"│ {said}\n╵", "999999999999")
    assert told.startswith(f"Terraform failed for {executor}: {said}\n")
    assert remedy in told


def test_what_nobody_knows_is_told_as_it_was_said() -> None:
    assert explained(TERRAFORM, MODULES["awsbatch"], "A new one.") == "Terraform failed for awsbatch: A new one."


def test_what_was_broken_off_while_it_was_made_is_known_by_its_address() -> None:
    report = Report(lambda line: None)
    for kind, action, address in (
        ("apply_start", "create", "a.made"),
        ("apply_start", "create", "a.lost"),
        ("apply_start", "delete", "a.old"),
        ("apply_complete", "create", "a.made"),
        ("apply_errored", "create", "a.lost"),
    ):
        report(json.dumps({"type": kind, "hook": {"action": action, "resource": {"addr": address}}}))
    assert report.unfinished == {"a.lost"}


# The place on this machine


def test_two_deploys_at_once_are_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    first, second = (Workspace(MODULES["awsbatch"], tmp_path) for _ in range(2))
    with first.locked(), pytest.raises(DeployError, match=f"begun by process {os.getpid()}"), second.locked():
        pass
    with second.locked():
        pass


def test_state_that_could_not_be_saved_is_not_passed_over(tmp_path: Path) -> None:
    workspace = Workspace(MODULES["awsbatch"], tmp_path)
    with workspace.locked():
        (workspace.directory / "errored.tfstate").write_text("{}")
        with pytest.raises(DeployError, match=r"state push errored\.tfstate"):
            workspace.check_saved()


@pytest.mark.parametrize("in_the_way", ["deploy", "deploy/awsbatch/.batch.tf.new/it"])
def test_a_directory_that_cannot_be_used_is_told(programs: Path, covalent_home: Path, in_the_way: str) -> None:
    install(programs, "terraform", "1.11.4")
    path = covalent_home / "data" / in_the_way
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    done = run("up", "awsbatch", "-d")
    assert isinstance(done.exception, DeployError)
    assert "let it belong to you" in str(done.exception)


def test_what_is_to_be_done_by_hand_can_be_copied_whatever_the_home_is_called(tmp_path: Path) -> None:
    workspace = Workspace(MODULES["awsbatch"], tmp_path / "Ä B")
    with workspace.locked():
        (workspace.directory / "errored.tfstate").touch()
        with pytest.raises(DeployError) as told:
            workspace.check_saved()
    assert f"-chdir={workspace.directory}" in shlex.split(str(told.value).partition("'")[2].rpartition("', then")[0])


def test_a_state_cannot_be_moved_by_naming_another_backend(tmp_path: Path) -> None:
    workspace = Workspace(MODULES["awsbatch"], tmp_path)
    with workspace.locked():
        workspace.lay_out({"s3": {"bucket": "b"}})
        workspace.note(phase="done")
        workspace.lay_out(None)
        workspace.lay_out({"s3": {"bucket": "b"}})
        with pytest.raises(DeployError, match="it cannot be moved by --backend"):
            workspace.lay_out({"s3": {"bucket": "c"}})


def test_only_the_owner_can_read_what_a_deployment_was_told(tmp_path: Path) -> None:
    workspace = Workspace(MODULES["awsbatch"], tmp_path)
    with workspace.locked():
        workspace.lay_out({"s3": {"secret_key": "s"}})
        workspace.tell({"tags": {}})
        modes = {path.name: path.stat().st_mode & 0o077 for path in workspace.directory.iterdir()}
    assert set(modes.values()) == {0}, modes


def test_lines_that_are_no_report_and_warnings_do_not_end_a_run() -> None:
    said: list[str] = []
    report = Report(said.append)
    report("panic: something")
    report('{"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "Old."}}')
    report(
        '{"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "No", "detail": "Because\\n of it."}}'
    )
    report('{"type": "new in a later version"}')
    assert said == ["Warning: Old."]
    assert report.errors == ["No. Because of it."]


# The modules


@pytest.mark.parametrize("executor", EXECUTORS)
def test_modules_have_what_everybody_looks_for_and_pin_their_providers(executor: str) -> None:
    directory = MODULES[executor].directory
    assert {"versions.tf", "variables.tf", "outputs.tf", "README.md"} <= {path.name for path in directory.iterdir()}
    versions = (directory / "versions.tf").read_text()
    assert versions.count("source ") == len(re.findall(r'version = ">= [\d.]+, < [\d.]+"', versions))
    variables = read_variables(directory)
    assert {"prefix", *MODULES[executor].place} <= variables.keys()
    readme = (directory / "README.md").read_text()
    assert [name for name in variables if f"`{name}`" not in readme] == []


@pytest.mark.terraform
def test_modules_are_written_as_terraform_formats_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    program = shutil.which("terraform") or shutil.which("tofu")
    place = MODULES["awsbatch"].directory.parent
    done = subprocess.run(
        [str(program), "fmt", "-check", "-diff", "-recursive"], cwd=place, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
