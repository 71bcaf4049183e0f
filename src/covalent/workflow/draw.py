"""A graph as a picture."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from ..errors import WorkflowError
from ..model import Graph, NodeKind


def draw(graph: Graph) -> Path:
    """Write the graph as an SVG file of its name into the working directory, and show it if this is a notebook.

    :raises WorkflowError: if the program ``dot``, which lays it out, is not installed
    """
    import graphviz

    try:
        picture = to_dot(graph).pipe(format="svg")
    except graphviz.ExecutableNotFound as error:
        raise WorkflowError(
            "Drawing needs the program 'dot'. Install it with 'apt install graphviz' or 'brew install graphviz'."
        ) from error
    name = re.sub(r"[^\w.-]+", "_", graph.name)
    path = Path.cwd() / f"{name}.svg"
    path.write_bytes(picture)
    _show(picture.decode())
    return path


def to_dot(graph: Graph) -> Any:
    """The graph for graphviz: arrows are values, dashed ones order only."""
    import graphviz

    picture = graphviz.Digraph(graph.name, node_attr={"shape": "box", "style": "rounded", "fontname": "Helvetica"})
    for node_id, node in enumerate(graph.nodes):
        executor = graph.executors[node.executor].name
        peripheries = "2" if node.kind is NodeKind.SUBLATTICE else "1"
        label = graphviz.escape(f"{node.name}\n{node_id} on {executor}")
        picture.node(str(node_id), label=label.replace("\n", r"\n"), peripheries=peripheries)
        for before in node.inputs:
            picture.edge(str(before), str(node_id))
        for before in node.after:
            picture.edge(str(before), str(node_id), style="dashed")
    picture.node("result", label="result", shape="ellipse")
    for before in graph.output_inputs:
        picture.edge(str(before), "result")
    return picture


def _show(svg: str) -> None:
    shell, display = sys.modules.get("IPython"), sys.modules.get("IPython.display")
    if shell is not None and display is not None and shell.get_ipython() is not None:
        display.display(display.SVG(svg))
