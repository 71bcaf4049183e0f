"""What of a graph is in view."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

import covalent as ct
from tests.support.browser import findings, place_at_rest

from .test_dispatch import box, ended, header, open_page
from .workflows import deep, gated, in_a_row

pytestmark = pytest.mark.browser

NAMES = [f"step_{n}" for n in range(100)]

#: The small map of a large graph.
MAP = "[data-map]"

#: Pixels; the names on a box that is lower cannot be read.
READABLE = 48


def place(page: Page, what: Locator) -> tuple[float, float, float]:
    """Where something is in the frame of the graph: pixels to its top from the frame's, to its bottom, and the frame's height."""
    expect(what).to_be_visible()
    inner, frame = place_at_rest(what), place_at_rest(page.get_by_role("tabpanel", name="Graph"))
    return inner["y"] - frame["y"], inner["y"] + inner["height"] - frame["y"], frame["height"]


def is_seen(page: Page, what: Locator) -> bool:
    top, bottom, height = place(page, what)
    return top >= 0 and bottom <= height


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_chain_begins_at_its_start_and_can_be_read(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_page(page, ended(ct.dispatch(in_a_row(NAMES))()))
    top, bottom, height = place(page, box(page, "step_0"))
    assert 0 <= top < bottom <= height / 2
    assert bottom - top >= READABLE
    find = place_at_rest(page.get_by_label("Find in graph"))
    first = place_at_rest(box(page, "step_0"))
    assert find["y"] + find["height"] <= first["y"]


def test_all_of_a_long_chain_is_shown_on_request(page):
    open_page(page, ended(ct.dispatch(in_a_row(NAMES))()))
    expect(box(page, "step_0")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    assert is_seen(page, box(page, "step_0"))
    assert is_seen(page, box(page, "step_99"))


def test_a_long_chain_begins_where_it_failed(page):
    names = [*NAMES[:57], "bad", *NAMES[57:]]
    open_page(page, ended(ct.dispatch(in_a_row(names))()))
    top, bottom, height = place(page, box(page, "bad"))
    assert 0 <= top < bottom <= height
    assert bottom - top >= READABLE


def test_a_short_graph_is_seen_whole_and_needs_no_map(page, gate: Path):
    gate.touch()
    open_page(page, ended(ct.dispatch(gated)(str(gate), 3)))
    for name in ("wait_for", "square", "total"):
        assert is_seen(page, box(page, name))
    expect(page.locator(MAP)).to_have_count(0)


def test_a_map_leads_through_a_long_chain(page):
    open_page(page, ended(ct.dispatch(in_a_row([*NAMES[:57], "bad", *NAMES[57:]]))()))
    assert is_seen(page, box(page, "bad"))
    small = page.locator(MAP)
    for status in ("COMPLETED", "FAILED", "NOT_RUN"):
        expect(small.locator(f"[data-status={status}]")).to_have_count(1)
    room = place_at_rest(small)
    middle = room["x"] + room["width"] / 2
    page.mouse.move(middle, room["y"] + 8)
    page.mouse.down()
    assert is_seen(page, box(page, "step_0"))
    page.mouse.move(middle, room["y"] + room["height"] - 8)
    page.mouse.up()
    assert is_seen(page, box(page, "step_99"))
    page.mouse.move(middle, room["y"] + 8)
    assert is_seen(page, box(page, "step_99"))
    assert findings(page) == []


def test_there_is_no_map_where_there_is_no_room_for_one(page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, ended(ct.dispatch(in_a_row(NAMES))()))
    expect(box(page, "step_0")).to_be_visible()
    expect(page.locator(MAP)).to_have_count(0)


def test_a_graph_that_takes_long_is_said_to_be_on_its_way(page, gate: Path):
    gate.touch()
    held: list[Route] = []
    page.route("**/layout.worker-*.js", lambda route: held.append(route))
    open_page(page, ended(ct.dispatch(gated)(str(gate), 3)))
    expect(page.get_by_text("Drawing the graph…")).to_be_visible()
    held[0].continue_()
    expect(box(page, "total")).to_be_visible()
    expect(page.get_by_text("Drawing the graph…")).to_have_count(0)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_sublattice_comes_into_view_when_it_is_opened(page, motion):
    page.emulate_media(reduced_motion=motion)
    open_page(page, ended(ct.dispatch(deep)(1)))
    before, _, _ = place(page, box(page, "long_inner"))
    page.get_by_role("button", name="Open the sublattice long_inner here").click()
    for n in range(4):
        assert is_seen(page, box(page, f"inner_{n}"))
    page.get_by_role("button", name="Close long_inner").click()
    expect(box(page, "inner_0")).to_have_count(0)
    after, _, _ = place(page, box(page, "long_inner"))
    assert after < before
    assert is_seen(page, box(page, "long_inner"))


def test_boxes_say_where_they_run_only_where_that_differs(page):
    @ct.electron(executor="awsbatch")
    def elsewhere(x):
        return x

    @ct.electron
    def here(x):
        return x

    @ct.lattice
    def mixed(n):
        return here([elsewhere(i) for i in range(n)])

    @ct.lattice
    def unmixed(n):
        return here(n)

    graph = page.get_by_role("tabpanel", name="Graph")
    open_page(page, ct.dispatch(mixed, disable_run=True)(3))
    expect(box(page, "elsewhere")).to_contain_text("awsbatch")
    expect(box(page, "here")).to_contain_text("local")
    expect(header(page)).to_contain_text("Not started")
    open_page(page, ct.dispatch(unmixed, disable_run=True)(3))
    expect(box(page, "here")).to_be_visible()
    expect(graph.get_by_text("local")).to_have_count(0)
