"""Run the code cells of a notebook in IPython: ``python run_notebook.py NOTEBOOK``. Prints as JSON what each of them printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


def main(notebook: Path) -> None:
    shell = InteractiveShell.instance(history_length=0)
    printed = []
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            with capture_output() as output:
                done = shell.run_cell("".join(cell["source"]), store_history=True)
            done.raise_error()
            printed.append(output.stdout)
    print(json.dumps(printed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
