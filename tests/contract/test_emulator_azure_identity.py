"""Signing in at the emulated Azure, with azure-identity and by hand, and what Batch makes of who has."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential, CredentialUnavailableError, ManagedIdentityCredential
from obstore.exceptions import PermissionDeniedError

from covalent.testing import EmulatedAzure, emulated_azure
from tests.support.azure_clients import (
    BATCH,
    STORAGE,
    ToTheEmulator,
    ask,
    blobs,
    identity_token,
    imds,
    sign_in,
    token,
)
from tests.support.emulator_life import wait_until

pytestmark = pytest.mark.npm


@pytest.fixture(scope="module")
def azure() -> Iterator[EmulatedAzure]:
    pools = ["pool", "poor=identity:none"]
    with emulated_azure(identities=["mine", "submitter=batch"], pools=pools, slots=1) as azure:
        yield azure


@pytest.fixture(autouse=True)
def _machine_of_this_cloud(azure: EmulatedAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    name = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
    monkeypatch.setenv(name, azure.environment[name])
    yield
    azure.faults.clear()


def secret_credential(azure: EmulatedAzure, *given: str) -> ClientSecretCredential:
    """With the seed's own values, if none are given."""
    names = given or ("tenant-id", "client-id", "client-secret")
    return ClientSecretCredential(*names, transport=ToTheEmulator(azure.environment["COVALENT_AZURE_AUTHORITY"]))


# With azure-identity


def test_an_application_signs_in_and_uses_blobs(azure):
    with secret_credential(azure) as credential:
        got = credential.get_token(f"{STORAGE}/.default")
    assert blobs(azure, bearer_token=got.token).put("signed-in", b"x")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("elsewhere", "client-id", "client-secret"), "Unable to get authority configuration .*elsewhere"),
        (("tenant-id", "somebody", "client-secret"), "AADSTS700016: Application with identifier 'somebody'"),
        (("tenant-id", "client-id", "guess"), "AADSTS7000215: Invalid client secret provided"),
    ],
)
def test_whoever_signs_in_wrongly_is_told_so(azure, given, message):
    with secret_credential(azure, *given) as credential, pytest.raises(ClientAuthenticationError, match=message):
        credential.get_token(f"{STORAGE}/.default")


def test_a_managed_identity_is_found_by_its_client_id(azure):
    with ManagedIdentityCredential(client_id="mine") as credential:
        assert blobs(azure, bearer_token=credential.get_token(f"{STORAGE}/.default").token).put("managed", b"x")
    with (
        ManagedIdentityCredential(client_id="theirs") as credential,
        pytest.raises(CredentialUnavailableError, match="Identity not found"),
    ):
        credential.get_token(f"{STORAGE}/.default")


# By hand


def test_what_is_refused_is_refused_in_the_services_own_form(azure):
    refused = sign_in(azure, tenant="elsewhere")
    assert (refused.status, refused.json["error"], refused.json["error_codes"]) == (400, "invalid_request", [90002])
    assert refused.json["error_uri"] == "https://login.microsoftonline.com/error?code=90002"
    pattern = r"AADSTS90002: Tenant 'elsewhere' not found\. .* Trace ID: \S+ Correlation ID: \S+ Timestamp: \S+ \S+Z"
    assert re.fullmatch(pattern, refused.json["error_description"])


@pytest.mark.parametrize(
    ("change", "status", "error", "number"),
    [
        ({"client_id": "somebody"}, 400, "unauthorized_client", 700016),
        ({"client_secret": "guess"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": STORAGE}, 400, "invalid_scope", 1002012),
        ({"scope": "https://nowhere.example/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_a_request_for_a_token_that_cannot_be_is_refused(azure, change, status, error, number):
    refused = sign_in(azure, **change)
    assert (refused.status, refused.json["error"], refused.json["error_codes"]) == (status, error, [number])


def test_ids_have_no_case(azure):
    assert sign_in(azure, tenant="TENANT-ID", client_id="Client-Id").status == 200


def test_a_tenant_that_is_not_there_cannot_be_discovered(azure):
    place = azure.environment["COVALENT_AZURE_AUTHORITY"]
    found = ask("GET", f"{place}/tenant-id/v2.0/.well-known/openid-configuration")
    assert found.json["token_endpoint"] == "https://login.microsoftonline.com/tenant-id/oauth2/v2.0/token"
    refused = ask("GET", f"{place}/elsewhere/v2.0/.well-known/openid-configuration")
    assert (refused.status, refused.json["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize(
    ("host", "status"), [("login.microsoftonline.com", 200), ("login.microsoftonline.us", 200), ("evil.example", 400)]
)
def test_hosts_of_all_clouds_are_known(azure, host, status):
    query = f"api-version=1.1&authorization_endpoint=https://{host}/tenant-id/oauth2/v2.0/authorize"
    found = ask("GET", f"{azure.endpoint}/common/discovery/instance?{query}")
    assert found.status == status
    if status == 200:
        assert found.json["tenant_discovery_endpoint"].startswith(f"https://{host}/tenant-id/")
        assert any(host in each["aliases"] for each in found.json["metadata"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"metadata": "false"}, "Required metadata header not specified"),
        ({"resource": ""}, "Required query variable 'resource' is missing"),
        ({"api-version": ""}, "Required query variable 'api-version' is missing"),
        ({"resource": "https://nowhere.example"}, "AADSTS500011: The resource principal named https://nowhere.example"),
        ({"client_id": "theirs"}, "Identity not found"),
        ({}, "Multiple user assigned identities exist"),
    ],
)
def test_the_metadata_service_says_what_is_wrong(azure, query, message):
    refused = imds(azure, **query)
    assert refused.status == 400
    assert refused.json["error_description"].startswith(message)


def test_an_identity_is_found_by_its_resource_id(azure):
    place = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    found = imds(azure, mi_res_id=place).json
    assert (found["client_id"], found["resource"], found["token_type"]) == ("mine", STORAGE, "Bearer")


def test_sign_ins_are_throttled_and_counted_by_name(azure):
    azure.reset_calls()
    azure.faults.throttle("identity:Token")
    refused = sign_in(azure)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert sign_in(azure).status == imds(azure, client_id="mine").status == 200
    assert azure.calls().client["identity"] == {"Token": 2, "ManagedIdentityToken": 1}


# At Batch


def batch(azure: EmulatedAzure, key: str | None = None, account: str = "covalent") -> BatchClient:
    key = key or azure.environment["AZURE_BATCH_ACCESS_KEY"]
    return BatchClient(azure.endpoint, AzureNamedKeyCredential(account, key), retry_total=0)


def jobs(azure: EmulatedAzure, text: str) -> Any:
    """What Batch says to a token."""
    return ask("GET", f"{azure.endpoint}/jobs?api-version=2025-06-01", authorization=text)


def test_the_accounts_key_opens_batch(azure):
    with batch(azure) as client:
        assert client.get_pool("pool").id == "pool"
        assert [pool.id for pool in client.list_pools()] == ["pool", "poor"]


def test_another_key_or_another_account_does_not(azure):
    for client in (batch(azure, base64.b64encode(b"k" * 32).decode()), batch(azure, account="other")):
        with client, pytest.raises(HttpResponseError) as refused:
            client.get_pool("pool")
        assert (refused.value.status_code, refused.value.error.code) == (403, "AuthenticationFailed")


def test_a_token_opens_batch_if_its_roles_allow_it(azure):
    assert jobs(azure, f"Bearer {token(azure, BATCH)}").status == 200
    submitter = imds(azure, client_id="submitter", resource=BATCH).json["access_token"]
    assert jobs(azure, f"Bearer {submitter}").status == 200
    refused = jobs(azure, f"Bearer {imds(azure, client_id='mine', resource=BATCH).json['access_token']}")
    assert (refused.status, refused.json["code"]) == (403, "AuthorizationFailure")


@pytest.mark.parametrize("audience", [STORAGE, "https://batch.core.windows.net"])
def test_the_audience_of_batch_is_exact(azure, audience):
    refused = jobs(azure, f"Bearer {token(azure, audience)}")
    assert (refused.status, refused.json["code"]) == (401, "AuthenticationFailed")
    assert "should exactly match (including forward slash)" in refused.json["values"][0]["value"]


def test_whoever_shows_nothing_is_not_let_in(azure):
    assert jobs(azure, "").status == jobs(azure, "Bearer nobodys").status == 401


def test_a_submitters_identity_has_no_blobs(azure):
    with pytest.raises(PermissionDeniedError):
        blobs(azure, bearer_token=identity_token(azure, "submitter")).put("x", b"x")


# In tasks

PUT_A_BLOB = """
import json, os, urllib.request
ask = os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] + "/metadata/identity/oauth2/token?api-version=2018-02-01"
request = urllib.request.Request(ask + "&resource=https://storage.azure.com", headers={"Metadata": "true"})
token = json.load(urllib.request.urlopen(request))["access_token"]
headers = {"Authorization": "Bearer " + token, "x-ms-version": "2023-11-03", "x-ms-blob-type": "BlockBlob"}
place = os.environ["COVALENT_AZURE_STORAGE_ENDPOINT"] + "/covalentbatch/covalent/of-a-task"
urllib.request.urlopen(urllib.request.Request(place, b"x", headers, method="PUT"))
"""


def run(azure: EmulatedAzure, pool: str, program: str) -> int:
    """The exit code of a task of this pool."""
    with batch(azure) as client:
        client.create_job(models.BatchJobCreateOptions(id=f"in-{pool}", pool_info=models.BatchPoolInfo(pool_id=pool)))
        command = shlex.join(["python3", "-c", program])
        client.create_task(f"in-{pool}", models.BatchTaskCreateOptions(id="task", command_line=command))
        wait_until(lambda: client.get_task(f"in-{pool}", "task").state == models.BatchTaskState.COMPLETED)
        code = client.get_task(f"in-{pool}", "task").execution_info.exit_code
    assert code is not None
    return code


def test_a_task_uses_the_identity_of_its_pool(azure):
    azure.reset_calls()
    assert run(azure, "pool", PUT_A_BLOB) == 0
    assert azure.calls().job == {"identity": {"ManagedIdentityToken": 1}, "storage": {"PutBlob": 1}}
    assert bytes(blobs(azure).get("of-a-task").bytes()) == b"x"


def test_a_task_of_a_pool_without_identity_gets_no_token(azure):
    assert run(azure, "poor", PUT_A_BLOB) == 1
