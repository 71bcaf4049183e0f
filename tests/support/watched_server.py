"""A server in which a call that blocks the event loop is an error, from the moment at which it answers."""

from __future__ import annotations

from blockbuster import BlockBuster

from covalent.api.server import serve
from covalent.config import data_dir

if __name__ == "__main__":
    guard = BlockBuster(scanned_modules=["covalent"])
    # Whether the configuration has changed is asked for each dispatch. It costs a microsecond, a thread would cost fifty.
    guard.functions["os.stat"].can_block_in("covalent/config/file.py", "values")
    # A small turn is stored at once: see docs/adr/0011. Nothing in it waits for a disk or for somebody else.
    for name in (
        "sqlite3.Connection.execute",
        "sqlite3.Cursor.execute",
        "sqlite3.Cursor.fetchall",
        "sqlite3.Cursor.fetchone",
    ):
        guard.functions[name].can_block_in("covalent/store/sqlite.py", "write_at_once")
    serve("localhost", 0, data_dir(), on_ready=lambda *_: guard.activate())
