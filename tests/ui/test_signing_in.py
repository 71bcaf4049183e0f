"""Who gets to see the pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import covalent as ct
from covalent.client.pages import sign_in_address
from covalent.client.server import Server

from .conftest import restarted, sign_in, signed_in
from .workflows import sum_of_squares

pytestmark = pytest.mark.browser


def test_the_printed_address_signs_in_and_goes_on_to_the_workflow(context, server):
    dispatch_id = ct.dispatch(sum_of_squares)(3)
    page = signed_in(context, server, f"/dispatches/{dispatch_id}")
    assert page.url == f"{server.address}/dispatches/{dispatch_id}"
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert (
        page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)").find("ticket")
        < 0
    )


def test_an_address_that_was_used_says_what_to_run(context, conduct, visit, server):
    address = sign_in_address(Server(server.address))
    conduct.expected.append("401")
    first = context.new_page()
    first.goto(address)
    expect(first).not_to_have_url(re.compile("/signin"))
    with visit(server) as (stranger, its_conduct):
        its_conduct.expected.append("401")
        page = stranger.new_page()
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("used, or is too old")
        expect(page.get_by_text("covalent ui", exact=True)).to_be_visible()
    # For the browser that is signed in it is an address like any other.
    again = context.new_page()
    again.goto(address)
    expect(again).not_to_have_url(re.compile("/signin"))


@pytest.mark.parametrize("path", ["/", "/dispatches/x", "/executors"])
def test_who_is_not_signed_in_is_told_what_to_run(context, conduct, path):
    conduct.expected.append("401")
    page = context.new_page()
    page.goto(path)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("covalent ui", exact=True)).to_be_visible()


def test_the_token_signs_in_too(context, conduct, server):
    conduct.expected.append("401")
    page = context.new_page()
    page.goto("/")
    page.get_by_text("Sign in with the server").click()
    page.get_by_label("The content of the file").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("The content of the file").fill((server.data_dir / "token").read_text())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dispatches")).to_be_visible()


def test_signing_out_ends_what_the_page_may_see(page, context, conduct):
    conduct.expected.append("401")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    other = context.new_page()
    other.goto("/executors")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_token_that_is_no_more_sends_to_the_sign_in(visit, own_server):
    with visit(own_server) as (context, conduct):
        conduct.expected += ["401", "ERR_"]
        page = signed_in(context, own_server)
        own_server.process.terminate()
        own_server.process.wait(30)
        (own_server.data_dir / "token").unlink()
        with restarted(own_server) as again:
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            sign_in(page, again)
            expect(page.get_by_role("heading", name="Dispatches")).to_be_visible()


def test_the_cookie_alone_which_other_ports_get_shows_nothing(page, context, conduct):
    conduct.expected.append("401")
    assert page.evaluate("localStorage.length") > 0
    page.evaluate("localStorage.clear()")
    other = context.new_page()
    other.goto("/executors")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_is_not_undone_by_a_restart(visit, own_server):
    with visit(own_server) as (context, conduct):
        conduct.expected += ["401", "ERR_"]
        page = signed_in(context, own_server)
        cookies = context.cookies()
        key = page.evaluate("localStorage.getItem('covalent-key')")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        own_server.process.terminate()
        own_server.process.wait(30)
        with restarted(own_server):
            context.add_cookies(cookies)
            page.evaluate("key => localStorage.setItem('covalent-key', key)", key)
            page.goto("/")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
