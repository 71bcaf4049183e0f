"""Values in place of the marks of a result."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covalent.dispatcher.previews import LIMIT, fill
from covalent.model import Mark

TEXT = "{'a': <1>, 'b': <2>}"
MARKS = (Mark(start=6, end=9, node_id=1), Mark(start=16, end=19, node_id=2))


def test_values_take_the_place_of_their_marks() -> None:
    assert fill(TEXT, MARKS, {1: "[1, 2]", 2: "'x'"}) == "{'a': [1, 2], 'b': 'x'}"


def test_a_mark_stays_where_no_value_is_known() -> None:
    assert fill(TEXT, MARKS, {2: "5"}) == "{'a': <1>, 'b': 5}"


def test_lines_are_kept_only_by_a_value_that_is_all_there_is() -> None:
    table = "<table\n  a\n  b>"
    assert fill("<1>", (Mark(start=0, end=3, node_id=1),), {1: table}) == table
    assert fill(TEXT, MARKS, {1: table}) == "{'a': <table a b>, 'b': <2>}"


def test_marks_stay_where_values_would_make_it_too_long() -> None:
    filled = fill(TEXT, MARKS, {1: "x" * LIMIT, 2: "5"})
    assert filled == "{'a': <1>, 'b': 5}"


marks = st.builds(Mark, start=st.integers(-5, 30), end=st.integers(-5, 30), node_id=st.integers(0, 3))


@given(st.text(max_size=25), st.lists(marks), st.dictionaries(st.integers(0, 3), st.text(max_size=2000)))
def test_whatever_marks_somebody_sends_the_text_stays_short(
    text: str, given_: list[Mark], outputs: dict[int, str]
) -> None:
    assert len(fill(text, given_, outputs)) <= LIMIT
