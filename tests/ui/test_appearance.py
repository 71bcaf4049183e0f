"""Light and dark, and whether everybody can use the pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import covalent as ct
from covalent.client.server import Server
from tests.support.browser import findings
from tests.support.server import RunningServer

from .conftest import signed_in
from .workflows import failing, nested, sum_of_squares

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dispatches(shared_server: RunningServer) -> dict[str, str]:
    """Ids of some, by what became of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shared_server.environment.items():
            patch.setenv(name, value)
        made = {
            "completed": ct.dispatch(sum_of_squares)(4),
            "nested": ct.dispatch(nested)(3),
            "failed": ct.dispatch(failing)(),
        }
        for dispatch_id in made.values():
            ct.get_result(dispatch_id, wait=True)
    return made


def background(page: Page) -> int:
    """How light the page is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])


def test_dark_is_what_the_system_says_or_what_was_chosen(page, context):
    assert background(page) > 200
    page.emulate_media(color_scheme="dark")
    assert background(page) < 60
    page.get_by_role("button", name="Use light colours").click()
    assert background(page) > 200
    other = context.new_page()
    other.emulate_media(color_scheme="dark")
    other.goto("/executors")
    expect(other.get_by_role("heading", name="Executors")).to_be_visible()
    assert background(other) > 200
    other.get_by_role("button", name="Use dark colours").click()
    assert background(other) < 60


#: Where, and what is there once the page is whole.
PLACES = {
    "/": "Dispatches",
    "/?q=no+such+thing": "No dispatch is like that",
    "/executors": "Executors",
    "/dispatches/{completed}": "sum_of_squares",
    "/dispatches/{nested}": "nested",
    "/dispatches/{failed}": "failing",
    "/dispatches/{failed}/tasks/1": "divide",
    "/dispatches/none": "",
    "/no/such/page": "There is no such page",
}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_serious_keeps_anybody_from_a_page(page, conduct, dispatches, place):
    conduct.expected += ["404"]
    page.emulate_media(color_scheme="light")
    page.goto(place.format(**dispatches))
    expect(page.get_by_role("heading", name=PLACES[place]).first).to_be_visible()
    page.wait_for_timeout(500)
    assert (background(page) > 200, findings(page)) == (True, [])
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    assert (background(page) < 60, findings(page)) == (True, [])


@pytest.mark.parametrize("tab", ["Graph", "Timeline", "Tasks", "Code"])
def test_nothing_serious_keeps_anybody_from_a_tab(page, dispatches, tab):
    page.goto(f"/dispatches/{dispatches['completed']}")
    page.get_by_role("tab", name=tab).click()
    page.wait_for_timeout(500)
    assert findings(page) == []


def test_nothing_serious_keeps_anybody_from_signing_in(context, conduct):
    conduct.expected.append("401")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert findings(page) == []


def test_nothing_serious_is_in_the_way_of_beginners(visit, own_server):
    with visit(own_server) as (context, _):
        page = signed_in(context, own_server)
        expect(page.get_by_role("heading", name="Nothing has been dispatched yet")).to_be_visible()
        assert findings(page) == []


def test_a_preview_shows_what_would_run(page, server):
    preview = Server(server.address).preview(sum_of_squares.build_graph(4).graph)
    page.goto(f"/preview/{preview}")
    expect(page.get_by_role("heading", name="sum_of_squares").first).to_be_visible()
    expect(page.get_by_text("square", exact=True).first).to_be_visible()
    page.wait_for_timeout(500)
    assert findings(page) == []
