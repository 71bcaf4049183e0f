"""Server-sent events, as they come in pieces."""

from __future__ import annotations

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from covalent.client.events import updates
from covalent.model import DispatchInfo, Event
from covalent.states import Status

INFO = DispatchInfo(id="d", name="näme\nwith lines", status=Status.RUNNING, created_at=1.0, counts={"RUNNING": 2})
EVENT = Event(seq=7, dispatch_id="d", node_id=3, attempt=1, status=Status.STARTING, at=2.0)


def encoded(newline: bytes = b"\n") -> bytes:
    lines = [
        b": keep-alive",
        b"",
        b"event: dispatch",
        b"data: " + msgspec.json.encode(INFO),
        b"",
        b"id: 7",
        b"event:task",
        b"data:" + msgspec.json.encode(EVENT),
        b"",
        b"event: news",
        b"data: {}",
        b"",
        b"data: {}",
        b"",
    ]
    return newline.join(lines) + newline


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 1000)), st.sampled_from([b"\n", b"\r\n"]))
def test_events_are_the_same_however_the_stream_is_cut(places, newline):
    assert list(updates(cut(encoded(newline), places))) == [INFO, EVENT]


def test_an_event_that_was_cut_off_is_left_out():
    assert list(updates([encoded()[:60]])) == []


def test_data_on_several_lines_is_one_event():
    text = msgspec.json.format(msgspec.json.encode(INFO), indent=1).replace(b"\n", b"\ndata: ")
    assert list(updates([b"event: dispatch\ndata: " + text + b"\n\n"])) == [INFO]
