"""Secrets: masked wherever they are shown, references wherever they travel."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import pickle
import stat
import sys
import threading
from pathlib import Path

import cloudpickle
import msgspec
import pytest
from click.testing import CliRunner

from covalent import config
from covalent.cli.config import config as config_command
from covalent.dispatcher.sealing import KEY_FILE, Sealing
from covalent.errors import ConfigError, ExecutorError, SecretError
from covalent.secrets import MASK, Secret, collected, opened, references, referred, wire

WORD = "hunter2-hunter2"
OTHER = Secret.known_as("0" * 32)


def test_a_secret_shows_itself_as_a_mask_only():
    secret = Secret(WORD)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>30}", f"{secret:>20}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert all(WORD not in one and MASK in one for one in shown)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == WORD


def test_no_json_is_made_of_a_secret():
    for encode in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            encode({"password": Secret(WORD)})


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps, lambda value: pickle.dumps(value, 0)])
def test_a_pickle_holds_a_reference_that_says_why_it_has_no_text(dumps):
    secret = Secret(WORD)
    data = dumps({"password": secret, "again": secret})
    assert WORD.encode() not in data
    found = pickle.loads(data)["password"]
    assert (found.id, found.is_known) == (secret.id, False)
    with pytest.raises(SecretError, match=r"not known in this process.*read it where it runs"):
        found.reveal()


def test_copies_in_the_same_process_keep_the_text():
    secret = Secret(WORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": [secret]})["a"][0] is secret


def test_secrets_are_equal_by_text_and_references_by_id():
    assert Secret(WORD) == Secret(WORD)
    assert Secret(WORD) == Secret.known_as("1" * 32, WORD)
    assert hash(Secret(WORD)) == hash(Secret.known_as("1" * 32, WORD))
    assert Secret(WORD) != Secret(WORD + "x")
    assert Secret.known_as("1" * 32) == Secret.known_as("1" * 32)
    assert len({Secret.known_as("1" * 32), Secret.known_as("1" * 32), Secret.known_as("2" * 32)}) == 2
    assert Secret.known_as(Secret(WORD).id) != Secret(WORD)
    assert Secret(WORD) != WORD


def test_the_same_text_has_the_same_id_in_a_process_and_the_id_is_no_digest_of_it():
    assert Secret(WORD).id == Secret(WORD).id != Secret("other").id
    assert not hashlib.sha256(WORD.encode()).hexdigest().startswith(Secret(WORD).id)


@pytest.mark.parametrize("wrong", ["", 7, None, b"bytes", "x" * 65537, "\ud800" + WORD])
def test_what_is_no_secret_is_refused_without_being_shown(wrong):
    with pytest.raises(SecretError) as refused:
        Secret(wrong)
    assert str(refused.value) == "A secret must be text of 1 to 65536 characters."


def test_references_are_whole_options_of_one_shape_only():
    assert referred(Secret(WORD).reference()) == Secret(WORD).id
    for other in (None, "x", {}, {"$secret": "short"}, {"$secret": 3}, {"$secret": "0" * 32, "more": 1}, ["0" * 32]):
        assert referred(other) is None
    options = {"a": {"$secret": "0" * 32}, "b": {"deeper": {"$secret": "1" * 32}}, "c": 1}
    assert references(options) == {"0" * 32}
    found = opened(options, {"0" * 32: WORD, "1" * 32: "never"})
    assert found == {"a": Secret(WORD), "b": {"deeper": {"$secret": "1" * 32}}, "c": 1}
    assert wire(3) == 3


def test_whoever_collects_is_told_of_what_is_pickled_or_referred_to_meanwhile_and_of_nothing_else():
    pickle.dumps(Secret("before"))
    with collected() as noted:
        pickle.dumps([Secret("pickled"), OTHER])
        Secret("referred").reference()
        Secret("neither")
        elsewhere = threading.Thread(target=pickle.dumps, args=(Secret("another thread"),))
        elsewhere.start()
        elsewhere.join()
    pickle.dumps(Secret("after"))
    assert noted == {one.id: one for one in (Secret("pickled"), OTHER, Secret("referred"))}


def test_a_text_that_is_known_is_not_lost_to_a_reference_of_the_same_id():
    secret = Secret(WORD)
    with collected() as noted:
        secret.reference()
        Secret.known_as(secret.id).reference()
    assert noted[secret.id].reveal() == WORD


# The key


def test_what_is_sealed_is_opened_again_by_whoever_has_the_key(tmp_path: Path):
    sealed = Sealing(tmp_path).seal({OTHER.id: WORD})
    assert WORD.encode() not in sealed[OTHER.id]
    assert Sealing(tmp_path).open(OTHER.id, sealed[OTHER.id]) == WORD
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_no_key_is_made_before_there_is_a_secret(tmp_path: Path):
    assert Sealing(tmp_path).seal({}) == {}
    assert not list(tmp_path.iterdir())


def test_many_who_make_the_key_at_once_make_one(tmp_path: Path):
    sealed, together = {}, threading.Barrier(8)

    def seal(number: int) -> None:
        together.wait()
        sealed[number] = Sealing(tmp_path).seal({OTHER.id: str(number)})[OTHER.id]

    threads = [threading.Thread(target=seal, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {Sealing(tmp_path).open(OTHER.id, one) for one in sealed.values()} == set(map(str, range(8)))


def test_a_sealed_secret_cannot_be_passed_off_as_another(tmp_path: Path):
    sealed = Sealing(tmp_path).seal({OTHER.id: WORD})[OTHER.id]
    with pytest.raises(SecretError, match="cannot be opened"):
        Sealing(tmp_path).open("1" * 32, sealed)


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def test_a_key_that_is_gone_or_another_is_told_with_what_to_do(tmp_path: Path):
    sealed = Sealing(tmp_path).seal({OTHER.id: WORD})[OTHER.id]
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(SecretError, match=rf"its key, {tmp_path}/{KEY_FILE}, is gone. Put it back"):
        Sealing(tmp_path).open(OTHER.id, sealed)
    (tmp_path / KEY_FILE).write_text(key())
    with pytest.raises(SecretError, match=r"under another key.*Put the key back.*COVALENT_SECRET_KEY"):
        Sealing(tmp_path).open(OTHER.id, sealed)
    (tmp_path / KEY_FILE).write_text("no key\n")
    with pytest.raises(SecretError, match="holds no key: that is 32 bytes in URL-safe base64"):
        Sealing(tmp_path).open(OTHER.id, sealed)


def test_keys_that_are_given_go_before_the_file_and_old_ones_still_open(tmp_path: Path):
    old, new = key(), key()
    in_file = Sealing(tmp_path).seal({OTHER.id: "file"})[OTHER.id]
    under_old = Sealing(tmp_path, old).seal({OTHER.id: "old"})[OTHER.id]
    both = Sealing(tmp_path, f"{new}, {old}")
    under_new = both.seal({OTHER.id: "new"})[OTHER.id]
    assert [both.open(OTHER.id, one) for one in (in_file, under_old, under_new)] == ["file", "old", "new"]
    with pytest.raises(SecretError):
        Sealing(tmp_path, old).open(OTHER.id, under_new)


@pytest.mark.parametrize("wrong", ["short", "A" * 42, f"{'A' * 43}=,not a key", "ä" * 44])
def test_what_is_no_key_is_refused_without_being_shown(wrong: str, tmp_path: Path):
    with pytest.raises(ConfigError, match="The variable COVALENT_SECRET_KEY holds no key") as refused:
        Sealing(tmp_path, wrong)
    assert wrong not in str(refused.value)


def test_a_server_without_the_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(SecretError, match=r"pip install 'covalent-batch\[azure\]'"):
        Sealing(tmp_path).seal({OTHER.id: WORD})


# The configuration


@pytest.fixture
def configured(covalent_home: Path) -> str:
    config.set_config("executors.azurebatch.client_secret", WORD)
    config.set_config("executors.azurebatch.client_id", "me")
    return WORD


def test_the_configuration_is_shown_with_masks_unless_a_secret_is_asked_for_by_name(configured: str):
    for found in (
        config.get_config()["executors"]["azurebatch"],
        config.get_config("executors")["azurebatch"],
        config.get_config("executors.azurebatch"),
    ):
        assert found == {"client_secret": Secret(WORD), "client_id": "me"}
        assert WORD not in repr(found)
    assert config.get_config("executors.azurebatch.client_secret") == WORD


def test_a_secret_can_be_written_into_the_configuration(covalent_home: Path):
    config.set_config("executors.azurebatch.client_secret", Secret(WORD))
    assert config.get_config("executors.azurebatch.client_secret") == WORD
    assert stat.S_IMODE(config.config_path().stat().st_mode) == 0o600


def test_a_secret_can_be_written_by_a_command_that_does_not_have_it_among_its_arguments(covalent_home: Path):
    ran = CliRunner().invoke(config_command, ["set", "executors.azurebatch.client_secret", "-"], input=f"{WORD}\n")
    assert (ran.exit_code, ran.output) == (0, "")
    assert config.get_config("executors.azurebatch.client_secret") == WORD


def test_a_secret_that_is_none_is_refused_without_being_shown(covalent_home: Path):
    for wrong in (20061987, ["hunter2"], {"x": "hunter2"}):
        with pytest.raises((ConfigError, ExecutorError), match="client_secret must be text") as refused:
            config.set_config("executors.azurebatch.client_secret", wrong)
        assert "2006" not in str(refused.value) and "hunter2" not in str(refused.value)
