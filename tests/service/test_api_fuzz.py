"""The API under fuzzing from its own OpenAPI document: no 5xx, and nothing without the token but 401 or 403."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.server import RunningServer

#: Ends only with the server: a fuzzer would wait for ever.
ENDLESS = "/api/v1/stream"

FUZZING = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def api(server: RunningServer):
    token = (server.data_dir / "token").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    loaded = schemathesis.openapi.from_url(f"{server.address}/api/v1/openapi.json", headers=headers)
    return loaded.exclude(path=ENDLESS)


schema = schemathesis.pytest.from_fixture("api")


@pytest.mark.slow
@schema.parametrize()
@FUZZING
def test_no_request_brings_the_server_down(case, server):
    token = (server.data_dir / "token").read_text()
    case.call_and_validate(
        base_url=server.address,
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
        checks=(not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance),
    )


@pytest.mark.slow
@schema.parametrize()
@FUZZING
def test_nothing_answers_without_the_token(case, server):
    response = case.call(base_url=server.address, headers={"Authorization": "Bearer wrong"}, timeout=20)
    assert response.status_code in (400, 401, 403)


@pytest.mark.slow
@schema.parametrize()
@FUZZING
def test_nothing_answers_a_foreign_page(case, server):
    token = (server.data_dir / "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
    response = case.call(base_url=server.address, headers=headers, timeout=20)
    assert response.status_code in (400, 403)
