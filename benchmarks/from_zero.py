"""How long a newcomer needs: the blocks of ``docs/from-zero-to-cloud.md``, one after the other, in a new environment and a new home.

``python -m benchmarks.from_zero`` needs Terraform and its AWS provider, at hand or from the registry. It ends with 1 if a block fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from pathlib import Path

from tests.docs.blocks import Block, blocks_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/from-zero-to-cloud.md"
LIMIT_S = 900

#: The parts of the page that are for an account on the emulator.
LAST = "How long it takes"


def main() -> int:
    text = (ROOT / PAGE).read_text()
    end = text[: text.index(f"## {LAST}")].count("\n")
    blocks = [block for block in blocks_of(ROOT / PAGE, PAGE) if block.line <= end]
    with tempfile.TemporaryDirectory() as home:
        venv.create(Path(home) / "venv", with_pip=True)
        (Path(home) / "home").mkdir()
        environment = of_a_newcomer(Path(home))
        try:
            return int(
                not all(did_right(block, following, Path(home), environment) for block, following in pairs(blocks))
            )
        finally:
            end_emulator(Path(home))


def pairs(blocks: list[Block]) -> list[tuple[Block, Block | None]]:
    """Each block that is run, with the one that shows what it prints."""
    after = [*blocks[1:], None]
    return [
        (block, shown if shown and shown.is_output else None)
        for block, shown in zip(blocks, after, strict=True)
        if not block.is_output
    ]


def of_a_newcomer(home: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COVALENT_"))}
    return kept | {
        "HOME": str(home / "home"),
        "PATH": f"{home / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COVALENT_CONFIG_DIR": str(home / "config"),
        "COVALENT_DATA_DIR": str(home / "data"),
        "COVALENT_SVC_PORT": "0",
    }


def did_right(block: Block, shown: Block | None, home: Path, environment: Mapping[str, str]) -> bool:
    """Run it, and say how long it took."""
    code = re.sub(r'"\.\[', f'"{ROOT}[', block.code)
    if block.language == "python":
        (home / "workflow.py").write_text(code)
        command = ["python", "workflow.py"]
    else:
        command = ["bash", "-euo", "pipefail", "-c", code]
    since = time.monotonic()
    done = subprocess.run(
        command, cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S
    )
    took = time.monotonic() - since
    first = "python workflow.py" if block.language == "python" else block.code.strip().splitlines()[0]
    named = next((line for line in block.code.splitlines() if line.startswith("covalent")), first)
    right = done.returncode == 0 and (shown is None or done.stdout.strip() == shown.code.strip())
    print(f"{took:6.0f} s  {named}{'' if right else '   FAILED'}", flush=True)
    if not right:
        print(done.stdout, done.stderr, file=sys.stderr)
    return right


def end_emulator(home: Path) -> None:
    """If a block failed before it could be ended."""
    pid = home / "emulator.pid"
    if pid.exists():
        subprocess.run(["kill", pid.read_text().strip()], capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
