"""The page of one dispatch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import covalent as ct
from covalent.client.server import Server
from tests.support.browser import place_at_rest

from .conftest import signed_in
from .workflows import HOSTILE, failing, gated, hostile_flow, nested, speaking, sum_of_squares

pytestmark = pytest.mark.browser


def header(page: Page) -> Locator:
    return page.get_by_role("main").locator("header").first


def box(page: Page, name: str) -> Locator:
    """The link of a box in the graph."""
    named = page.get_by_text(name, exact=True)
    return page.get_by_role("tabpanel", name="Graph").get_by_role("link").filter(has=named).first


def ended(dispatch_id: str) -> str:
    ct.get_result(dispatch_id, wait=True)
    return dispatch_id


def open_page(page: Page, dispatch_id: str, more: str = "") -> None:
    page.goto(f"/dispatches/{dispatch_id}{more}")


def choose(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()


# The graph


def test_like_tasks_are_one_stack_with_its_counts(page):
    open_page(page, ended(ct.dispatch(sum_of_squares)(30)))
    expect(header(page).get_by_text("Completed")).to_be_visible()
    expect(box(page, "square")).to_contain_text("30")
    expect(box(page, "square")).to_contain_text("all done")
    expect(box(page, "total")).to_be_visible()
    box(page, "square").click()
    expect(page.get_by_role("grid").get_by_role("row")).not_to_have_count(1)
    expect(page.get_by_text("30 tasks").first).to_be_visible()


def test_a_box_is_not_hidden_by_what_it_opens(page):
    open_page(page, ended(ct.dispatch(sum_of_squares)(30)))
    box(page, "square").click()
    panel = page.get_by_role("button", name="Close (Escape)")
    expect(panel).to_be_visible()
    place, frame = place_at_rest(box(page, "square")), place_at_rest(page.get_by_role("tabpanel", name="Graph"))
    assert frame["x"] <= place["x"]
    assert place["x"] + place["width"] <= frame["x"] + frame["width"]


def test_the_name_can_be_read_on_a_small_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, ended(ct.dispatch(failing)()))
    name = page.get_by_role("heading", name="failing")
    expect(name).to_be_visible()
    assert name.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_the_graph_follows_what_happens(page, gate: Path):
    dispatch_id = ct.dispatch(gated)(str(gate), 3)
    open_page(page, dispatch_id)
    expect(header(page).get_by_text("Running")).to_be_visible()
    expect(box(page, "wait_for")).to_contain_text("0 of 3 done")
    gate.touch()
    expect(box(page, "wait_for")).to_contain_text("all done")
    expect(box(page, "square")).to_contain_text("all done")
    expect(header(page).get_by_text("Completed")).to_be_visible()
    expect(header(page).get_by_text("7 of 7 tasks done")).to_be_visible()


def test_a_sublattice_opens_in_place(page):
    open_page(page, ended(ct.dispatch(nested)(3)))
    expect(box(page, "square")).to_have_count(0)
    page.get_by_role("button", name="Open the sublattice inner here").click()
    expect(box(page, "square")).to_contain_text("3")
    page.get_by_role("button", name="Close inner").click()
    expect(box(page, "square")).to_have_count(0)


def test_a_box_leads_to_its_task(page):
    dispatch_id = ended(ct.dispatch(sum_of_squares)(2))
    open_page(page, dispatch_id)
    box(page, "total").click()
    expect(page).to_have_url(re.compile(f"/dispatches/{dispatch_id}/tasks/2"))
    panel = page.get_by_role("complementary", name="Task 2, total")
    expect(panel.get_by_role("heading", name="total")).to_be_visible()
    expect(panel.get_by_text("the total of 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


# The other tabs


def test_the_timeline_shows_every_task(page):
    open_page(page, ended(ct.dispatch(sum_of_squares)(3)))
    choose(page, "Timeline")
    panel = page.get_by_role("tabpanel", name="Timeline")
    expect(panel.get_by_text("square").first).to_be_visible()
    expect(panel.get_by_text("total").first).to_be_visible()
    expect(panel.get_by_role("row")).to_have_count(5)


def test_the_table_finds_tasks(page):
    dispatch_id = ended(ct.dispatch(sum_of_squares)(40))
    open_page(page, dispatch_id)
    choose(page, "Tasks")
    panel = page.get_by_role("tabpanel", name="Tasks")
    expect(panel.get_by_text("41 tasks")).to_be_visible()
    panel.get_by_label("Search tasks").fill("total")
    expect(panel.get_by_text("1 of 41 tasks")).to_be_visible()
    panel.get_by_role("gridcell", name="total").click()
    expect(page).to_have_url(re.compile(f"/dispatches/{dispatch_id}/tasks/40"))


def test_the_code_of_the_workflow_is_shown(page):
    open_page(page, ended(ct.dispatch(sum_of_squares)(2)))
    choose(page, "Code")
    panel = page.get_by_role("tabpanel", name="Code")
    expect(panel).to_contain_text("def sum_of_squares(n):")
    expect(panel).to_contain_text("Fan out, fan in.")


# Logs and failures


def test_the_log_is_followed_as_it_is_written(page, gate: Path):
    dispatch_id = ct.dispatch(speaking)(str(gate), ["first", "second"])
    open_page(page, dispatch_id, "/tasks/0")
    log = page.get_by_role("log")
    expect(log).to_contain_text("first")
    expect(log).to_contain_text("second")
    expect(log).not_to_contain_text("the last word")
    gate.touch()
    expect(log).to_contain_text("the last word")


def test_a_log_is_searched(page, gate: Path):
    gate.touch()
    dispatch_id = ended(ct.dispatch(speaking)(str(gate), [f"line {n}" for n in range(3000)]))
    open_page(page, dispatch_id, "/tasks/0")
    page.get_by_label("Search the log").fill("line 1234")
    page.get_by_label("Search the log").press("Enter")
    expect(page.get_by_role("log").get_by_text("line 1234")).to_be_visible()


def test_what_failed_comes_first_with_its_traceback(page):
    dispatch_id = ended(ct.dispatch(failing)())
    open_page(page, dispatch_id)
    failures = page.get_by_role("region", name="Failures")
    expect(failures.get_by_role("heading")).to_contain_text("1 task failed")
    failures.get_by_role("link").first.click()
    panel = page.get_by_role("complementary", name="Task 1, divide")
    expect(panel).to_contain_text("ZeroDivisionError")
    expect(panel.get_by_label("Traceback")).to_contain_text("return a / b")
    panel.get_by_role("tab", name="Log").click()
    expect(panel.get_by_role("log")).to_contain_text("about to divide")
    panel.get_by_role("tab", name="Source").click()
    expect(panel).to_contain_text("def divide(a, b):")


def test_text_of_users_is_text_whatever_it_holds(page):
    dispatch_id = ended(ct.dispatch(hostile_flow)(HOSTILE))
    open_page(page, dispatch_id, "/tasks/0")
    panel = page.get_by_role("complementary").first
    expect(panel).to_contain_text(HOSTILE)
    panel.get_by_role("tab", name="Log").click()
    log = panel.get_by_role("log")
    expect(log).to_contain_text(HOSTILE)
    expect(log.get_by_text("red", exact=True)).to_be_visible()
    shown = log.inner_text()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown.replace("\n", ""))
    for tab in ("Timeline", "Tasks", "Code"):
        choose(page, tab)
        page.wait_for_timeout(300)
    assert page.locator("img").count() == 0
    assert page.evaluate("document.title").find("broken in") < 0 or HOSTILE in page.title()
    assert page.locator("main b").count() == 0


def test_what_never_ran_is_not_said_to_have_failed(page):
    open_page(page, ended(ct.dispatch(failing)()))
    expect(header(page)).to_contain_text("1 of 3 tasks done, 1 failed, 1 did not run")
    expect(header(page).get_by_role("img", name="3 tasks: 1 completed, 1 failed, 1 not run")).to_be_visible()
    choose(page, "Tasks")
    panel = page.get_by_role("tabpanel", name="Tasks")
    panel.get_by_role("button", name="Not run").click()
    expect(panel.get_by_text("1 of 3 tasks")).to_be_visible()
    expect(panel.get_by_role("gridcell", name="total")).to_be_visible()


def test_a_task_that_wrote_nothing_shows_its_values(page):
    open_page(page, ended(ct.dispatch(sum_of_squares)(2)), "/tasks/1")
    panel = page.get_by_role("complementary", name="Task 1, square")
    expect(panel.get_by_role("tab", name="Values")).to_have_attribute("aria-selected", "true")
    expect(panel.get_by_label("Output")).to_contain_text("1")


def test_the_tab_that_was_chosen_stays_while_tasks_are_compared(page):
    open_page(page, ended(ct.dispatch(nested)(2)))
    box(page, "load").click()
    expect(page.get_by_role("complementary", name="Task 0, load").get_by_role("tab", name="Log")).to_have_attribute(
        "aria-selected", "true"
    )
    page.get_by_role("complementary").get_by_role("tab", name="Details").click()
    box(page, "inner").click()
    panel = page.get_by_role("complementary", name="Task 1, inner")
    expect(panel.get_by_role("tab", name="Details")).to_have_attribute("aria-selected", "true")


# Actions


def test_a_dispatch_is_cancelled(page, gate: Path):
    dispatch_id = ct.dispatch(gated)(str(gate), 2)
    open_page(page, dispatch_id)
    page.get_by_role("main").get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(header(page).get_by_text("Cancelled")).to_be_visible()
    assert ct.get_result(dispatch_id, wait=True).status == "CANCELLED"


def test_one_task_is_cancelled(page, gate: Path):
    dispatch_id = ct.dispatch(gated)(str(gate), 2)
    open_page(page, dispatch_id, "/tasks/0")
    page.get_by_role("button", name="Cancel this task").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("complementary").first.get_by_text("Cancelled").first).to_be_visible()
    assert Server().task(dispatch_id, 0).status == "CANCELLED"


def test_a_dispatch_runs_again_with_the_values_that_are_there(page):
    first = ended(ct.dispatch(failing)())
    open_page(page, first)
    page.get_by_role("main").get_by_role("button", name="Redispatch").click()
    page.get_by_role("dialog").get_by_role("button", name="Redispatch").click()
    expect(page).not_to_have_url(re.compile(first))
    expect(page.get_by_role("link", name=re.compile("again from"))).to_be_visible()
    again = page.url.rpartition("/")[2].partition("?")[0]
    ct.get_result(again, wait=True)
    assert [task.reused for task in Server().tasks(again)] == [True, False, False]


def test_a_dispatch_that_was_stored_is_started(page):
    dispatch_id = ct.dispatch(sum_of_squares, disable_run=True)(2)
    open_page(page, dispatch_id)
    page.get_by_role("button", name="Start").click()
    expect(header(page).get_by_text("Completed")).to_be_visible()
    assert ct.get_result(dispatch_id).result == 1


def test_a_dispatch_is_deleted(page):
    dispatch_id = ended(ct.dispatch(sum_of_squares)(2))
    open_page(page, dispatch_id)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Dispatches")).to_be_visible()
    assert dispatch_id not in [info.id for info in Server().dispatches(limit=1000).items]


def test_what_is_called_without_arguments_is_said_to_be(page):
    @ct.electron
    def one():
        return 1

    @ct.lattice
    def alone():
        return one()

    dispatch_id = ended(ct.dispatch(alone)())
    open_page(page, dispatch_id)
    page.get_by_role("tab", name="Overview").click()
    expect(page.get_by_text("It was called without arguments.")).to_be_visible()
    page.goto(f"/dispatches/{dispatch_id}/tasks/0")
    expect(page.get_by_text("It was called without arguments.")).to_be_visible()


def test_executors_list_like_failures_once(own_server, visit):
    @ct.electron
    def measure(n):
        raise ValueError(f"row {n} is empty")

    @ct.lattice
    def survey(count):
        return [measure(n) for n in range(count)]

    ended(ct.dispatch(survey)(4))
    with visit(own_server) as (context, _):
        page = signed_in(context, own_server, "/executors")
        expect(page.get_by_text("and 3 more like it")).to_be_visible()
