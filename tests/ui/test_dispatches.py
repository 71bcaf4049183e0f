"""The list of dispatches."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

import covalent as ct
from tests.support.browser import place_at_rest
from tests.support.server import RunningServer

from .conftest import signed_in
from .workflows import HOSTILE, failing, gated, hostile_flow, sum_of_squares

pytestmark = pytest.mark.browser


def row(page: Page, dispatch_id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(dispatch_id[:8], exact=True))


@pytest.fixture
def done(server: RunningServer) -> str:
    dispatch_id = ct.dispatch(sum_of_squares)(3)
    ct.get_result(dispatch_id, wait=True)
    return dispatch_id


def test_a_dispatch_is_listed_with_its_progress(page, done):
    cells = row(page, done)
    expect(cells.get_by_text("Completed")).to_be_visible()
    expect(cells.get_by_text("4 / 4")).to_be_visible()
    expect(cells.get_by_text("local")).to_be_visible()
    cells.get_by_role("link", name="sum_of_squares").click()
    expect(page).to_have_url(re.compile(f"/dispatches/{done}"))


def test_what_never_ran_is_not_listed_as_failed(page):
    dispatch_id = ct.dispatch(failing)()
    ct.get_result(dispatch_id, wait=True)
    bar = row(page, dispatch_id).get_by_role("img", name="3 tasks: 1 completed, 1 failed, 1 not run")
    expect(bar).to_be_visible()


def test_a_telephone_shows_how_far_a_dispatch_is_without_scrolling(page, done):
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("columnheader", name="Duration")).to_have_count(0)
    mine = row(page, done)
    for what in (mine.get_by_role("link", name="sum_of_squares"), mine.get_by_text("4 / 4")):
        shown = place_at_rest(what)
        assert 0 <= shown["x"] < shown["x"] + shown["width"] <= 390
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("columnheader", name="Duration")).to_be_visible()


def test_the_list_follows_what_happens(page, gate):
    dispatch_id = ct.dispatch(gated)(str(gate), 2)
    mine = row(page, dispatch_id)
    expect(mine.get_by_text("Running")).to_be_visible()
    gate.touch()
    expect(mine.get_by_text("Completed")).to_be_visible()
    expect(mine.get_by_text("5 / 5")).to_be_visible()


def test_filters_are_in_the_address_and_come_back_with_it(page, context, done):
    failed = ct.dispatch(failing)()
    ct.get_result(failed, wait=True)
    page.get_by_role("group", name="Status").get_by_role("button", name="Failed").click()
    expect(row(page, failed)).to_be_visible()
    expect(row(page, done)).to_have_count(0)
    page.get_by_label("Executor").select_option("local")
    expect(page).to_have_url(re.compile(r"status=failed.*executor=local"))
    other = context.new_page()
    other.goto(page.url)
    expect(row(other, failed)).to_be_visible()
    expect(row(other, done)).to_have_count(0)
    page.go_back()
    page.get_by_role("button", name="All", exact=True).click()
    expect(row(page, done)).to_be_visible()


def test_the_search_finds_by_name_and_by_id(page, done):
    failed = ct.dispatch(failing)()
    page.keyboard.press("/")
    page.keyboard.type("squares")
    expect(row(page, done)).to_be_visible()
    expect(row(page, failed)).to_have_count(0)
    search = page.get_by_role("searchbox")
    search.fill(failed[:13])
    expect(row(page, failed)).to_be_visible()
    search.fill("no such thing")
    expect(page.get_by_role("heading", name="No dispatch is like that")).to_be_visible()
    page.get_by_role("button", name="Show all dispatches").click()
    expect(row(page, failed)).to_be_visible()


def test_the_keyboard_goes_through_the_list(page, done):
    expect(row(page, done)).to_be_visible()
    page.get_by_role("grid", name="Dispatches").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/dispatches/"))


def test_the_list_need_not_be_gone_to_before_j_moves_through_it(page, done):
    expect(row(page, done)).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("grid", name="Dispatches")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/dispatches/"))


def test_several_dispatches_are_cancelled_at_once(page, gate):
    both = [ct.dispatch(gated)(str(gate), 1) for _ in range(2)]
    for dispatch_id in both:
        row(page, dispatch_id).get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel them").click()
    for dispatch_id in both:
        expect(row(page, dispatch_id).get_by_text("Cancelled")).to_be_visible()
        assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"


def test_a_dispatch_is_started_again(page, done):
    row(page, done).get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Redispatch").click()
    page.get_by_role("dialog").get_by_role("button", name="Redispatch").click()
    page.get_by_role("link", name="Show it").click()
    expect(page).not_to_have_url(re.compile(done))
    expect(page).to_have_url(re.compile("/dispatches/"))
    again = page.url.rpartition("/")[2]
    assert ct.get_result(again, wait=True).result == 5


def test_a_name_is_text_whatever_it_holds(page):
    dispatch_id = ct.dispatch(hostile_flow)("x")
    link = row(page, dispatch_id).get_by_role("link")
    expect(link).to_have_text(HOSTILE)
    assert page.locator("img, b").count() == 0
    assert "broken in" not in page.title()


def test_a_blank_name_can_be_seen_and_clicked(page):
    @ct.lattice
    def blank():
        return 1

    blank.__name__ = "  "
    dispatch_id = ct.dispatch(blank)()
    row(page, dispatch_id).get_by_role("link", name="(no name)").click()
    expect(page.get_by_role("heading", name="(no name)")).to_be_visible()


def test_an_empty_installation_says_what_to_do_first(visit, own_server):
    with visit(own_server) as (context, _):
        page = signed_in(context, own_server)
        expect(page.get_by_role("heading", name="Nothing has been dispatched yet")).to_be_visible()
        expect(page.get_by_text("python hello.py")).to_be_visible()
