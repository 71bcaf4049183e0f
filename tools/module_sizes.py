"""Refuse Python modules that have grown too long to be read at a sitting."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, required=True, help="most lines that a module may have")
    parser.add_argument("folders", nargs="+", type=Path)
    arguments = parser.parse_args()

    modules = [path for folder in arguments.folders for path in sorted(folder.rglob("*.py"))]
    if not modules:
        parser.error(f"no Python module below {', '.join(map(str, arguments.folders))}")
    long = {path: lines for path in modules if (lines := len(path.read_text().splitlines())) > arguments.limit}
    for path, lines in long.items():
        print(f"{path} has {lines} lines; split it, {arguments.limit} are the most", file=sys.stderr)
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
