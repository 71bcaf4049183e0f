"""Ids of jobs and tasks: Azure takes 64 characters, and sees no difference between capital and small letters."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.errors import ExecutorError
from covalent.executor.azurebatch.names import (
    GroupRef,
    dispatch_of,
    dispatches_of,
    group_name,
    job_id,
    line_name,
    line_of,
    number_of,
    task_id,
    task_of,
)
from covalent.executor.azurebatch.reasons import LIMITS

ID = re.compile(r"[a-z0-9_-]{1,64}")

INDEXES = st.integers(0, LIMITS.max_size - 1)


@given(st.text(), st.binary(), st.integers(0, 10**9))
def test_no_dispatch_has_a_job_whose_id_azure_refuses(dispatch, content, number):
    job = job_id(line_name(dispatch, content), number)
    assert ID.fullmatch(job)
    assert line_of(job) == line_name(dispatch, content)
    assert number_of(job) == number


@given(st.text(), INDEXES)
def test_no_group_has_a_task_whose_id_azure_refuses(name, index):
    task = task_id(group_name(name), index)
    assert ID.fullmatch(task)
    assert task_of(task) == (group_name(name), index)


@given(st.uuids(), st.integers(0, 10**7), st.integers(1, 10**4), INDEXES)
def test_groups_of_dispatches_keep_their_names(dispatch, node, attempt, index):
    name = f"ct-{dispatch.hex}-{node}-{attempt}"
    assert group_name(name) == name
    assert len(task_id(name, index)) <= 64
    assert dispatches_of([name, f"{name}-7"]) == {dispatch.hex}


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_groups_have_different_ids_even_where_only_capital_letters_differ(one, other):
    assert (group_name(one).lower() == group_name(other).lower()) == (one == other)


def test_names_that_differ_only_in_capital_letters_are_told_apart():
    assert len({group_name(name) for name in ("group", "Group", "GROUP")}) == 3


def test_a_job_says_whose_it_is():
    dispatch = uuid.uuid4()
    line = line_name(str(dispatch), b"content")
    assert dispatch_of(job_id(line, 3)) == dispatch.hex
    assert line_name(str(dispatch).upper(), b"content") == line
    assert line_name(str(dispatch), b"other content") != line
    assert dispatch_of("somebody-elses-job") is None


def test_a_reference_comes_back_as_it_was():
    ref = GroupRef("ct-1-2-0", "ct-group", 7)
    assert GroupRef.parse(str(ref)) == ref
    with pytest.raises(ExecutorError, match=r"'job-1' is no reference to tasks of Azure Batch"):
        GroupRef.parse("job-1")
