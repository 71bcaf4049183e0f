"""Parts of the emulator of Azure that need none to run."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from covalent.cli.emulate import emulate
from covalent.emulator.azure.batch import PoolSettings
from covalent.emulator.azure.identity.principals import Application, Principal
from covalent.emulator.azure.identity.tokens import InvalidTokenError, Tokens
from covalent.emulator.azure.options import parse_pool
from covalent.emulator.azure.refusal import RefusalError, status_of
from covalent.emulator.azure.storage import azurite
from covalent.emulator.azure.storage.access import StorageAccess
from covalent.emulator.azure.storage.batches import sign_parts
from covalent.emulator.azure.storage.operations import identify
from covalent.errors import EmulatorError

WITHOUT_AZURE = """
import sys
sys.modules["azure.storage.blob"] = None
sys.argv = ["covalent", "emulate", "azure"]
from covalent.cli import main
main()
"""


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--fault=flood", "There is no fault 'flood'."),
        ("--identity=mine=blobs", "There is no role 'blobs'. Did you mean 'blob'?"),
        ("--identity=mine=batch:x", "There is no role 'batch:x'."),
        ("--client==blob", "names nobody"),
        ("--storage-port=70000", "not in the range 0<=x<=65535"),
        ("--quota=-1", "not in the range x>=0"),
        ("--region=eastus", "No such option '--region'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(option, message):
    ran = CliRunner().invoke(emulate, ["azure", option])
    assert ran.exit_code == 2
    assert message in " ".join(ran.output.split())


def test_without_azures_libraries_it_says_what_to_install():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_AZURE], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "pip install 'covalent-batch[emulator]'" in ran.stderr


# Principals and pools


@pytest.mark.parametrize(
    ("text", "has_batch", "containers"),
    [
        ("mine", True, None),
        ("mine=blob", False, None),
        ("mine=batch", True, frozenset()),
        ("mine=blob:a,blob:b", False, frozenset({"a", "b"})),
        ("mine=none", False, frozenset()),
    ],
)
def test_a_principal_has_the_roles_that_it_is_given(text, has_batch, containers):
    assert Principal.parse(text, "batch,blob") == Principal(
        client_id="mine", has_batch=has_batch, containers=containers
    )


IDENTITIES = [Principal.parse(name, "blob") for name in ("first", "second")]


@pytest.mark.parametrize(
    ("text", "pool"),
    [
        ("p", PoolSettings(id="p", nodes=4, identities=["first"])),
        (
            "p=nodes:2,spot:1,slots:8",
            PoolSettings(id="p", nodes=2, spot_nodes=1, slots_per_node=8, identities=["first"]),
        ),
        ("p=identity:second,identity:FIRST", PoolSettings(id="p", nodes=4, identities=["second", "FIRST"])),
        ("p=identity:none,no-containers", PoolSettings(id="p", nodes=4, identities=[], has_containers=False)),
        ("p=vcpus:0.5,memory:64", PoolSettings(id="p", nodes=4, vcpus=0.5, memory_mib=64, identities=["first"])),
    ],
)
def test_a_pool_is_what_its_words_say(text, pool):
    assert parse_pool(text, IDENTITIES, nodes=4) == pool


def test_a_pool_can_be_in_trouble():
    pool = parse_pool("p=resize-error:NoQuota,resize-error:NoSubnet,autoscale-error:NoFormula", IDENTITIES, nodes=1)
    assert [error.partition(":")[0] for error in pool.resize_errors] == ["NoQuota", "NoSubnet"]
    assert pool.autoscale_error is not None
    assert pool.autoscale_error.startswith("NoFormula: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=nodes:1", "is no pool"),
        ("p=nodes:many", "A pool's nodes is a number, not 'many'."),
        ("p=nodes:-1", "A pool's nodes is a number, not '-1'."),
        ("p=node:1", "A pool has no 'node'. Did you mean 'nodes'?"),
        ("p=resize-error", "A pool has no 'resize-error' without a code"),
        ("p=identity:third", "Add --identity third."),
    ],
)
def test_what_is_no_pool_is_refused(text, message):
    with pytest.raises(EmulatorError, match=message):
        parse_pool(text, IDENTITIES, nodes=1)


# Tokens


def test_a_token_ends_and_is_refused_from_then_on():
    now = [1000.0]
    tokens = Tokens(60, clock=lambda: now[0])
    mine = Principal.parse("mine", "blob")
    token = tokens.issue(mine, "https://storage.azure.com", "job")
    access = StorageAccess("acc", Application(tenant_id="t", principal=mine, secret=""), tokens)
    headers = {"authorization": f"Bearer {token.text}", "x-ms-version": "2023-11-03"}
    operation = identify("GET", "/acc/c/k", headers)
    assert access.check(operation, headers)
    assert access.caller(headers) == "job"
    now[0] += 60
    with pytest.raises(InvalidTokenError, match="expired"):
        tokens.check(token.text)
    with pytest.raises(RefusalError) as refused:
        access.check(operation, headers)
    assert (refused.value.status, refused.value.code) == (401, "InvalidAuthenticationInfo")


# Requests of Blob Storage


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("PUT", "/acc/c/k", "PutBlob"),
        ("GET", "/acc/c/a%2Fb?timeout=3", "GetBlob"),
        ("HEAD", "/acc/c/k", "GetBlobProperties"),
        ("PUT", "/acc/c/k?comp=block&blockid=x", "PutBlock"),
        ("PUT", "/acc/c/k?comp=blocklist", "PutBlockList"),
        ("GET", "/acc/c?restype=container&comp=list&prefix=k", "ListBlobs"),
        ("PUT", "/acc/c?restype=container", "CreateContainer"),
        ("POST", "/acc/c?restype=container&comp=batch", "BlobBatch"),
        ("GET", "/acc?comp=list", "ListContainers"),
        ("GET", "/acc/?restype=service&comp=properties", "GetBlobServiceProperties"),
        ("PUT", "/acc/c/k?comp=unheard-of", "PUT blob unheard-of"),
    ],
)
def test_a_request_is_called_what_the_service_calls_it(method, target, name):
    assert identify(method, target, {}).name == name


def test_a_copy_is_told_from_a_put():
    operation = identify("PUT", "/acc/c%20c/k", {"x-ms-copy-source": "https://x"})
    assert (operation.name, operation.account, operation.container) == ("CopyBlob", "acc", "c c")


def test_only_the_parts_of_a_batch_that_show_a_token_are_signed():
    part = b"--b\r\n\r\nDELETE /acc/c/%s HTTP/1.1\r\n%sDate: now\r\n\r\n\r\n"
    body = part % (b"1", b"Authorization: Bearer x\r\n") + part % (b"2?a=b", b"authorization: bearer x\r\n")
    signed = part % (b"1?sig=s", b"") + part % (b"2?a=b&sig=s", b"")
    other = part % (b"3", b"Authorization: SharedKey a:b\r\n")
    assert sign_parts(body + other, "/acc/c", "sig=s") == signed + other


def test_a_batch_has_so_many_parts_and_no_more():
    part = b"DELETE /acc/c/key HTTP/1.1\r\nauthorization: Bearer t\r\n\r\n"
    assert sign_parts(256 * part, "/acc/c", "sig=s").count(b"?sig=s") == 256
    with pytest.raises(RefusalError) as raised:
        sign_parts(257 * part, "/acc/c", "sig=s")
    assert raised.value.code == "ExceedsMaxBatchRequestCount"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("JobNotFound", 404),
        ("ActiveJobAndScheduleQuotaReached", 409),
        ("TaskExists", 409),
        ("AuthorizationPermissionMismatch", 403),
        ("ServerBusy", 503),
        ("InvalidQueryParameterValue", 400),
    ],
)
def test_a_code_has_the_status_that_the_service_gives_it(code, status):
    assert status_of(code) == status


# Azurite


def test_without_azurite_and_npm_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(
        EmulatorError, match=r"Install Node\.js with npm, or Azurite itself: npm install --global azurite@"
    ):
        azurite.find()


def test_an_installation_that_fails_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho "no such registry" >&2\nexit 1\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(
        EmulatorError, match=r"(?s)in Azurite 3\.\d+\.\d+, and `\S*npm install .* failed:.no such registry"
    ):
        azurite.find()
    assert not list((tmp_path / "cache").rglob("azurite-blob"))


def test_an_installation_is_done_once(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    program = "$3/node_modules/.bin/azurite-blob"
    npm.write_text(
        f"#!/bin/sh\nset -e\n/bin/mkdir -p $3/node_modules/.bin\n: > {program}\necho x >> {tmp_path}/times\n"
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = azurite.find()
    assert found == azurite.find()
    assert found.startswith(str(tmp_path / "cache" / "covalent" / f"azurite-{azurite.VERSION}"))
    assert (tmp_path / "times").read_text() == "x\n"
