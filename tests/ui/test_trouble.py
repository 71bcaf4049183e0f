"""What the pages do when something is wrong."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import covalent as ct

from .conftest import restarted, signed_in
from .workflows import gated, sum_of_squares

pytestmark = pytest.mark.browser


def stop(server):
    server.process.terminate()
    server.process.wait(30)


def test_the_list_says_that_the_server_is_away_and_catches_up(visit, own_server):
    with visit(own_server) as (context, conduct):
        conduct.expected.append("ERR_")
        ct.dispatch_sync(sum_of_squares)(2)
        page = signed_in(context, own_server)
        expect(page.get_by_role("link", name="sum_of_squares")).to_have_count(1)
        stop(own_server)
        expect(page.get_by_text("The server does not answer")).to_be_visible()
        expect(page.get_by_role("link", name="sum_of_squares")).to_have_count(1)
        with restarted(own_server):
            ct.dispatch_sync(sum_of_squares)(3)
            expect(page.get_by_text("The server does not answer")).to_be_hidden()
            expect(page.get_by_role("link", name="sum_of_squares")).to_have_count(2)


def test_a_dispatch_goes_on_when_the_server_is_back(visit, own_server, gate):
    with visit(own_server) as (context, conduct):
        conduct.expected.append("ERR_")
        dispatch_id = ct.dispatch(gated)(str(gate), 1)
        page = signed_in(context, own_server, f"/dispatches/{dispatch_id}")
        expect(page.get_by_text("Running").first).to_be_visible()
        stop(own_server)
        gate.touch()
        expect(page.get_by_text("The server does not answer")).to_be_visible()
        with restarted(own_server):
            assert ct.get_result(dispatch_id, wait=True).result == 0
            expect(page.get_by_text("The server does not answer")).to_be_hidden()
            expect(page.get_by_text("Completed").first).to_be_visible()
            expect(page.get_by_text("Running")).to_have_count(0)


def test_a_dispatch_that_does_not_exist_is_said_to_be_none(page, conduct):
    conduct.expected.append("404")
    page.goto("/dispatches/00000000-0000-0000-0000-000000000000")
    expect(page.get_by_text(re.compile("no dispatch", re.IGNORECASE)).first).to_be_visible()
    page.get_by_role("main").get_by_role("link", name=re.compile("dispatches", re.IGNORECASE)).click()
    expect(page.get_by_role("heading", name="Dispatches")).to_be_visible()


def test_a_task_that_does_not_exist_is_said_to_be_none(page, conduct):
    conduct.expected.append("404")
    dispatch_id = ct.dispatch(sum_of_squares)(2)
    page.goto(f"/dispatches/{dispatch_id}/tasks/99")
    expect(page.get_by_text(re.compile("no task", re.IGNORECASE)).first).to_be_visible()


def test_an_address_that_leads_nowhere_leads_back(page):
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="All dispatches", exact=True).click()
    expect(page.get_by_role("heading", name="Dispatches")).to_be_visible()


def test_a_preview_that_is_gone_says_how_to_make_another(page, conduct):
    conduct.expected.append("404")
    page.goto(f"/preview/{'0' * 16}")
    expect(page.get_by_text(re.compile(r"draw\(\)")).first).to_be_visible()
