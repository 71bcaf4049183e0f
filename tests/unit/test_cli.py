"""The command line where no server is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from covalent import cli, config
from covalent.cli.output import duration
from covalent.client.transport import expect_nobody


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory and a configuration of this test's own, and no server."""
    for name in ("DISPATCHER_ADDR", "SVC_PORT", "DATABASE_URL", "TOKEN"):
        monkeypatch.delenv(f"COVALENT_{name}", raising=False)
    monkeypatch.setenv("COVALENT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("COVALENT_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir(mode=0o700)
    expect_nobody()
    return tmp_path / "data"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def command(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["covalent", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return command


# Help


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name, run):
    ran = run(name, "--help")
    assert ran.code == 0
    assert cli.COMMANDS[name][1] in " ".join(ran.out.split())


def test_help_lists_every_command(run):
    out = run("--help").out
    assert all(f"  {name} " in out for name in cli.COMMANDS)
    assert run("-h").out == out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_list_of_a_groups_commands_breaks_no_sentence_off(name, run):
    assert not [line for line in run(name, "--help").out.splitlines() if line.endswith("...") and "[" not in line]


def test_the_version_is_told(run):
    assert run("--version").out.startswith("Covalent 0.")


def test_a_mistyped_command_is_a_usage_error_that_names_the_nearest(run):
    ran = run("statsu")
    assert ran.code == 2
    assert "No such command 'statsu'. Did you mean 'status'?" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("start", "-p", "99999"),
        ("list", "-n", "0"),
        ("list", "-s", "BROKEN"),
        ("why", "x", "-1"),
        ("logs", "-n", "3", "x"),
        ("logs", "--attempt", "2", "x"),
        ("purge", "-H", "x"),
        ("config", "set", "sdk.executor"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_no_traceback(arguments, run):
    ran = run(*arguments)
    assert ran.code == 2
    assert "Error:" in ran.err
    assert "Traceback" not in ran.err


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from covalent.cli import cli; cli.main(['--help'], standalone_mode=False);"
        "print(sorted({'urllib3', 'rich', 'fastapi', 'psutil', 'tomlkit', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# Without a server


@pytest.mark.parametrize("arguments", [("list",), ("show", "x"), ("why", "x"), ("cancel", "x"), ("logs", "x")])
def test_without_a_server_the_message_says_how_to_start_one(arguments, run):
    ran = run(*arguments)
    assert ran.code == 1
    assert ran.err.startswith("Error: No Covalent server answers at http://127.0.0.1:48008")
    assert "'covalent start'" in ran.err
    assert "Traceback" not in ran.err


def test_status_ends_with_1_if_no_server_runs(run, data):
    ran = run("status")
    assert ran.code == 1
    assert "none runs on the data directory" in ran.out
    assert json.loads(run("status", "--json").out) == {"running": False, "data_dir": str(data)}


def test_stopping_what_does_not_run_is_no_failure(run):
    assert run("stop") == (0, "No Covalent server was running.\n", "")


def test_a_stale_record_of_a_server_is_seen_through(run, data, monkeypatch):
    # This very process: it exists, but it is no server, and it is not to be stopped.
    record = {"pid": os.getpid(), "host": "localhost", "port": 9, "address": "http://127.0.0.1:9"}
    (data / "server.json").write_text(json.dumps({**record, "version": "0.1.0", "started_at": 1.0}))
    assert run("stop").out == "No Covalent server was running.\n"
    assert run("status").code == 1


def test_a_server_cannot_be_started_on_another_machines_address(run):
    ran = run("start", "-a", "192.0.2.1")
    assert ran.code == 1
    assert "'192.0.2.1', which is not an address of this machine" in ran.err


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0042, "4.2 ms"), (-1, "0.0 ms"), (0.25, "0.25 s"), (12, "12 s"), (185, "3 min 5 s")]
)
def test_durations_are_told_in_the_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


# Settings


def test_settings_are_set_shown_and_taken_back(run):
    assert run("config", "set", "dispatcher.port", "5000") == (0, "", "")
    assert run("config", "get", "dispatcher.port").out == "5000\n"
    assert config.get_config("dispatcher.port") == 5000
    run("config", "unset", "dispatcher.port")
    assert run("config", "get", "dispatcher.port").out == "48008\n"


def test_all_settings_are_shown_as_toml_and_as_json(run, tmp_path):
    run("config", "set", "executors.local.workers", "3")
    shown = run("config").out
    assert shown.startswith(f"# {tmp_path / 'config' / 'covalent.conf'}\n")
    assert "[executors.local]\nworkers = 3" in shown
    assert json.loads(run("config", "--json").out)["executors"] == {"local": {"workers": 3}}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("executors.local.workers", "3", 3),
        ("executors.pear.fast", "true", True),
        ("executors.pear.names", '["a", "b"]', ["a", "b"]),
        ("executors.pear.name", "my queue", "my queue"),
        ("sdk.executor", "3", "3"),
    ],
)
def test_values_are_read_as_toml_where_the_setting_takes_it(run, key, text, value):
    run("config", "set", key, text)
    assert config.get_config(key) == value


def test_secrets_are_masked_unless_asked_for_by_name(run, monkeypatch):
    config.set_config({"executors.azurebatch.client_secret": "hunter2", "executors.azurebatch.client_id": "me"})
    monkeypatch.setenv("COVALENT_DATABASE_URL", "postgresql://me:hunter2@db/covalent")
    shown = run("config").out
    assert "hunter2" not in shown
    assert "postgresql://********@db/covalent" in shown
    assert 'client_id = "me"' in shown
    assert run("config", "get", "executors.azurebatch.client_secret").out == "hunter2\n"


def test_a_mistyped_setting_ends_with_1_and_the_nearest_name(run):
    ran = run("config", "set", "dispatcher.prot", "1")
    assert ran.code == 1
    assert ran.err.startswith("Error: There is no setting 'dispatcher.prot'. Did you mean 'port'?")


def test_a_broken_file_ends_every_command_with_file_and_line(run, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "covalent.conf").write_text("[dispatcher]\nport = 'x'\n")
    for command in ("config", "status", "list", "start"):
        ran = run(command)
        assert ran.code == 1
        assert "covalent.conf, line 2: dispatcher.port must be a whole number" in ran.err


def test_every_setting_is_explained(run):
    out = run("config", "keys").out
    assert all(key in out for key in config.SETTINGS)


# The server's log


def test_the_servers_log_is_shown_whole_or_its_end(run, data):
    (data / "server.log").write_text("one\ntwo\nthree\n")
    assert run("logs").out == "one\ntwo\nthree\n"
    assert run("logs", "-n", "2").out == "two\nthree\n"
    assert run("logs", "-n", str(10**30)).out == run("logs").out


def test_without_a_log_the_message_says_where_it_would_be(run, data):
    ran = run("logs")
    assert ran.code == 1
    assert f"There is no log {data / 'server.log'}" in ran.err


def test_following_the_servers_log_goes_on_in_the_one_that_takes_its_place(data):
    log = data / "server.log"
    log.write_text("old\nlast\n")
    command = [sys.executable, "-m", "covalent", "logs", "-f", "-n", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        timer = threading.Timer(20, follower.kill)
        timer.start()
        assert follower.stdout is not None
        assert follower.stdout.readline() == "last\n"
        with log.open("a") as file:
            file.write("more\n")
        assert follower.stdout.readline() == "more\n"
        log.rename(data / "server.log.1")
        log.write_text("new\n")
        assert follower.stdout.readline() == "new\n"
        follower.terminate()
        timer.cancel()


# Purging


def test_purging_deletes_what_a_server_makes_and_leaves_what_is_not_covalents(run, data):
    for name in ("covalent.db", "covalent.db-wal", "token", "server.log"):
        (data / name).write_text("x")
    (data / "objects" / "ab").mkdir(parents=True)
    (data / "thesis.tex").write_text("years of work")
    ran = run("purge", "-y")
    assert ran.code == 0
    assert "Left what is not Covalent's: thesis.tex" in ran.out
    assert [path.name for path in data.iterdir()] == ["thesis.tex"]


def test_purging_takes_the_empty_directory_and_with_H_the_configuration(run, data):
    config.set_config("sdk.executor", "local")
    (data / "token").write_text("x")
    run("purge", "-y")
    assert not data.exists()
    assert config.config_path().exists()
    run("purge", "-y", "-H")
    assert not config.config_path().exists()


def test_purging_where_nothing_is_says_so(run, data):
    assert run("purge") == (0, f"There is nothing to delete in {data}.\n", "")
    assert not data.exists()
    data.mkdir()
    (data / "thesis.tex").write_text("years of work")
    assert "nothing to delete" in run("purge", "-y").out
    assert (data / "thesis.tex").exists()


@pytest.mark.parametrize("answer", ["", "n\n"])
def test_purging_asks_and_deletes_nothing_without_a_yes(data, answer):
    (data / "token").write_text("x")
    command = [sys.executable, "-m", "covalent", "purge"]
    done = subprocess.run(command, input=answer, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "delete all dispatches and results" in done.stdout
    assert (data / "token").exists()
