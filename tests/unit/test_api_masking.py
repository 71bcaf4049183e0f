"""What of an executor's settings others may see."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

import covalent as ct
from covalent.api.masking import masked_graph, masked_options, masked_settings
from covalent.executor.registry import known_executors, secret_settings
from covalent.masked_text import masked_text
from covalent.model import Environment, ExecutorSpec
from covalent.secrets import MASK


def test_settings_that_may_be_secrets_are_masked_by_their_names():
    options = {
        "client_secret": "s3cr3t",
        "api_key": "k",
        "accountKey": "k",
        "sas_token": "t",
        "password": "p",
        "region": "r",
    }
    assert masked_options(options) == {**dict.fromkeys(options, MASK), "region": "r"}


def test_of_tables_only_the_names_are_shown():
    assert masked_options({"environment": {"HF_TOKEN": "x", "MODE": "y"}}) == {
        "environment": {"HF_TOKEN": MASK, "MODE": MASK}
    }
    assert masked_options({"client_secret": {"$secret": "id"}}) == {"client_secret": {"$secret": MASK}}


def test_names_and_passwords_in_addresses_are_masked():
    assert masked_options({"image": "https://user:pw@example.org/x"}) == {"image": f"https://{MASK}@example.org/x"}
    assert masked_options({"places": ["git+ssh://me:pw@h/x", "b"]}) == {"places": [f"git+ssh://{MASK}@h/x", "b"]}


def test_everything_else_is_as_it_is():
    options = {"vcpu": 2, "memory": 0.5, "spot": True, "labels": None, "zones": ["a", "b"], "has_secrets": False}
    assert masked_options(options) == options


@pytest.mark.parametrize(
    "name",
    [
        "pwd",
        "db_pwd",
        "passphrase",
        "connection_string",
        "connectionString",
        "dsn",
        "ssh_key",
        "github_pat",
        "pat",
        "sig",
        "PASSWORD",
    ],
)
def test_many_names_are_those_of_secrets(name):
    assert masked_options({name: "x"}) == {name: MASK}


@pytest.mark.parametrize("name", ["path", "patience", "keys", "keyboard", "design", "pattern", "region", "monkey"])
def test_most_names_are_not(name):
    assert masked_options({name: "x"}) == {name: "x"}


def test_what_an_executor_says_to_be_secret_is_masked_whatever_its_name():
    secret = {(name, one) for name in known_executors() for one in secret_settings(name)}
    assert secret
    for executor, name in secret:
        assert masked_settings(executor, {name: "s3cr3t", "other": "x"}) == {name: MASK, "other": "x"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://u:p@h/x", "https://********@h/x"),
        ("https://tok@h/x@v1", "https://********@h/x@v1"),
        ("https://u:pa/ss@h/x", "https://********@h/x"),
        ("https://u:p@ss@h/x", "https://********@h/x"),
        ("https://me@x.org:p/?@h/x", "https://********@h/x"),
        ("git+https://h/repo@v1", "git+https://h/repo@v1"),
        ("https://h:8080/a@b", "https://h:8080/a@b"),
        ("https://h/x?sv=1&sig=abc%3D&x=1", "https://h/x?sv=1&sig=********&x=1"),
        ("https://h/x?token=a#y", "https://h/x?token=********#y"),
        ("https://h/x?key=a&page=2", "https://h/x?key=********&page=2"),
        ("-e DB_PASSWORD=abc -e MODE=x", "-e DB_PASSWORD=******** -e MODE=x"),
        ("--env=API_KEY=abc run", "--env=API_KEY=******** run"),
        ('--env "API_KEY=a b" run', '--env "API_KEY=********" run'),
        ("export HF_TOKEN='a b'; echo $X", "export HF_TOKEN=********; echo $X"),
        ('export A=1 HF_TOKEN="a\\"b"c', "export A=1 HF_TOKEN=********"),
        ("cd /x;PASSWORD=a make&&echo", "cd /x;PASSWORD=******** make&&echo"),
        ("login --password abc -u me", "login --password ******** -u me"),
        ("curl -H 'Authorization: Bearer abc.def' h", "curl -H 'Authorization: ********' h"),
        ("curl -H 'x: y' -H 'X-Api-Key: abc' h", "curl -H 'x: y' -H 'X-Api-Key: ********' h"),
        ("--index-url https://u:p@h/simple numpy==2.0", "--index-url https://********@h/simple numpy==2.0"),
        ("pandas[all]>=2; python_version>'3'", "pandas[all]>=2; python_version>'3'"),
    ],
)
def test_secrets_in_texts_are_masked(text, masked):
    assert masked_text(text) == masked
    assert masked_options({"container_options": text}) == {"container_options": masked}


def test_secrets_in_lists_of_words_are_masked():
    words = ["--env", "DB_PASSWORD=a b 'c", "-e", "MODE=x", "--env=TOKEN=x y", "--password", "abc", "--rm"]
    assert masked_options({"options": words}) == {
        "options": ["--env", f"DB_PASSWORD={MASK}", "-e", "MODE=x", f"--env=TOKEN={MASK}", "--password", MASK, "--rm"]
    }


def test_a_graph_shows_no_secret_of_its_environments_and_executors():
    @ct.electron
    def task():
        return 1

    graph = ct.lattice(lambda: task()).build_graph().graph
    environment = Environment(pip=("--extra-index-url https://u:s3cr3t@h/x",), bash=("export TOKEN=s3cr3t",), hooks="h")
    masked = masked_graph(
        replace(graph, environments=(environment,), executors=(ExecutorSpec(name="x", options={"pwd": "s3cr3t"}),))
    )
    assert masked.environments == (
        Environment(pip=(f"--extra-index-url https://{MASK}@h/x",), bash=(f"export TOKEN={MASK}",), hooks="h"),
    )
    assert "s3cr3t" not in str(masked)


@pytest.mark.parametrize(
    "text",
    [
        "://a:" * 200_000,
        "a=" * 500_000,
        "'" * 1_000_000,
        '"a=' * 300_000,
        "--a " * 200_000,
        "a" * 1_000_000,
        "?a=" * 300_000,
    ]
    + ["://a:b@" * 100_000, "a: " * 300_000, "\\" * 1_000_000, "-" * 1_000_000, " " * 1_000_000, "a-" * 500_000],
    ids=lambda text: text[:6],
)
def test_long_texts_take_no_time(text):
    began = time.monotonic()
    masked_text(text)
    assert time.monotonic() - began < 5
