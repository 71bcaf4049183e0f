"""Signing in to registries of the clouds, with the credentials that executors use."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from covalent.config import set_config
from covalent.emulator.azure.identity.principals import Application, Principal
from covalent.emulator.azure.identity.sign_in import SignIn, operation_of
from covalent.emulator.azure.identity.tokens import Tokens
from covalent.emulator.http import Request as Emulated
from covalent.errors import ExecutorError, ImageError
from covalent.executor.azurebatch.account import Account
from covalent.executor.azurebatch.clouds import PUBLIC
from covalent.executor.azurebatch.registry import sign_in as sign_in_to_azure
from covalent.images.repository import Repository
from covalent.images.sign_in import sign_in
from covalent.secrets import Secret
from tests.support.container import moto_server
from tests.support.scripted_http import Request, Response, Script, scripted_http

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _nobodys_credentials(covalent_home, monkeypatch):
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(covalent_home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def test_a_registry_of_nobodys_is_left_to_whoever_pushes():
    assert sign_in(Repository.parse("ghcr.io/me/tasks")) is None


def test_amazon_gives_a_password_in_the_region_of_the_registry(monkeypatch):
    with moto_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        login = sign_in(Repository.parse(f"{ECR}/tasks"))
    assert login is not None
    assert (login.username, login.password.reveal()) == ("AWS", "123456789012-auth-token")
    assert "auth-token" not in repr(login)


def test_without_credentials_for_amazon_that_is_told():
    with pytest.raises(
        ExecutorError, match=r"signing in to Amazon ECR in eu-west-1 \(ecr:GetAuthorizationToken\) \(NoCred"
    ):
        sign_in(Repository.parse(f"{ECR}/tasks"))


class Azure:
    """Entra ID as the emulator has it, and a registry that exchanges its tokens."""

    def __init__(self) -> None:
        self.tokens = Tokens(3600)
        principal = Principal.parse("client-id=none", "none")
        self._entra = SignIn(
            Application(tenant_id="tenant-id", principal=principal, secret="client-secret"), self.tokens
        )

    def __call__(self, request: Request) -> Response:
        if request.path == "/oauth2/exchange":
            return self._exchange({name: value for name, (value,) in parse_qs(request.body.decode()).items()})
        path, _, query = request.path.partition("?")
        asked = Emulated(
            method=request.method,
            path=path,
            query=query,
            headers=request.headers,
            body=request.body,
            client="127.0.0.1",
        )
        assert operation_of(asked)
        answer = self._entra(asked)
        return Response(status=answer.status, body=answer.body, headers=answer.headers)

    def _exchange(self, form: dict[str, str]) -> Response:
        assert (form["grant_type"], form["tenant"]) == ("access_token", "tenant-id")
        if self.tokens.check(form["access_token"]).audience != "https://containerregistry.azure.net":
            return Response(
                status=401, body=b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}'
            )
        return Response(body=json.dumps({"refresh_token": f"token of {form['service']}"}).encode())


def with_azure(answer: Callable[[Request], Response], use: Callable[[Account, str], None]) -> Script:
    with scripted_http(answer) as script:
        use(
            Account(
                url="https://covalent.eastus.batch.azure.com",
                cloud=PUBLIC,
                tenant_id="tenant-id",
                client_id="client-id",
                client_secret=Secret("client-secret"),
                authority=script.url,
            ),
            script.url.removeprefix("http://"),
        )
    return script


def test_azure_exchanges_a_token_for_one_of_the_registry():
    def use(account: Account, host: str) -> None:
        login = sign_in_to_azure(account, host, is_encrypted=False)
        assert login.username == "00000000-0000-0000-0000-000000000000"
        assert login.password.reveal() == f"token of {host}"

    with_azure(Azure(), use)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Response(status=401, body=b'{"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]}'),
            r"\(HTTP 401, UNAUTHORIZED: who are you\)\. Give whoever pushes the role 'AcrPush'",
        ),
        (Response(status=200, body=b"<html>"), r"\(HTTP 200, no reason given\)"),
        (Response(status=403, body=b"[]"), r"\(HTTP 403, no reason given\)"),
    ],
)
def test_a_registry_of_azures_that_refuses_is_told_with_the_role_that_is_needed(answer, said):
    azure = Azure()

    def use(account: Account, host: str) -> None:
        with pytest.raises(ImageError, match=said):
            sign_in_to_azure(account, host, is_encrypted=False)

    with_azure(lambda request: answer if request.path == "/oauth2/exchange" else azure(request), use)


def test_a_registry_of_azures_that_does_not_answer_is_told():
    def use(account: Account, host: str) -> None:
        with pytest.raises(ExecutorError, match=r"The registry 127\.0\.0\.1:1 gave no answer when signing in"):
            sign_in_to_azure(account, "127.0.0.1:1", is_encrypted=False)

    with_azure(Azure(), use)


def test_what_opens_azure_is_what_its_executor_has():
    set_config({"executors": {"azurebatch": {"tenant_id": "tenant-id"}}})
    with pytest.raises(ExecutorError, match="batch_account_url is not set"):
        sign_in(Repository.parse("mine.azurecr.io"))


def test_google_takes_the_access_token_itself(monkeypatch, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    with scripted_http(lambda _: Response(body=b'{"access_token": "ya29.token", "expires_in": 3600}')) as script:
        account = {
            "type": "service_account",
            "project_id": "project",
            "client_email": "me@project.iam.gserviceaccount.com",
            "token_uri": f"{script.url}/token",
            "private_key": key.private_bytes(encoding, form, serialization.NoEncryption()).decode(),
        }
        (tmp_path / "key.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        login = sign_in(Repository.parse("us-east1-docker.pkg.dev/project/images"))
    assert login is not None
    assert (login.username, login.password.reveal()) == ("oauth2accesstoken", "ya29.token")


def test_without_credentials_for_google_that_is_told():
    with pytest.raises(ExecutorError, match="looking for Google credentials"):
        sign_in(Repository.parse("us-east1-docker.pkg.dev/project/images"))
