"""Where applications sign in: the OAuth 2.0 token endpoint of a tenant, and what clients look up before they use it.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import hmac
import json
import re
import time
import uuid
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from ...http import Request, Response
from ..refusal import RefusalError
from .principals import Application
from .tokens import Tokens, is_resource

#: Public address of the service, which clients expect in what it says of itself.
_PUBLIC: Final = "https://login.microsoftonline.com"

_PATH: Final = re.compile(r"/(?P<tenant>[^/]+)/(?P<what>oauth2/v2\.0/token|v2\.0/\.well-known/openid-configuration)")
_INSTANCES: Final = "/common/discovery/instance"

#: Hosts at which the service is found in all clouds.
_HOSTS: Final = (
    ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"),
    ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    ("login.microsoftonline.us", "login.usgovcloudapi.net"),
)


def operation_of(request: Request) -> str | None:
    """What a request wants from here, as faults and counts name it; None if it is for another service."""
    if request.path == _INSTANCES:
        return "InstanceDiscovery"
    found = _PATH.fullmatch(request.path)
    return None if found is None else "Token" if found["what"].endswith("token") else "OpenIdConfiguration"


class SignIn:
    """One tenant with one application."""

    def __init__(self, application: Application, tokens: Tokens) -> None:
        self._application = application
        self._tokens = tokens

    def __call__(self, request: Request) -> Response:
        """:raises RefusalError: if it refuses"""
        if request.path == _INSTANCES:
            return answer(200, self._instances(request))
        found = _PATH.fullmatch(request.path)
        assert found is not None
        tenant = found["tenant"]
        if tenant.lower() != quote(self._application.tenant_id).lower():
            # A discovery and a sign-in call the same thing by different names.
            error = "invalid_request" if found["what"].endswith("token") else "invalid_tenant"
            raise refusal(
                error,
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
            )
        return answer(200, self._token(request) if found["what"].endswith("token") else _configuration(tenant))

    def _instances(self, request: Request) -> dict[str, Any]:
        wanted = parse_qs(request.query).get("authorization_endpoint", [""])[0]
        parts = urlsplit(wanted)
        if parts.hostname not in {host for hosts in _HOSTS for host in hosts}:
            raise refusal(
                "invalid_instance", 50049, f"Unknown or invalid instance. authorization_endpoint is '{wanted}'."
            )
        tenant = parts.path.split("/")[1]
        return {
            "tenant_discovery_endpoint": f"https://{parts.hostname}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": hosts[0],
                    "preferred_cache": hosts[min(1, len(hosts) - 1)],
                    "aliases": list(hosts),
                }
                for hosts in _HOSTS
            ],
        }

    def _token(self, request: Request) -> dict[str, Any]:
        if request.method != "POST":
            raise refusal("invalid_request", 900561, "The endpoint only accepts POST requests.")
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        for name in ("grant_type", "client_id"):
            if name not in form:
                raise refusal(
                    "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
                )
        if form["grant_type"] != "client_credentials":
            raise refusal(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form['grant_type']}'. The emulator has client_credentials only.",
            )
        self._check(form)
        token = self._tokens.issue(self._application.principal, _audience(form.get("scope", "")), "client")
        lifetime_s = self._tokens.lifetime_s
        return {
            "token_type": "Bearer",
            "expires_in": lifetime_s,
            "ext_expires_in": lifetime_s,
            "access_token": token.text,
        }

    def _check(self, form: dict[str, str]) -> None:
        client_id, known = form["client_id"], self._application
        if client_id.lower() != known.principal.client_id.lower():
            raise refusal(
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory '{known.tenant_id}'. This can happen if the "
                "application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
            )
        if "client_secret" not in form:
            raise refusal(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            )
        if not hmac.compare_digest(form["client_secret"].encode(), known.secret.encode()):
            raise refusal(
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "
                f"client secret ID, for a secret added to app '{client_id}'.",
            )


def _audience(scope: str) -> str:
    """:raises RefusalError: if no token is given out for it"""
    # Others that MSAL adds by itself concern the sign-in of people.
    scopes = [each for each in scope.split() if each not in ("openid", "profile", "offline_access")]
    if len(scopes) != 1 or not scopes[0].endswith("/.default"):
        raise refusal(
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default "
            "suffixed to the resource identifier (application ID URI).",
        )
    audience = scopes[0].removesuffix("/.default")
    if not is_resource(audience):
        raise unknown_resource(audience)
    return audience


def unknown_resource(address: str) -> RefusalError:
    return refusal("invalid_resource", 500011, f"The resource principal named {address} was not found in the tenant.")


def _configuration(tenant: str) -> dict[str, Any]:
    place = f"{_PUBLIC}/{tenant}"
    return {
        "issuer": f"{place}/v2.0",
        "authorization_endpoint": f"{place}/oauth2/v2.0/authorize",
        "token_endpoint": f"{place}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{place}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{place}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    }


def refusal(error: str, number: int, message: str) -> RefusalError:
    """As Microsoft Entra words it.

    :param error: of OAuth 2.0
    :param number: its own
    """
    return RefusalError(error, f"AADSTS{number}: {message}")


def refused(error: RefusalError) -> Response:
    """The answer to what is refused."""
    trace, correlation = uuid.uuid4(), uuid.uuid4()
    now = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    number = re.match(r"AADSTS(\d+)", error.message)
    body: dict[str, Any] = {
        "error": error.code,
        "error_description": f"{error.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "timestamp": now,
        "trace_id": str(trace),
        "correlation_id": str(correlation),
    }
    if number:
        body |= {"error_codes": [int(number[1])], "error_uri": f"{_PUBLIC}/error?code={number[1]}"}
    return answer(error.status, body, error.headers)


def answer(status: int, value: dict[str, Any], headers: Any = None) -> Response:
    common = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store, no-cache"}
    return Response(status=status, headers={**common, **(headers or {})}, body=json.dumps(value).encode())
