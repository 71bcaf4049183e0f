"""What the pages do when something is wrong."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import expect

import covalent as ct
from covalent.client.server import Server

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


def test_a_server_that_is_frozen_is_away_and_what_happened_is_shown_when_it_goes_on(visit, own_server, gate):
    with visit(own_server) as (context, conduct):
        conduct.expected.append("ERR_")
        context.clock.install()
        dispatch_id = ct.dispatch(gated)(str(gate), 1)
        page = signed_in(context, own_server, f"/dispatches/{dispatch_id}")
        expect(page.get_by_text("Running").first).to_be_visible()
        own_server.process.send_signal(signal.SIGSTOP)
        banner = page.get_by_text("The server does not answer")
        try:
            # What the server had said before may come in between, and is a sign of life.
            for _ in range(10):
                context.clock.fast_forward(60_000)
                page.wait_for_timeout(500)
                if banner.is_visible():
                    break
            expect(banner).to_be_visible()
        finally:
            own_server.process.send_signal(signal.SIGCONT)
        gate.touch()
        assert ct.get_result(dispatch_id, wait=True).result == 0
        context.clock.fast_forward(60_000)
        expect(page.get_by_text("The server does not answer")).to_be_hidden()
        expect(page.get_by_text("Completed").first).to_be_visible()


def lose_answers(page, path: str, count: int) -> None:
    """The server does what it is asked to; the page does not hear of it, ``count`` times."""

    def lose(route):
        route.fetch()
        route.abort()

    page.route(f"**{path}", lose, times=count)


def test_what_was_cancelled_is_shown_though_the_answer_was_lost(page, conduct, gate):
    conduct.expected.append("ERR_")
    dispatch_id = ct.dispatch(gated)(str(gate), 1)
    page.goto(f"/dispatches/{dispatch_id}")
    lose_answers(page, "/cancel", 1)
    page.get_by_role("main").get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("does not answer")
    dialog.get_by_role("button", name="Let it run").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()


def test_a_second_try_after_a_lost_answer_runs_nothing_twice(page, conduct):
    conduct.expected.append("ERR_")
    first = ct.dispatch_sync(sum_of_squares)(2).dispatch_id
    before = {info.id for info in Server().dispatches(limit=1000).items}
    page.goto(f"/dispatches/{first}")
    lose_answers(page, "/redispatch", 1)
    page.get_by_role("main").get_by_role("button", name="Redispatch").click()
    again = page.get_by_role("dialog").get_by_role("button", name="Redispatch")
    again.click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("does not answer")
    again.click()
    expect(page).not_to_have_url(re.compile(first))
    (new,) = {info.id for info in Server().dispatches(limit=1000).items} - before
    assert page.url.startswith(f"{page.url.partition('/dispatches')[0]}/dispatches/{new}")


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


def test_after_an_upgrade_one_reload_is_enough(page, conduct):
    """The parts of a page that is open are gone then, and others are in their place."""
    conduct.expected += ["404", "Failed to fetch dynamically imported module", "Unable to preload CSS"]
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)
    gone = re.compile("/assets/ExecutorsPage-.*")
    page.route(gone, lambda route: route.fulfill(status=404))
    page.get_by_role("link", name="Executors").click()
    expect(page.get_by_role("heading", name="This page cannot be shown")).to_be_visible()
    assert loads == []
    page.unroute(gone)
    page.get_by_role("button", name="Load it again").click()
    expect(page.get_by_role("heading", name="Executors")).to_be_visible()
    page.wait_for_timeout(1000)
    assert len(loads) == 1
