"""Workflows that tests of the client and of the command line run, here or in scripts of their own."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import covalent as ct


@ct.electron
def add(x, y=1):
    print("adding", x, y)
    return x + y


@ct.electron
def empty():
    return []


@ct.electron
def speak(words, pause_s=0.0):
    for word in words:
        print(word, flush=True)
        print(f"({word})", file=sys.stderr, flush=True)
        time.sleep(pause_s)


@ct.electron
def quiet():
    return None


@ct.electron
def fail(text):
    raise LookupError(text)


@ct.electron
def wait_for_file(path):
    while not Path(path).exists():
        time.sleep(0.02)
    return path


@ct.lattice
def sums(a, b=2):
    return add(add(a, y=b), 10)


@ct.lattice
def until(path):
    return wait_for_file(path)


@ct.lattice
def failing():
    return add(fail("no such thing"))


@ct.lattice
def speaking(words, pause_s=0.0):
    return speak(words, pause_s)
