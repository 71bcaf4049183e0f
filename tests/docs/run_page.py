"""Run the code blocks of one page in order, as a reader would: ``python run_page.py BLOCKS.json`` in a directory of its own.

Python blocks share one namespace; shell blocks are scripts that stop at the first error. A block that shows output is compared with what
the block before it printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import subprocess
import sys
import types
from pathlib import Path
from typing import Any


def run_python(code: str, name: str, namespace: dict[str, Any]) -> str:
    # The client reads the source of functions; this is where Python looks for source that is in no file.
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, name, "exec"), namespace)
    return output.getvalue()


def run_bash(code: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main(path: Path) -> None:
    # A module of the page's own, so that it does not find here what it forgot to import.
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    namespace = vars(module)
    printed = ""
    for block in json.loads(path.read_text()):
        try:
            if block["is_output"]:
                if printed.strip() != block["code"].strip():
                    raise AssertionError(f"the page shows\n{block['code']}\nbut this was printed:\n{printed}")
            elif block["language"] == "python":
                printed = run_python(block["code"], f"<{block['place']}>", namespace)
            else:
                printed = run_bash(block["code"])
        except BaseException as error:
            error.add_note(f"This is the block at {block['place']}.")
            raise


if __name__ == "__main__":
    main(Path(sys.argv[1]))
