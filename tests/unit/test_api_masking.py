"""What of an executor's settings others may see."""

from __future__ import annotations

from covalent.api.masking import MASK, masked_options


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
