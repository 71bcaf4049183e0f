"""Drawing a workflow."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import covalent as ct
from covalent.errors import WorkflowError
from covalent.workflow.draw import to_dot


@ct.electron
def task(x: Any = None) -> Any:
    return x


@ct.electron
@ct.lattice
def inner(x: Any) -> Any:
    return x


@ct.lattice
def flow(n: int) -> Any:
    first = task(n)
    return [ct.wait(task(inner(first)), task())]


def test_a_picture_has_a_box_for_each_task_and_an_arrow_for_each_edge() -> None:
    text = to_dot(flow.build_graph(1).graph).source
    assert text.count("->") == 4
    assert text.count("dashed") == 1
    assert text.count("peripheries=2") == 1
    assert r'label="inner\n1 on local"' in text


def test_names_are_not_taken_for_markup() -> None:
    assert r"\\N<b>\"" in to_dot(ct.lattice(lambda: rename(task, '\\N<b>"')()).build_graph().graph).source


def rename(function: Any, name: str) -> Any:
    function = ct.electron(function)
    function.__name__ = name
    return function


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs graphviz")
def test_drawing_writes_an_svg_file_of_the_lattices_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = flow.draw(1)
    assert path == tmp_path / "flow.svg"
    assert ET.parse(path).getroot().tag.endswith("svg")
    assert ct.lattice(lambda: task()).draw() == tmp_path / "_lambda_.svg"


def test_drawing_without_the_program_that_lays_it_out_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WorkflowError, match="apt install graphviz"):
        flow.draw(1)
