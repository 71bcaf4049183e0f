"""A dispatcher that has nothing but the local executor, as a process of its own, to be killed.

``python -m tests.support.local_dispatcher DATA_DIR BOOK STORED [deaf]``: runs the group that is pickled in the file BOOK and appends the
number of each task whose outcome it has received to the file STORED, its database. A deaf one receives nothing.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import cloudpickle

from tests.support.local_executor import Book, GroupRun, bound, runtime


class Killable:
    """One of them, from outside."""

    def __init__(self, book: Book, *, deaf: bool = False) -> None:
        self.book = book
        self.stored_file = book.data_dir / "stored"
        pickled = book.data_dir / "book.pickle"
        pickled.write_bytes(cloudpickle.dumps(book))
        command = [sys.executable, "-m", __name__, str(book.data_dir), str(pickled), str(self.stored_file)]
        self.process = subprocess.Popen(command + ["deaf"] * deaf)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.wait()

    def stored(self) -> set[int]:
        """Tasks whose outcomes are in its database."""
        return set(map(int, self.stored_file.read_text().split())) if self.stored_file.exists() else set()


async def main(data_dir: str, book_file: str, stored_file: str, deaf: str = "") -> None:
    book: Book = pickle.loads(Path(book_file).read_bytes())
    stored = Path(stored_file)
    known = set(map(int, stored.read_text().split())) if stored.exists() else set()
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    async with runtime(Path(data_dir)) as made:
        refs = [ref for ref in book.refs if ref.node_id not in known]
        run = await GroupRun(bound(made), book, refs).send()
        worker = asyncio.create_task(receive(run, stored, len(refs))) if not deaf else None
        await asked.wait()
        if worker is not None:
            worker.cancel()


async def receive(run: GroupRun, stored: Path, count: int) -> None:
    while count:
        ended = [update.node_id for update in await run.step() if update.outcome is not None]
        count -= len(ended)
        with stored.open("a") as stream:
            stream.write("".join(f"{node_id}\n" for node_id in ended))
    await run.executor.forget(run.metadata, run.handle)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
