"""The HTTP API, spoken to over loopback by a client that is not ours."""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

import covalent as ct
from covalent import serialize
from tests.support.server import RunningServer

Ask = Callable[..., urllib3.BaseHTTPResponse]


@ct.electron
def double(x):
    return 2 * x


@ct.lattice
def doubled(n):
    return [double(i) for i in range(n)]


def encoded(n: int = 3) -> bytes:
    built = doubled.build_graph(n)
    return serialize.encode_submission(built)


@pytest.fixture
def ask(server: RunningServer) -> Ask:
    token = (server.data_dir / "token").read_text()

    def ask(method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        url = f"{server.address}/api/v1{path}"
        return urllib3.request(method, url, headers=headers, retries=False, redirect=False, **more)

    return ask


def error_of(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return json.loads(response.data)["error"]


@pytest.mark.parametrize("path", ["/health", "/dispatches", "/openapi.json", "/no/such/path", "/dispatches/x/stream"])
@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic dG9rZW4=", "Bearer "])
def test_without_the_token_every_route_answers_401(ask, path, header):
    response = ask("GET", path, headers={"Authorization": header})
    assert response.status == 401
    assert error_of(response)["type"] == "AuthenticationError"


def test_the_token_is_readable_by_its_owner_alone(server):
    assert (server.data_dir / "token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", ["evil.example", "evil.example:48008", "", "[", "127.0.0.1.evil.example"])
def test_a_request_under_a_foreign_name_is_refused(ask, host):
    assert ask("GET", "/health", headers={"Host": host}).status in (400, 403)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:48008", "http://["]
)
def test_a_request_from_a_foreign_page_changes_nothing(ask, origin):
    before = json.loads(ask("GET", "/dispatches").data)["items"]
    response = ask(
        "POST", "/dispatches", body=encoded(), headers={"Origin": origin, "Content-Type": "application/msgpack"}
    )
    assert response.status == 403
    assert json.loads(ask("GET", "/dispatches").data)["items"] == before


def test_a_request_from_its_own_page_is_answered(ask, server):
    assert ask("GET", "/health", headers={"Origin": server.address}).status == 200


def test_a_client_of_another_version_is_told_so(ask):
    response = ask("GET", "/health", headers={"X-Covalent-Version": "99.0.0"})
    assert response.status == 426
    assert "Install the same version" in error_of(response)["message"]


def test_a_repeated_dispatch_under_one_key_is_one_dispatch(ask):
    key = str(uuid.uuid4())
    for _ in range(2):
        response = ask("POST", "/dispatches", body=encoded(), headers={"Idempotency-Key": key})
        assert response.status == 201
        assert json.loads(response.data) == {"dispatch_id": key}
    assert ct.get_result(key, wait=True).result == [0, 2, 4]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 422),
        (b"\x81", {}, 422),
        (b"not msgpack at all", {}, 422),
        (b"not gzip", {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b"cut short" * 1000, mtime=0)[:-20], {"Content-Encoding": "gzip"}, 422),
        (b"x", {"Content-Encoding": "br"}, 415),
        (gzip.compress(bytes(400 * 2**20), 1, mtime=0), {"Content-Encoding": "gzip"}, 413),
    ],
)
def test_a_body_that_is_no_submission_is_refused_with_a_reason(ask, body, headers, status):
    response = ask("POST", "/dispatches", body=body, headers=headers)
    assert response.status == status
    assert error_of(response)["message"]


def test_a_value_that_is_not_what_its_digest_says_is_refused(ask):
    built = doubled.build_graph(2)
    damaged = {digest: data + b"!" for digest, data in built.values.items()}
    body = serialize.encode_submission(
        serialize.decode_submission(encoded(2)).__class__(graph=built.graph, values=damaged)
    )
    response = ask("POST", "/dispatches", body=body)
    assert response.status == 422
    assert "digest" in error_of(response)["message"]


def test_an_unknown_executor_is_refused_with_the_nearest_name(ask):
    import msgspec

    raw = msgspec.msgpack.decode(encoded())
    raw["graph"]["executors"][0]["name"] = "locla"
    response = ask("POST", "/dispatches", body=msgspec.msgpack.encode(raw))
    assert response.status == 422
    assert "'local'" in error_of(response)["message"]


def test_large_values_are_sent_ahead_by_digest(ask, server):
    data = bytes(5 * 2**20)
    digest = hashlib.sha256(data).hexdigest()
    assert ask("HEAD", f"/objects/{digest}").status == 404
    assert ask("PUT", f"/objects/{digest}", body=data).status == 201
    assert ask("PUT", f"/objects/{digest}", body=data).status == 200
    assert ask("HEAD", f"/objects/{digest}").status == 200
    wrong = "0" * 64
    assert ask("PUT", f"/objects/{wrong}", body=b"other").status == 422
    assert ask("HEAD", f"/objects/{wrong}").status == 404


def test_pages_follow_one_another_to_the_end(ask):
    dispatch_id = ct.dispatch(doubled)(7)
    ct.get_result(dispatch_id, wait=True)
    seen, after = [], -1
    while after is not None:
        page = json.loads(ask("GET", f"/dispatches/{dispatch_id}/tasks?limit=3&after={after}").data)
        seen += [task["node_id"] for task in page["items"]]
        after = page["next"]
    assert seen == list(range(7))


def test_a_stream_tells_each_step_once_and_ends_with_the_dispatch(ask):
    dispatch_id = ct.dispatch(doubled)(5)
    text = ask("GET", f"/dispatches/{dispatch_id}/stream").data.decode()
    messages = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith(":")]
    sequence = [int(m[0].removeprefix("id: ")) for m in messages if m[0].startswith("id: ")]
    assert sequence == sorted(set(sequence))
    last = json.loads(messages[-1][-1].removeprefix("data: "))
    assert last["status"] == "COMPLETED"
    assert last["counts"] == {"COMPLETED": 5}
    half = sequence[len(sequence) // 2]
    rest = ask("GET", f"/dispatches/{dispatch_id}/stream?after={half}").data.decode()
    assert [int(line[4:]) for line in rest.split("\n") if line.startswith("id: ")] == [s for s in sequence if s > half]


@pytest.mark.parametrize(
    "path",
    ["", "/graph", "/tasks", "/tasks/0", "/events", "/stream", "/bundle", "/tasks/0/log", "/why", "/why?node=1"],
)
def test_a_dispatch_that_does_not_exist_is_not_found(ask, path):
    response = ask("GET", f"/dispatches/no-such-dispatch{path}")
    assert response.status == 404
    assert "no-such-dispatch" in error_of(response)["message"]


def test_a_running_dispatch_cannot_be_deleted_and_an_ended_one_is_gone(ask, tmp_path: Path):
    gate = tmp_path / "gate"

    @ct.electron
    def wait_for(path):
        import os
        import time

        while not os.path.exists(path):
            time.sleep(0.01)

    @ct.lattice
    def gated(path):
        return wait_for(path)

    dispatch_id = ct.dispatch(gated)(str(gate))
    assert ask("DELETE", f"/dispatches/{dispatch_id}").status == 409
    gate.touch()
    ct.get_result(dispatch_id, wait=True)
    assert json.loads(ask("DELETE", f"/dispatches/{dispatch_id}").data) == {"dispatches": 1}
    assert ask("GET", f"/dispatches/{dispatch_id}").status == 404
