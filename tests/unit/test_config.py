"""Settings: where they come from, what a wrong one says, and how one is written."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from covalent import config
from covalent.errors import ConfigError


@pytest.fixture(autouse=True)
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of a fresh home, not yet there."""
    for name in ("DISPATCHER_ADDR", "SVC_PORT", "DATABASE_URL"):
        monkeypatch.delenv(f"COVALENT_{name}", raising=False)
    monkeypatch.setenv("COVALENT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("COVALENT_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "covalent.conf"


def refused(conf: Path, text: str) -> str:
    conf.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.get_config()
    return str(caught.value)


# Where a value comes from


def test_defaults_hold_without_a_file(tmp_path):
    assert config.get_config("dispatcher.port") == 48008
    assert config.get_config("sdk.executor") == "local"
    assert config.get_config("sdk.results_dir") == str(tmp_path / "data" / "results")
    assert config.get_config("executors.local") == {}


def test_the_file_beats_the_default_and_the_environment_beats_the_file(conf, monkeypatch):
    conf.write_text("[dispatcher]\nport = 5000\n")
    assert config.get_config("dispatcher.port") == 5000
    monkeypatch.setenv("COVALENT_SVC_PORT", "6000")
    assert config.get_config("dispatcher.port") == 6000
    assert config.get_config()["dispatcher"]["port"] == 6000


def test_a_changed_file_is_noticed_without_a_reload(conf):
    conf.write_text("[dispatcher]\nport = 5000\n")
    assert config.get_config("dispatcher.port") == 5000
    conf.write_text("[dispatcher]\nport = 50001\n")
    assert config.get_config("dispatcher.port") == 50001


def test_pages_are_where_the_server_is_unless_it_is_said(conf):
    conf.write_text("[dispatcher]\nport = 5000\n")
    assert config.get_config("user_interface.port") == 5000
    assert config.ui_address("http://127.0.0.1:7000") == "http://127.0.0.1:7000"
    conf.write_text('[user_interface]\naddress = "flows.example.org"\n')
    assert config.ui_address("http://127.0.0.1:7000") == "http://flows.example.org:7000"
    conf.write_text('[user_interface]\naddress = "flows.example.org"\nport = 80\n')
    assert config.ui_address("http://127.0.0.1:7000") == "http://flows.example.org:80"


def test_everything_is_a_dict_of_sections(conf):
    conf.write_text('[executors.awsbatch]\ns3_bucket_name = "bucket"\n')
    everything = config.get_config()
    assert set(everything) == {"sdk", "dispatcher", "user_interface", "executors"}
    assert everything["executors"] == {"awsbatch": {"s3_bucket_name": "bucket"}}
    assert config.get_config("sdk") == everything["sdk"]


def test_executor_settings_are_returned_as_written(conf):
    conf.write_text('[executors.gcpbatch]\nvcpus = 2\n[executors.gcpbatch.labels]\nteam = "a"\n')
    assert config.executor_defaults("gcpbatch") == {"vcpus": 2, "labels": {"team": "a"}}
    assert config.executor_defaults("awsbatch") == {}
    assert config.get_config("executors.gcpbatch.labels.team") == "a"


def test_a_caller_cannot_change_what_the_next_one_reads(conf):
    conf.write_text('[executors.gcpbatch.labels]\nteam = "b"\n')
    config.executor_defaults("gcpbatch")["labels"]["team"] = 9
    assert config.get_config("executors.gcpbatch.labels.team") == "b"


# Addresses


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("localhost:5000", "http://127.0.0.1:5000"),
        ("example.org", "http://example.org:48008"),
        ("http://example.org:81/", "http://example.org:81"),
        ("https://example.org", "https://example.org:443"),
        ("[::1]:7000", "http://[::1]:7000"),
    ],
)
def test_an_address_in_the_environment_becomes_a_url(given, url, monkeypatch):
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", given)
    assert config.dispatcher_address() == url


def test_the_address_in_the_environment_shows_in_the_settings(monkeypatch):
    monkeypatch.setenv("COVALENT_DISPATCHER_ADDR", "http://example.org:81")
    assert config.get_config("dispatcher.address") == "example.org"
    assert config.get_config("dispatcher.port") == 81


@pytest.mark.parametrize(
    "given", ["", "ftp://x", "http://", "a b:1", "x:port", "x:99999", "http://x/path", "http://[::1"]
)
def test_what_is_no_address_is_refused_with_its_source(given):
    with pytest.raises(ConfigError, match=r"dispatcher_addr is .*must be host:port"):
        config.normalize_address(given, "dispatcher_addr")


def test_a_server_on_all_interfaces_is_reached_on_loopback(conf):
    conf.write_text('[dispatcher]\naddress = "0.0.0.0"\n')
    assert config.dispatcher_address() == "http://127.0.0.1:48008"


# What a mistake says


def test_a_mistyped_key_is_refused_with_file_line_and_the_nearest_key(conf):
    message = refused(conf, "[sdk]\n# mine\n\n[dispatcher]\nprot = 5000\n")
    assert message.startswith(f"{conf}, line 5: There is no setting 'dispatcher.prot'. Did you mean 'port'?")


def test_a_mistyped_section_is_refused_with_the_nearest_section(conf):
    assert "line 2: There is no setting 'dispatchr.port'. Did you mean 'dispatcher.port'?" in refused(
        conf, "[dispatchr]\nport = 5000\n"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[dispatcher]\nport = "5000"\n', "line 2: dispatcher.port must be a whole number, not '5000'"),
        ("[dispatcher]\nport = true\n", "line 2: dispatcher.port must be a whole number, not True"),
        ("dispatcher = {address = 'h', port = 99999}\n", "line 1: dispatcher.port must be between 0 and 65535"),
        ("sdk.executor = 3\n", "line 1: sdk.executor must be a string, not 3"),
        ("\n[sdk]\nlog_level = 'loud'\n", "line 3: sdk.log_level must be one of debug, info"),
        ("dispatcher = 3\n", "line 1: dispatcher must be a table, [dispatcher], not 3"),
        ("[executors]\nlocal = 3\n", "line 2: executors.local must be a table, [executors.local], not 3"),
        (
            "[executors.local]\n\nwokers = 3\n",
            "line 3: There is no setting 'executors.local.wokers'. Did you mean 'workers'?",
        ),
        ("[executors.local]\nworkers = 0\n", "line 2: executors.local.workers must be a whole number above 0, not 0."),
        (
            "[executors.local.retries]\nall = 1\n",
            "executors.local.retries must be a whole number from 0 on, not {'all': 1}.",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_line_and_key(conf, text, complaint):
    assert complaint in refused(conf, text)


@pytest.mark.parametrize(
    ("text", "line"), [("[sdk]\nexecutor = \n", 2), ("[sdk]\n[dispatcher\n", 2), ("a = '''\n\n", 2)]
)
def test_a_syntax_error_names_the_line(conf, text, line):
    assert f"{conf}, line {line}: this is not valid TOML" in refused(conf, text)


def test_a_file_that_is_not_text_is_refused(conf):
    conf.write_bytes(b"[sdk]\nexecutor = '\xff'\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text"):
        config.get_config("sdk.executor")


def test_a_wrong_environment_variable_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("COVALENT_SVC_PORT", "http")
    with pytest.raises(ConfigError, match=r"COVALENT_SVC_PORT must be a whole number, not 'http'"):
        config.get_config("dispatcher.port")


@pytest.mark.parametrize("key", ["sdk.exectuor", "executor", "sdk.executor.name"])
def test_an_unknown_key_is_refused_with_the_nearest_one(key):
    with pytest.raises(ConfigError, match=r"There is no setting '.*'\. Did you mean '(sdk\.)?executor'\?"):
        config.get_config(key)


def test_an_executor_setting_that_is_not_there_is_refused(conf):
    conf.write_text("[executors.local]\nworkers = 2\n")
    with pytest.raises(ConfigError, match=r"'executors.local.wokers' is not set in .* Did you mean 'workers'"):
        config.get_config("executors.local.wokers")


# Writing


def test_setting_a_key_keeps_comments_order_and_siblings(conf):
    conf.write_text('# mine\n[dispatcher]\nport = 5000  # why\naddress = "h"\n\n[executors.local]\nworkers = 3\n')
    config.set_config("dispatcher.port", 6000)
    assert conf.read_text() == (
        '# mine\n[dispatcher]\nport = 6000  # why\naddress = "h"\n\n[executors.local]\nworkers = 3\n'
    )
    assert config.get_config("dispatcher.port") == 6000


def test_nested_and_dotted_dicts_set_the_same(conf):
    config.set_config({"dispatcher": {"port": 5000}, "executors.awsbatch.vcpu": 4})
    config.set_config({"dispatcher.address": "h"})
    assert config.get_config("dispatcher.port") == 5000
    assert config.get_config("dispatcher.address") == "h"
    assert config.get_config("executors.awsbatch") == {"vcpu": 4}


def test_none_takes_a_key_out_so_that_its_default_applies(conf):
    config.set_config({"dispatcher.port": 5000, "dispatcher.address": "h"})
    config.set_config("dispatcher.port", None)
    config.set_config("executors.local.workers", None)
    assert config.get_config("dispatcher.port") == 48008
    assert config.get_config("dispatcher.address") == "h"


@pytest.mark.parametrize(
    ("key", "value"),
    [("dispatcher.prot", 1), ("dispatcher.port", "x"), ("dispatcher.prot", None), ("executors.local.workers", "many")],
)
def test_a_wrong_key_or_value_is_not_written(conf, key, value):
    conf.write_text("[dispatcher]\nport = 5000\n")
    with pytest.raises(ConfigError):
        config.set_config({"sdk.executor": "other", key: value})
    assert conf.read_text() == "[dispatcher]\nport = 5000\n"


def test_a_broken_file_is_not_overwritten(conf):
    conf.write_text("[dispatcher\n")
    with pytest.raises(ConfigError, match=r"line 1"):
        config.set_config("dispatcher.port", 5000)
    assert conf.read_text() == "[dispatcher\n"


def test_a_value_that_toml_cannot_hold_is_refused(conf):
    with pytest.raises(ConfigError, match=r"executors.local.workers"):
        config.set_config("executors.local.workers", object())
    assert not conf.exists()


def test_a_new_file_is_for_its_owner_only_and_an_old_one_keeps_its_mode(conf):
    config.set_config("sdk.executor", "local")
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600
    conf.chmod(0o640)
    config.set_config("sdk.executor", "other")
    assert stat.S_IMODE(conf.stat().st_mode) == 0o640


def test_a_file_that_gets_a_secret_is_its_owners_alone(conf: Path):
    config.set_config("dispatcher.port", 1234)
    conf.chmod(0o664)
    config.set_config("executors.azurebatch.client_secret", "hush")
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600


def test_a_link_to_the_file_stays_a_link(conf, tmp_path):
    conf.symlink_to(tmp_path / "dotfile")
    config.set_config("sdk.executor", "other")
    assert conf.is_symlink()
    assert "other" in (tmp_path / "dotfile").read_text()


def _set(number: int) -> None:
    config.set_config(f"executors.plugin{number}.value", number)


def test_concurrent_writers_lose_nothing(conf):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_set, range(20), chunksize=1)
    assert config.get_config("executors") == {f"plugin{n}": {"value": n} for n in range(20)}
    assert sorted(p.name for p in conf.parent.iterdir()) == [".covalent.conf.lock", "covalent.conf"]


# Directories


def test_the_data_directory_is_made_for_its_owner_only(tmp_path):
    assert config.data_dir() == tmp_path / "data"
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_the_directories_follow_the_xdg_variables(tmp_path, monkeypatch):
    monkeypatch.delenv("COVALENT_CONFIG_DIR")
    monkeypatch.delenv("COVALENT_DATA_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert config.config_path() == tmp_path / "c" / "covalent" / "covalent.conf"
    assert config.data_dir() == tmp_path / "home" / ".local" / "share" / "covalent"


def test_a_data_directory_that_cannot_be_made_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COVALENT_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ConfigError, match=r"cannot be made: Not a directory. Set COVALENT_DATA_DIR"):
        config.data_dir()
