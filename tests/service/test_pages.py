"""The pages as files, and who may ask what of the server from a browser."""

from __future__ import annotations

import gzip
import html
import json
import os
import re
import stat
import subprocess
import sys
import uuid
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import urllib3

import covalent as ct
from covalent.api.pages import Pages
from covalent.client import browser as client_browser
from covalent.client.server import connect
from tests.support.server import RunningServer

Ask = Callable[..., urllib3.BaseHTTPResponse]


@ct.electron
def double(x):
    return 2 * x


@ct.electron
def fails(x):
    raise ValueError("<b>no</b>")


@ct.lattice
def doubled(n):
    return [double(i) for i in range(n)]


@ct.lattice
def failing():
    return fails(1)


@pytest.fixture
def ask(server: RunningServer) -> Ask:
    def ask(method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        return urllib3.request(method, server.address + path, retries=False, redirect=False, **more)

    return ask


@pytest.fixture
def own(server: RunningServer) -> dict[str, str]:
    """What a browser says of a request that one of the server's own pages makes."""
    return {"Origin": server.address, "Sec-Fetch-Site": "same-origin"}


def sign_in(ask: Ask, own: dict[str, str], given: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return ask("POST", "/api/v1/session", json=given, headers=own)


def cookie_of(response: urllib3.BaseHTTPResponse) -> str:
    return response.headers["Set-Cookie"].partition(";")[0]


def key_of(response: urllib3.BaseHTTPResponse) -> str:
    return str(json.loads(response.data)["key"])


@pytest.fixture
def cookie(ask: Ask, own: dict[str, str]) -> dict[str, str]:
    """What a browser that is signed in sends with every request."""
    answer = sign_in(ask, own, {"ticket": connect().ticket()})
    return {"Cookie": cookie_of(answer), "X-Covalent-Key": key_of(answer)}


# Files


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>x</title>")
    (tmp_path / "assets" / "main-abc.js").write_text("const a = 1;\n" * 200)
    (tmp_path.parent / "outside.txt").write_text("secret")
    return tmp_path


async def get(pages: Pages, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message: Any) -> None:
        sent.append(message)

    await pages(scope, None, send)  # type: ignore[arg-type]
    fields = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], fields, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("path", ["/", "/dispatches/abc", "/preview/x", "/favicon.ico.none", "/index.html"])
async def test_every_path_that_is_no_file_is_the_page_and_is_asked_for_anew(built, path):
    status, headers, body = await get(Pages(built), path)
    assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
    assert body.startswith(b"<!doctype html>")


async def test_a_file_with_its_digest_in_its_name_is_kept_for_good(built):
    pages = Pages(built)
    status, headers, body = await get(pages, "/assets/main-abc.js", accept_encoding="gzip, br")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in headers["cache-control"]
    assert gzip.decompress(body).startswith(b"const a")
    assert int(headers["content-length"]) == len(body)
    plain = await get(pages, "/assets/main-abc.js")
    assert plain[2].startswith(b"const a")
    assert "content-encoding" not in plain[1]
    again = await get(pages, "/assets/main-abc.js", accept_encoding="gzip", if_none_match=headers["etag"])
    assert (again[0], again[2]) == (304, b"")


async def test_a_file_that_was_built_anew_is_read_anew(built):
    pages = Pages(built)
    _, before, _ = await get(pages, "/")
    (built / "index.html").write_text("<!doctype html><title>new</title>")
    os.utime(built / "index.html", ns=(1, 1))
    _, after, body = await get(pages, "/", if_none_match=before["etag"])
    assert b"new" in body
    assert after["etag"] != before["etag"]


async def test_a_file_that_is_gone_is_not_the_page(built):
    assert (await get(Pages(built), "/assets/main-old.js"))[0] == 404


@pytest.mark.parametrize(
    "path", ["/../outside.txt", "/assets/../../outside.txt", "/..\\outside.txt", "/a\0b", "//", "/." * 50]
)
async def test_nothing_outside_is_given_away(built, path):
    _, _, body = await get(Pages(built), path)
    assert b"secret" not in body


async def test_pages_can_only_be_read(built):
    assert (await get(Pages(built), "/", "POST"))[0] == 405
    assert (await get(Pages(built), "/", "HEAD"))[0] == 200


async def test_without_built_pages_it_says_how_to_build_them(tmp_path):
    status, headers, body = await get(Pages(tmp_path / "none"), "/dispatches/x")
    assert status == 200
    assert b"make web" in body and b"pip install ." in body
    assert headers["cache-control"] == "no-store"


def test_pages_run_nothing_but_their_own_scripts(ask):
    policy = dict(part.split(" ", 1) for part in ask("GET", "/").headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/assets/none.js", "/api"])
def test_every_answer_is_protected(ask, path):
    headers = ask("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_pages_need_no_token_and_hold_none(ask, server):
    token = (server.data_dir / "token").read_bytes()
    answer = ask("GET", "/dispatches/x")
    assert answer.status == 200
    assert token not in answer.data
    assert ask("GET", "/", headers={"Host": "evil.example"}).status == 403


# Signing in


def test_a_ticket_signs_a_browser_in_once(ask, own):
    ticket = connect().ticket()
    first = sign_in(ask, own, {"ticket": ticket})
    assert first.status == 200
    parts = first.headers["Set-Cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(parts)
    both = {"Cookie": cookie_of(first), "X-Covalent-Key": key_of(first)}
    assert ask("GET", "/api/v1/health", headers=both).status == 200
    second = sign_in(ask, own, {"ticket": ticket})
    assert second.status == 401
    assert "covalent ui" in json.loads(second.data)["error"]["message"]
    assert "Set-Cookie" not in second.headers


def test_a_browser_that_is_signed_in_may_show_a_used_ticket(ask, own, cookie):
    answer = sign_in(ask, own | cookie, {"ticket": "used"})
    assert (answer.status, json.loads(answer.data)) == (200, {"key": None})
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_that_another_port_got_lets_nobody_in(ask, own, cookie):
    stolen = {"Cookie": cookie["Cookie"]}
    for key in ({}, {"X-Covalent-Key": ""}, {"X-Covalent-Key": "guessed"}):
        assert ask("GET", "/api/v1/health", headers=own | stolen | key).status == 401
        assert ask("GET", "/api/v1/stream", headers=own | stolen | key).status == 401
        assert sign_in(ask, own | stolen | key, {"ticket": "used"}).status == 401


@pytest.mark.parametrize("path", ["/api/v1/tickets", "/api/v1/tickets/", "/api/v1/%74ickets"])
def test_who_is_signed_in_cannot_make_that_last_for_ever(ask, own, cookie, path):
    assert ask("POST", path, headers=own | cookie).status == 401


def test_cookies_of_other_servers_on_this_host_do_not_matter(ask, cookie):
    odd = 'prefs={"a": 1}; flag; x=two words; ' + "y" * 40_000
    assert ask("GET", "/api/v1/health", headers=cookie | {"Cookie": f"{odd}; {cookie['Cookie']}"}).status == 200


def test_the_token_signs_a_browser_in(ask, own, server):
    token = (server.data_dir / "token").read_text()
    assert sign_in(ask, own, {"token": token}).status == 200
    assert sign_in(ask, own, {"token": "wrong"}).status == 401
    assert sign_in(ask, own, {}).status == 401


def test_signing_out_ends_the_cookie(ask, own, cookie):
    answer = ask("DELETE", "/api/v1/session", headers=own | cookie)
    assert answer.status == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert ask("GET", "/api/v1/health", headers=cookie).status == 401


@pytest.mark.parametrize(
    ("method", "said", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"Sec-Fetch-Site": "none"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("GET", {"Sec-Fetch-Site": "same-site"}, 401),
        ("GET", {"Sec-Fetch-Site": "cross-site"}, 401),
        ("POST", {}, 401),
        ("POST", {"Sec-Fetch-Site": "none"}, 401),
        ("POST", {"Sec-Fetch-Site": "same-site"}, 401),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 404),
        ("POST", {"Origin": "http://127.0.0.1:1"}, 403),
        ("POST", {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
def test_a_cookie_counts_only_in_what_our_own_pages_ask(ask, cookie, method, said, status):
    path = "/api/v1/health" if method == "GET" else f"/api/v1/dispatches/{uuid.uuid4()}/start"
    assert ask(method, path, headers=cookie | said).status == status


def test_signing_in_is_for_our_own_pages_too(ask):
    ticket = connect().ticket()
    for said in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert ask("POST", "/api/v1/session", json={"ticket": ticket}, headers=said).status in (401, 403)
    own = {"Sec-Fetch-Site": "same-origin"}
    assert ask("POST", "/api/v1/session", json={"ticket": ticket}, headers=own).status == 200


def test_tickets_and_cookies_are_in_no_log(ask, own, server):
    ticket = connect().ticket()
    answer = sign_in(ask, own, {"ticket": ticket})
    assert ticket not in server.output
    assert cookie_of(answer).partition("=")[2] not in server.output
    assert key_of(answer) not in server.output


# covalent ui


def test_the_ui_command_prints_an_address_that_signs_in(ask, own):
    said = subprocess.run(
        [sys.executable, "-m", "covalent", "ui", "--no-browser"], capture_output=True, text=True, timeout=60, check=True
    )
    parts = urlsplit(said.stdout.strip())
    assert (parts.path, parts.query) == ("/signin", "")
    assert sign_in(ask, own, {"ticket": unquote(parts.fragment.removeprefix("ticket="))}).status == 200


def test_the_ui_command_opens_a_browser_on_the_page_of_a_dispatch(tmp_path, server, ask, own):
    dispatch_id = ct.dispatch(doubled)(1)
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    said = subprocess.run(
        [sys.executable, "-m", "covalent", "ui", dispatch_id],
        env=os.environ | {"BROWSER": f"{browser} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # Everybody on the machine can read the arguments of a process, so they name a file that only its owner can read.
    file = Path(unquote(urlsplit(seen.read_text().strip()).path))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.is_relative_to(server.data_dir)
    found = re.search(r'url=([^"]+)"', file.read_text())
    assert found
    address = re.escape(f"{server.address}/signin#ticket=") + rf"([\w-]+)&next=%2Fdispatches%2F{dispatch_id}"
    led = re.fullmatch(address, html.unescape(found[1]))
    printed = re.fullmatch(f"Opened a browser. If none came up, go to {address}\n", said.stdout)
    assert led
    assert printed
    assert led[1] != printed[1]
    assert sign_in(ask, own, {"ticket": led[1]}).status == 200


def test_files_that_led_a_browser_are_removed_later(tmp_path, monkeypatch):
    monkeypatch.setenv("COVALENT_DATA_DIR", str(tmp_path))
    browser = webbrowser.GenericBrowser(["true", "%s"])
    assert client_browser.show_privately(browser, "http://127.0.0.1:1/signin#ticket=a")
    (first,) = tmp_path.iterdir()
    os.utime(first, (0, 0))
    assert client_browser.show_privately(browser, "http://127.0.0.1:1/signin#ticket=b")
    (second,) = tmp_path.iterdir()
    assert second != first


def test_nothing_is_opened_where_there_is_no_screen(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert client_browser.find_browser() is None


def test_drawing_shows_the_workflow_where_a_server_runs(ask, cookie, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true")
    address = doubled.draw(3)
    assert isinstance(address, str)
    assert address in capsys.readouterr().err
    assert "ticket" not in address
    preview = urlsplit(address).path.removeprefix("/preview/")
    graph = json.loads(ask("GET", f"/api/v1/previews/{preview}/graph", headers=cookie).data)
    assert [node["name"] for node in graph["nodes"]] == ["double"] * 3
    assert list(tmp_path.iterdir()) == []
    assert ask("GET", f"/api/v1/previews/{'0' * 16}/graph", headers=cookie).status == 404


# What pages show


def get_json(ask: Ask, cookie: dict[str, str], path: str) -> Any:
    return json.loads(ask("GET", f"/api/v1{path}", headers=cookie).data)


def test_executors_are_shown_with_their_failures_and_without_secrets(ask, cookie):
    dispatch_id = ct.dispatch(failing)()
    ct.get_result(dispatch_id, wait=True)
    found = {executor["name"]: executor for executor in get_json(ask, cookie, "/executors")}
    assert {"local", "awsbatch", "gcpbatch"} <= found.keys()
    local = found["local"]
    assert (local["class_name"], local["problem"]) == ("LocalExecutor", "")
    assert local["about"]
    failure = next(one for one in local["failures"] if one["dispatch_id"] == dispatch_id)
    assert (failure["node_id"], failure["name"], failure["cause"]) == (0, "fails", "USER")
    assert "<b>no</b>" in failure["message"]
    assert local["median_wait_s"] >= 0


def test_dispatches_are_found_by_their_executors(ask, cookie):
    dispatch_id = ct.dispatch(doubled)(2)
    ct.get_result(dispatch_id, wait=True)
    found = get_json(ask, cookie, "/dispatches?executor=local")["items"]
    assert dispatch_id in [info["id"] for info in found]
    assert found[0]["executors"] == ["local"]
    assert get_json(ask, cookie, "/dispatches?executor=loca")["items"] == []
    assert get_json(ask, cookie, "/dispatches?executor=%25")["items"] == []


@pytest.mark.parametrize("reuse", [False, True])
def test_a_dispatch_runs_again_as_it_was(ask, own, cookie, reuse):
    first = ct.dispatch(doubled)(3)
    ct.get_result(first, wait=True)
    answer = ask("POST", f"/api/v1/dispatches/{first}/redispatch", json={"reuse": reuse}, headers=own | cookie)
    assert answer.status == 201
    second = json.loads(answer.data)["dispatch_id"]
    assert second != first
    assert ct.get_result(second, wait=True).result == [0, 2, 4]
    assert get_json(ask, cookie, f"/dispatches/{second}")["redispatch_of"] == first
    tasks = get_json(ask, cookie, f"/dispatches/{second}/tasks")["items"]
    assert [task["reused"] for task in tasks] == [reuse] * 3


def test_a_dispatch_that_does_not_exist_cannot_run_again(ask, own, cookie):
    answer = ask("POST", "/api/v1/dispatches/none/redispatch", json={}, headers=own | cookie)
    assert answer.status == 404
