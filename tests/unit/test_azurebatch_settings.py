"""The settings of the Azure Batch executor."""

from __future__ import annotations

import inspect
import json
import logging
import subprocess
import sys

import pytest
from azure.core.credentials import AccessToken
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential

import covalent as ct
from covalent.config import get_config, set_config
from covalent.errors import ConfigError, ExecutorError
from covalent.executor.azurebatch import AzureBatchExecutor
from covalent.executor.azurebatch.clouds import CHINA, GOVERNMENT, PUBLIC, cloud_of
from covalent.executor.azurebatch.options import Registry
from covalent.executor.azurebatch.settings import GRACE_S
from covalent.executor.azurebatch.sign_in import credential
from covalent.executor.registry import get_executor
from covalent.secrets import Secret
from tests.support.azure_cloud import OPTIONS

#: As the seed's table has them.
DEFAULTS = {
    "tenant_id": None,
    "client_id": None,
    "client_secret": None,
    "batch_account_url": None,
    "batch_account_domain": "batch.core.windows.net",
    "storage_account_name": None,
    "storage_account_domain": "blob.core.windows.net",
    "base_image_uri": "covalent.azurecr.io/covalent-executor-base:latest",
    "pool_id": None,
    "retries": 3,
    "time_limit": 300,
    "cache_dir": "/tmp/covalent",
    "poll_freq": 10,
}

#: What a program sends to the server holds no secrets.
NEEDED = {name: value for name, value in OPTIONS.items() if not name.startswith(("client", "tenant"))}

IDENTITY = (
    "/subscriptions/1/resourceGroups/blue/providers/Microsoft.ManagedIdentity/userAssignedIdentities/covalent-tasks"
)


@pytest.fixture(autouse=True)
def _own_configuration(covalent_home, monkeypatch):
    """None of what is configured elsewhere counts."""
    for name in ("BATCH_ENDPOINT", "STORAGE_ENDPOINT", "AUTHORITY"):
        monkeypatch.delenv(f"COVALENT_AZURE_{name}", raising=False)


def made(**settings) -> AzureBatchExecutor:
    return AzureBatchExecutor(**{**NEEDED, **settings})


def refused(**settings) -> str:
    """What is said of these settings by the time they are submitted."""
    with pytest.raises(ExecutorError) as caught:
        get_executor("azurebatch", {**NEEDED, **settings})
    return str(caught.value)


def test_what_nobody_sets_has_the_default_that_everybody_knows():
    executor = ct.executor.AzureBatchExecutor()
    assert {name: getattr(executor, name) for name in DEFAULTS} == DEFAULTS
    assert executor.to_dict() == {}


def test_every_setting_is_an_argument():
    assert set(inspect.signature(AzureBatchExecutor).parameters) == set(AzureBatchExecutor.settings())


def test_importing_and_making_one_needs_no_library_of_azure():
    code = "import sys, covalent as ct; ct.executor.AzureBatchExecutor(slots=2); print({'azure', 'msal', 'obstore'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_the_configuration_that_everybody_knows_is_taken(covalent_home):
    (covalent_home / "config" / "covalent.conf").write_text(
        """
        [executors.azurebatch]
        tenant_id="tenant-id"
        client_id="client-id"
        client_secret="client-secret"
        batch_account_url="https://covalent.eastus.batch.azure.com"
        batch_account_domain="batch.core.windows.net"
        storage_account_name="covalentbatch"
        storage_account_domain="blob.core.windows.net"
        base_image_uri="my-custom-base-image"
        pool_id="covalent-pool"
        retries=5
        time_limit=500
        """
    )
    assert get_config("executors.azurebatch.time_limit") == 500
    executor = AzureBatchExecutor(slots=4)
    assert (executor.slots, executor.retries, executor.base_image_uri) == (4, 5, "my-custom-base-image")
    assert executor.retry_budget() == 5
    assert executor.to_dict() == {"slots": 4}
    assert executor.client_secret == Secret("client-secret")
    assert executor.account() == AzureBatchExecutor(**OPTIONS).account()


def test_own_failures_are_retried_only_if_somebody_asked():
    assert made().retry_budget() == 0
    assert made(retries=2).retry_budget() == 2
    assert made(retries=0).retry_budget() == 0


def test_settings_travel_as_plain_json_and_come_back():
    executor = made(slots=4, environment={"A": "b"}, memory=512, prefix="")
    travelled = json.loads(json.dumps(executor.to_dict()))
    assert get_executor("azurebatch", travelled).to_dict() == executor.to_dict()
    other = made(memory=9, time_limit=5)
    assert other.from_dict(travelled) is other
    assert other.to_dict() == executor.to_dict()


def test_the_secret_is_shown_nowhere():
    executor = AzureBatchExecutor(**OPTIONS)
    assert executor.client_secret == Secret("client-secret")
    shown = [repr(executor), json.dumps(executor.to_dict()), repr(executor.account()), repr(executor.bucket())]
    assert not any("client-secret" in text for text in shown)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            {"batch_account_url": "covalent.eastus.batch.azure.com"},
            "batch_account_url must begin with https://: write 'https://covalent.eastus.batch.azure.com', not 'covalent.e",
        ),
        ({"batch_account_url": "http://covalent.eastus.batch.azure.com/"}, "write 'https://covalent.eastus.batch.azure.com'"),
        ({"batch_account_url": "https://a b"}, "must be the URL of a Batch account, such as 'https://ACCOUNT.REGION"),
        ({"batch_account_url": None}, "batch_account_url is not set. Set it to the account's endpoint"),
        ({"storage_account_name": None}, "storage_account_name is not set"),
        ({"storage_account_name": "Covalent_Batch"}, "3 to 24 small letters and digits"),
        ({"pool_id": None}, "pool_id is not set. Set it to a pool that runs containers"),
        ({"pool_id": "x" * 65}, "up to 64 letters"),
        ({"client_secret": Secret("s")}, "tenant_id is not set. Set it to go with client_secret"),
        ({"container_name": "Covalent"}, "3 to 63 small letters"),
        ({"container_name": "a--b"}, "single hyphens"),
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0 and up to 15550200"),
        ({"time_limit": 181 * 86400}, "Azure ends tasks after 180 days, not 15638400"),
        ({"environment": {"A": "b\nc"}}, "environment['A'] has a line break, which it may lose"),
        ({"registry": "covalent.azurecr.io", "registry_identity": IDENTITY, "base_image_uri": "python:3"},
         "base_image_uri, which is python:3, is not there. Write it as covalent.azurecr.io/NAME:TAG"),
        ({"batch_account_domain": "batch.chinacloudapi.cn"}, "Set batch_account_domain to 'batch.core.windows.net', or storage_"),
        ({"slots": 0}, "slots must be a whole number from 1 to 256, not 0"),
        ({"memory": "512 MiB"}, "memory must be a whole number of MiB above 0, not '512 MiB'"),
        ({"memory": 10**9}, "no machine of Azure's has more"),
        ({"memory": 100, "max_memory": 50}, "max_memory is 50 MiB, less than memory, which is 100 MiB"),
        ({"max_memory": 50}, "max_memory is set, but memory is not"),
        ({"memory": 100, "container_options": "--memory 5g"}, "and so does memory. Leave one of them out"),
        ({"container_options": "--shm-size=1g --gpus all"}, "must not hold --gpus: on nodes with GPUs, Azure Batch gives them"),
        ({"cpus": 0}, "cpus must be a number of CPUs above 0"),
        ({"registry": "covalent.azurecr.io"}, "Set registry_identity to the resource id"),
        ({"registry": "https://covalent.azurecr.io", "registry_identity": IDENTITY}, "registry must be the server"),
        ({"registry_identity": IDENTITY}, "registry is not. Set it to the registry's server"),
        ({"user_assigned_identity": "/subscriptions/1"}, "the resource id or the client id of a managed identity"),
        ({"environment": {"A": 1}}, "environment must be a table of text"),
        ({"environment": {"AZ_BATCH_TASK_ID": "1"}}, "the service or Covalent sets itself"),
        ({"environment": {"AZURE_CLIENT_ID": "1"}}, "the service or Covalent sets itself"),
        ({"metadata": {"covalent-dispatch": "1"}}, "a name that Covalent uses itself"),
        ({"metadata": {f"a{n}": "" for n in range(51)}}, "metadata must be at most 50, not 51"),
        ({"batch_account_domain": "batch.example.com"}, "which is in none of Azure's clouds. Known: batch.core.windows.net,"),
        ({"storage_account_domain": "blob.core.chinacloudapi.cn"}, "is in Azure in China, but batch_account_domain"),
        ({"batch_account_url": "https://a.usgovvirginia.batch.usgovcloudapi.net"}, "'batch.core.usgovcloudapi.net', or batch_acc"),
        ({"retires": 2}, "no setting 'retires'. Did you mean 'retries'?"),
    ],
)  # fmt: skip
def test_what_azure_would_refuse_is_refused_before(settings, complaint):
    assert complaint in refused(**settings)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("x" * 65_537, "client_secret must be text of up to 65536 characters, not of 65537."),
        (7, "client_secret must be text that is not empty."),
        ("", "client_secret must be text that is not empty."),
    ],
)
def test_what_is_no_secret_is_told_so_and_not_shown(said, complaint):
    with pytest.raises(ExecutorError) as caught:
        made(client_secret=said)
    assert str(caught.value) == complaint


def test_the_configuration_refuses_the_same():
    with pytest.raises(
        ConfigError, match=r"executors\.azurebatch\.batch_account_url must begin with https://: write 'h"
    ):
        set_config("executors.azurebatch.batch_account_url", "covalent.eastus.batch.azure.com")


@pytest.mark.parametrize(
    ("cloud", "batch", "storage", "url", "authority"),
    [
        (PUBLIC, "batch.core.windows.net", "blob.core.windows.net", "https://a.b.batch.azure.com", "PUBLIC_CLOUD"),
        (CHINA, "batch.chinacloudapi.cn", "blob.core.chinacloudapi.cn", "https://a.b.batch.chinacloudapi.cn", "CHINA"),
        (
            GOVERNMENT, "batch.core.usgovcloudapi.net", "blob.core.usgovcloudapi.net",
            "https://a.b.batch.usgovcloudapi.net", "GOVERNMENT",
        ),
    ],
)  # fmt: skip
def test_the_domains_say_which_cloud_it_is(cloud, batch, storage, url, authority):
    executor = made(batch_account_domain=batch, storage_account_domain=storage, batch_account_url=url)
    account = executor.job_options() and executor._account()
    assert account.cloud is cloud
    assert cloud.authority == getattr(AzureAuthorityHosts, f"AZURE_{authority}")
    assert executor.bucket().uri == f"az://covalent@covalentbatch.{storage}/covalent"
    assert executor.bucket().options["endpoint"] == f"https://covalentbatch.{storage}"


def test_hosts_that_only_look_like_a_clouds_are_none_of_its():
    assert cloud_of("batch.notwindows.net") is None
    assert cloud_of("BATCH.core.windows.net") is PUBLIC


def test_the_service_ends_tasks_later_than_the_runner():
    assert made(time_limit=2.5).job_options().max_run_s == 3 + GRACE_S


def test_memory_doubles_each_time_that_it_was_not_enough():
    options = made(memory=1000, max_memory=3000).job_options()
    assert [options.memory_after(n) for n in range(4)] == [1000, 2000, 3000, 3000]
    assert made().job_options().memory_after(2) is None


def test_equal_settings_make_equal_options():
    one = made(environment={"A": "1", "B": "2"}, metadata={"x": "1", "y": "2"})
    two = made(environment={"B": "2", "A": "1"}, metadata={"y": "2", "x": "1"})
    assert one.job_options() == two.job_options()
    assert hash(one.job_options()) == hash(two.job_options())


def test_resource_ids_are_taken_in_any_letters():
    printed = IDENTITY.replace("resourceGroups", "resourcegroups")
    assert made(user_assigned_identity=printed).job_options().identity == printed
    registry = made(registry="covalent.azurecr.io", registry_identity=printed).job_options().registry
    assert registry.identity == printed


def test_nodes_sign_in_to_a_registry_as_the_tasks_identity_unless_another_is_named():
    options = made(registry="covalent.azurecr.io", user_assigned_identity=IDENTITY).job_options()
    assert options.registry == Registry(server="covalent.azurecr.io", identity=IDENTITY)


@pytest.mark.parametrize("prefix", ["a//b", ".", "a/..", "../b", "a/./b"])
def test_a_prefix_that_storage_would_not_take_is_refused_at_once(prefix):
    with pytest.raises(ExecutorError, match=r"prefix must be a path .* without empty parts"):
        made(prefix=prefix)
    assert made(prefix="//a./..b/.c//").prefix == "//a./..b/.c//"


def test_blobs_lie_in_the_container_below_the_prefix():
    start = "az://covalent@covalentbatch.blob.core.windows.net"
    assert made().bucket().uri == f"{start}/covalent"
    assert made(prefix="/a/b/").bucket().uri == f"{start}/a/b"
    assert made(prefix="").bucket().uri == start


def test_an_emulator_takes_the_place_of_everything(monkeypatch):
    for name, port in (("BATCH_ENDPOINT", 7), ("STORAGE_ENDPOINT", 8), ("AUTHORITY", 9)):
        monkeypatch.setenv(f"COVALENT_AZURE_{name}", f"http://127.0.0.1:{port}")
    executor = made()
    assert executor.bucket().options["endpoint"] == "http://127.0.0.1:8/covalentbatch"
    assert (executor._account().url, executor._account().authority) == ("http://127.0.0.1:7", "http://127.0.0.1:9")


class Asked:
    """Notes what tokens are asked for."""

    def __init__(self) -> None:
        self.tenants: list[str | None] = []

    def get_token(self, *scopes: str, tenant_id: str | None = None, **options: object) -> AccessToken:
        self.tenants.append(tenant_id)
        return AccessToken("token", 2**31)


@pytest.mark.parametrize("tenant", [None, "contoso.com"])
def test_whoever_is_signed_in_asks_for_the_directory_that_is_named(monkeypatch, tenant):
    asked = Asked()
    monkeypatch.setattr(
        DefaultAzureCredential, "get_token", lambda _, *scopes, **more: asked.get_token(*scopes, **more)
    )
    credential(made(tenant_id=tenant)._account()).get_token("https://storage.azure.com/.default")
    assert asked.tenants == [tenant]


def test_refusals_that_are_not_in_json_fill_no_log():
    assert credential
    assert not logging.getLogger("azure.batch._utils.model_base").isEnabledFor(logging.WARNING)
