"""Hears from tasks wherever they run, and keeps them waiting until the test lets them go on."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: Seconds between two looks at whether a task that waits is still there.
LOOK_S: Final = 0.02

#: The most that a task may say at once.
WORD_BYTES: Final = 1_000


class Witness:
    """Make it with :func:`witness`. Tasks speak with it over TCP, so it hears them in containers, too."""

    def __init__(self, host: str) -> None:
        self._news = threading.Condition()
        self._heard, self._waiting = Counter[str](), Counter[str]()
        self._open: set[str] = set()
        self._is_over = False
        self._server = _Server((host, 0), self)
        address = (host, int(self._server.server_address[1]))
        #: Called by a task: says a word; returns how often it has been said by then. It travels in a pickle, and needs nothing
        #: installed where the task runs.
        self.tell: Callable[[str], int] = _speaker(*address, "tell")
        #: Called by a task: says a word, and returns once the test has let those go on who say it.
        self.hold: Callable[[str], int] = _speaker(*address, "hold")

    def count(self, word: str) -> int:
        """How often it was said."""
        with self._news:
            return self._heard[word]

    def words(self, prefix: str) -> Counter[str]:
        """How often each word was said that begins so."""
        with self._news:
            return Counter({word: n for word, n in self._heard.items() if word.startswith(prefix)})

    def wait_for(self, word: str, *, times: int = 1, within_s: float) -> None:
        """Return once ``word`` was said that often.

        :raises AssertionError: if it was not, after ``within_s`` seconds; says what was
        """
        with self._news:
            if not self._news.wait_for(lambda: self._heard[word] >= times, within_s):
                raise AssertionError(f"not heard {times} times within {within_s:g} s: {word!r}; heard {self._heard}")

    def wait_for_words(self, prefix: str, *, times: int, within_s: float) -> None:
        """Return once words that begin so were said that often, all together.

        :raises AssertionError: if they were not, after ``within_s`` seconds; says what was
        """
        with self._news:
            if not self._news.wait_for(lambda: self.words(prefix).total() >= times, within_s):
                raise AssertionError(f"not heard {times} times within {within_s:g} s: {prefix!r}…; heard {self._heard}")

    def wait_until_gone(self, word: str, *, within_s: float) -> None:
        """Return once nobody waits any more who said ``word``, because its process is gone.

        :raises AssertionError: if somebody does, after ``within_s`` seconds
        """
        with self._news:
            if not self._news.wait_for(lambda: not self._waiting[word], within_s):
                raise AssertionError(f"still there after {within_s:g} s: {word!r}")

    def let_go(self, word: str) -> None:
        """Let everybody go on who waits with ``word``, now and later."""
        with self._news:
            self._open.add(word)

    def forget(self) -> None:
        """Forget what was said, and let nobody go on any more."""
        with self._news:
            self._heard.clear()
            self._open.clear()

    def serve(self) -> None:
        """Hear until :meth:`close`."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Hear no more; whoever waits is told so by the end of its connection."""
        self._is_over = True
        self._server.shutdown()
        self._server.server_close()

    def attend(self, line: socket.socket) -> None:
        """Hear one task."""
        said = line.makefile("rb").readline(WORD_BYTES).decode()
        verb, _, word = said.rstrip("\n").partition(" ")
        with self._news:
            self._heard[word] += 1
            count = self._heard[word]
            self._waiting[word] += verb == "hold"
            self._news.notify_all()
        try:
            if verb == "tell" or self._may_go_on(line, word):
                line.sendall(f"{count}\n".encode())
        finally:
            with self._news:
                self._waiting[word] -= verb == "hold"
                self._news.notify_all()

    def _may_go_on(self, line: socket.socket, word: str) -> bool:
        """Wait; False if the task has gone, or the test is over."""
        while word not in self._open:
            if self._is_over or select.select([line], [], [], LOOK_S)[0]:
                return False
        return True


@contextmanager
def witness(host: str = "127.0.0.1") -> Iterator[Witness]:
    """One that hears until the block ends.

    :param host: an address of this machine that tasks can reach
    """
    made = Witness(host)
    thread = threading.Thread(target=made.serve, name="witness", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1_000

    def __init__(self, address: tuple[str, int], owner: Witness) -> None:
        self.owner = owner
        super().__init__(address, _Handler)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            self.server.owner.attend(self.request)
        except OSError:
            return  # The task was ended while it spoke.


def _speaker(host: str, port: int, verb: str) -> Callable[[str], int]:
    def say(word: str) -> int:
        # Inside, so that the function travels whole.
        import socket

        with socket.create_connection((host, port)) as line:
            line.sendall(f"{verb} {word}\n".encode())
            answer = line.makefile("rb").readline()
        if not answer:
            raise ConnectionError("the test that this task belongs to is over")
        return int(answer)

    return say
