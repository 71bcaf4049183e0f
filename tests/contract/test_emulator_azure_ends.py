"""Starting and ending ``covalent emulate azure``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from covalent.config import config_path, executor_defaults, reload_config
from covalent.errors import EmulatorError
from covalent.testing import emulated_azure
from covalent.testing.emulated import Emulated
from tests.support.azure_clients import ask, blobs, sign_in, token
from tests.support.emulator_life import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.npm]

ENDPOINT = "COVALENT_AZURE_BATCH_ENDPOINT"


def azurites(directory: Path) -> Iterator[psutil.Process]:
    """Those whose temporary files are there."""
    for process in psutil.process_iter(["cwd", "cmdline"]):
        cwd, argv = process.info["cwd"] or "", process.info["cmdline"] or []
        if cwd.startswith(str(directory)) and any("azurite" in word for word in argv):
            yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_an_emulator(number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with emulated_azure() as azure:
        assert len(list(azurites(tmp_path))) == 1
        began = time.monotonic()
        os.kill(azure.pid, number)
        wait_until(lambda: not list(azurites(tmp_path)))
        wait_until(lambda: not list(tmp_path.glob("covalent-emulator-*")))
        assert time.monotonic() - began < 10
        assert azure.errors == ""


def test_what_is_printed_can_be_evaluated_by_a_shell(tmp_path):
    printed = tmp_path / "environment"
    with printed.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "covalent", "emulate", "azure"], stdout=out)
    wait_until(lambda: printed.read_text().endswith("ready\n"), patience_s=60)
    names = "$COVALENT_AZURE_BATCH_ENDPOINT $COVALENT_AZURE_STORAGE_ENDPOINT $AZURE_STORAGE_CONNECTION_STRING"
    script = f'eval "$(grep export {printed})"; echo {names}'
    evaluated = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    batch, storage, connection = evaluated.stdout.split()
    assert batch.startswith("http://127.0.0.1:")
    assert storage.startswith("http://127.0.0.1:")
    assert connection.endswith(f"BlobEndpoint={storage}/covalentbatch;")


def test_the_configuration_names_what_is_there(covalent_home: Path):
    arguments = ["--tenant=mine", "--client=me=blob", "--secret=s3cret", "--storage-account=store", "--container=box"]
    emulated = Emulated(["azure", *arguments, "--batch-account=acc", "--pool=p=nodes:1", "--write-config"], ENDPOINT)
    wrote = emulated.errors
    emulated.stop()
    reload_config()
    assert executor_defaults("azurebatch") == {
        "tenant_id": "mine",
        "client_id": "me",
        "client_secret": "s3cret",
        "batch_account_url": "https://acc.eastus.batch.azure.com",
        "storage_account_name": "store",
        "container_name": "box",
        "pool_id": "p",
    }
    assert not list(config_path().parent.glob("covalent.conf.*"))
    assert 'pool_id = "p"' in wrote
    assert "s3cret" not in wrote


def test_tokens_are_good_for_as_long_as_it_is_told():
    with emulated_azure(token_lifetime=1) as azure:
        assert sign_in(azure).json["expires_in"] == 1
        short = token(azure)
        time.sleep(1.1)
        url, headers = f"{azure.storage_endpoint}/covalentbatch/covalent/x", {"x_ms_version": "2023-11-03"}
        assert ask("GET", url, authorization=f"Bearer {short}", **headers).status == 401
        assert blobs(azure).put("x", b"x")


@pytest.mark.parametrize(("option", "words"), [("port", "--port and"), ("storage_port", "--storage-port and")])
def test_a_port_that_is_taken_is_an_error(option, words):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1, port {port}: .* with {words}"),
            emulated_azure(**{option: port}),
        ):
            pass


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"blob_containers": ["NO"]}, "The container 'NO' cannot be created"),
        ({"storage_account": "No-Account"}, "'No-Account' is no name of a storage account"),
    ],
)
def test_names_that_azure_would_not_take_are_an_error(wrong, message):
    with pytest.raises(EmulatorError, match=message), emulated_azure(**wrong):
        pass
