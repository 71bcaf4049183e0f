"""The API under fuzzing from its own OpenAPI document: no 5xx, and nothing without the token but 401 or 403."""

from __future__ import annotations

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import covalent as ct
from covalent import serialize
from covalent.api.app import openapi_document

#: Ends only with the server: a fuzzer would wait for ever.
ENDLESS = "/api/v1/stream"

FUZZING = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

#: What MessagePack can hold, far beyond what a submission may.
SMALL = st.integers(-(2**40), 2**40)


@ct.electron
def double(x):
    return 2 * x


@ct.lattice
def doubled():
    return double(double(1))


@st.composite
def damaged_submissions(draw: st.DrawFn) -> bytes:
    """A real submission with some leaf or branch of it replaced by something else."""
    whole = msgspec.msgpack.decode(serialize.encode_submission(doubled.build_graph()))
    place = whole
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            break
        place = place[key]
    place[key] = draw(st.none() | SMALL | st.text(max_size=20) | st.lists(SMALL, max_size=3))
    return msgspec.msgpack.encode(whole)


schemathesis.openapi.media_type("application/msgpack", st.binary() | damaged_submissions())


@schemathesis.serializer("application/msgpack")
def as_they_are(_ctx, value):
    return schemathesis.transport.serialization.serialize_binary(value)


schema = schemathesis.openapi.from_dict(openapi_document()).exclude(path=ENDLESS)


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
