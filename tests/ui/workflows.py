"""Workflows that give the pages something to show."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import covalent as ct

#: A name, an output and an error as somebody might choose them who wishes the pages ill.
HOSTILE = "<img src=x onerror=\"document.title='broken in'\"><b>bold</b>"


@ct.electron
def load(n):
    print(f"loading {n} numbers")
    return list(range(n))


@ct.electron
def square(x):
    return x * x


@ct.electron
def total(values):
    print(f"the total of {len(values)}")
    return sum(values)


@ct.electron
@ct.lattice
def inner(values):
    return total([square(x) for x in values])


@ct.lattice
def sum_of_squares(n):
    """Fan out, fan in."""
    return total([square(i) for i in range(n)])


@ct.lattice
def nested(n):
    return inner(load(n))


@ct.electron
def wait_for(gate, x=None):
    print(f"waiting for {Path(gate).name}", flush=True)
    while not Path(gate).exists():
        time.sleep(0.02)
    return x


@ct.electron
def speak(gate, words):
    for word in words:
        print(word, flush=True)
    while not Path(gate).exists():
        time.sleep(0.02)
    print("the last word", flush=True)


@ct.lattice
def gated(gate, n=1):
    """Stay where it is until the file ``gate`` is there."""
    return total([square(wait_for(gate, i)) for i in range(n)])


@ct.lattice
def speaking(gate, words):
    return speak(gate, words)


@ct.electron
def divide(a, b):
    print("about to divide", file=sys.stderr)
    return a / b


@ct.lattice
def failing():
    return total([divide(1, 1), divide(1, 0)])


def in_a_row(names):
    """A lattice of one task after another, each a function of its own; one that is called ``bad`` fails."""

    def flow():
        x = None
        for name in names:
            x = ct.electron(_named(name))(x)
        return x

    return ct.lattice(flow)


def _named(name):
    def step(x=None):
        if name == "bad":
            raise ValueError("it cannot go on")
        return x

    step.__name__ = name
    return step


@ct.electron
@ct.lattice
def long_inner(x):
    for n in range(4):
        x = ct.electron(_named(f"inner_{n}"))(x)
    return x


@ct.lattice
def deep(x):
    """A sublattice at the end of a row that fills the view."""
    for n in range(5):
        x = ct.electron(_named(f"outer_{n}"))(x)
    return long_inner(x)


@ct.electron
def hostile(text):
    print(text)
    print("\x1b[31mred\x1b[0m \x07\x08 null:\0 \u202eturned\u202c end")
    raise ValueError(text)


hostile.__name__ = f"{HOSTILE}\x07"


@ct.lattice
def hostile_flow(text):
    return hostile(text)


hostile_flow.__name__ = HOSTILE
