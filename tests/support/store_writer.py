"""Writes to a store until it is killed: every commit makes the next three tasks of a dispatch ready.

Prints the number of commits after each.
"""

from __future__ import annotations

import sys

from covalent.store import open_store
from tests.support.dispatches import changes, ready

TOGETHER = 3


def main(url: str, dispatch_id: str, done: int) -> None:
    store = open_store(url)
    store.migrate()
    while True:
        nodes = range(done * TOGETHER, (done + 1) * TOGETHER)
        store.commit([changes(dispatch_id, ready(*nodes))])
        done += 1
        print(done, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
