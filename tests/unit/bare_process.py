"""A user's project in a directory of its own, and a process that runs its tasks with neither that directory nor Covalent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

_DUMP = """
def _dump(submission, path):
    import pickle
    g = submission.graph
    nodes = [(g.functions[n.function].digest, n.args, n.inputs, n.constants) for n in g.nodes]
    with open(path, "wb") as file:
        pickle.dump((nodes, g.output, g.output_inputs, submission.values), file)
"""

_RUN = """
import io, json, pickle, sys
sys.modules["covalent"] = None
nodes, output, output_inputs, values = pickle.load(open(sys.argv[1], "rb"))
done = []

class Unpickler(pickle.Unpickler):
    def persistent_load(self, reference):
        return self.inputs[reference]

def opened(digest, inputs, constants=()):
    unpickler = Unpickler(io.BytesIO(values[digest]))
    unpickler.inputs = [done[i] for i in inputs] + [pickle.loads(values[c]) for c in constants]
    return unpickler.load()

for function, args, inputs, constants in nodes:
    called = pickle.loads(values[function])
    args, kwargs = opened(args, inputs, constants)
    done.append(called(*args, **kwargs))
print(json.dumps(opened(output, output_inputs)))
"""


def run_project(project: Path, files: dict[str, str], call: str) -> Any:
    """Build the lattice call ``call`` of ``main.py`` in ``project``, then run its tasks elsewhere; the value, through JSON."""
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    main = project / "main.py"
    lattice, _, arguments = call.partition("(")
    main.write_text(f"{main.read_text()}\n{_DUMP}\n_dump({lattice}.build_graph({arguments}, 'built')\n")
    _python(["main.py"], project)
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    return json.loads(_python(["-I", "-c", _RUN, str(project / "built")], elsewhere))


def _python(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
