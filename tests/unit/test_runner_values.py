"""Bytes on their way in and out of a task."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.runner.call import call, call_hooks
from covalent.runner.context import get_context
from covalent.runner.failure import DamagedError, classify, clipped
from covalent.runner.spill import INLINE_BYTES, Spill, StorageError
from covalent.runner.values import FUNCTION_BYTES, FUNCTIONS, Payload, Values
from covalent.runner.wire import IN_FILE


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def inline(value: Any, *inputs: Payload) -> Payload:
    stream = io.BytesIO()
    _Pickler(stream, protocol=5).dump(value)
    data = stream.getvalue()
    return Payload(digest(data), len(data), data, "", list(inputs))


class Ref:
    def __init__(self, pid: Any) -> None:
        self.pid = pid


class _Pickler(cloudpickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.pid if isinstance(obj, Ref) else None


# Out


@given(st.lists(st.binary(max_size=40), max_size=10), st.integers(0, 100))
def test_what_is_spilled_is_what_was_written(chunks: list[bytes], limit: int) -> None:
    with tempfile.TemporaryDirectory() as objects:
        spill = Spill(objects, limit)
        for chunk in chunks:
            spill.write(chunk)
        stored = spill.finish()
        whole = b"".join(chunks)
        assert (stored.digest, stored.size) == (digest(whole), len(whole))
        if len(whole) <= limit:
            assert stored.data == whole
            assert os.listdir(objects) == []
        else:
            assert stored.data is None
            assert Path(objects, stored.digest[:2], stored.digest).read_bytes() == whole
            assert len(list(Path(objects).rglob("*"))) == 2


def test_an_object_that_is_written_again_heals(tmp_path: Path) -> None:
    data = os.urandom(INLINE_BYTES + 1)
    for _ in range(2):
        spill = Spill(str(tmp_path))
        spill.write(data)
        stored = spill.finish()
        file = tmp_path / stored.digest[:2] / stored.digest
        assert file.read_bytes() == data
        file.write_bytes(bytes(len(data)))
    assert len(list(tmp_path.rglob("*"))) == 2


def test_what_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    spill = Spill(str(tmp_path), 10)
    spill.write(bytes(1000))
    spill.discard()
    assert os.listdir(tmp_path) == []


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file, not a directory")
    with pytest.raises(StorageError, match=r"cannot write to .*objects"):
        Spill(str(tmp_path / "objects"), 10).write(bytes(100))


# In


def test_references_are_opened_once_and_deeply() -> None:
    leaf = inline({"x": 1})
    middle = inline([Ref(0), Ref(0)], leaf)
    top = inline((Ref(0), Ref(1)), middle, leaf)
    (a, b), other = Values().open(top)
    assert a is b
    assert a == other == {"x": 1}
    assert a is not other


def test_the_inputs_of_a_task_take_the_place_of_the_payloads_own() -> None:
    assert Values().open(inline(Ref(1)), [inline("a"), inline("b")]) == "b"


@pytest.mark.parametrize("pid", [1, -1, "0", True])
def test_a_reference_to_nothing_is_refused(pid: Any) -> None:
    with pytest.raises(pickle.UnpicklingError, match="it refers to input"):
        Values().open(inline(Ref(pid), inline(1)))


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_single_changed_bit_is_noticed(data: bytes, draw: st.DataObject) -> None:
    bit = draw.draw(st.integers(0, len(data) * 8 - 1))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DamagedError, match=digest(data)[:12]):
        Values().open(Payload(digest(data), len(data), bytes(changed), "", []))


def in_file(tmp_path: Path, value: Any) -> Payload:
    data = pickle.dumps(value)
    file = tmp_path / digest(data)
    file.write_bytes(data)
    return Payload(digest(data), len(data), None, str(file), [])


def test_a_file_is_checked_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    values = Values()
    payload = in_file(tmp_path, list(range(1000)))
    for _ in range(2):
        assert values.open(payload) == list(range(1000))
    content = bytearray(Path(payload.path).read_bytes())
    content[-3] ^= 1
    Path(payload.path).write_bytes(content)
    with pytest.raises(DamagedError, match="do not match"):
        values.open(payload)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="No such file"):
        Values().open(Payload("0" * 64, 10, None, str(tmp_path / "none"), []))


def test_a_function_is_opened_once_until_many_others_were(tmp_path: Path) -> None:
    values = Values()
    first = inline(lambda: 1)
    assert values.function(first) is values.function(first)
    opened = values.function(first)
    for i in range(FUNCTIONS):
        values.function(inline(lambda i=i: i))
    assert values.function(first) is not opened
    again = values.function(first)
    values.forget(first)
    assert values.function(first) is not again


def test_large_functions_do_not_pile_up_but_the_latest_stays_open() -> None:
    values = Values()
    payloads = [inline(lambda data=bytes([i]) * (FUNCTION_BYTES // 3): len(data)) for i in range(5)]
    for payload in payloads:
        opened = values.function(payload)
        assert values.function(payload) is opened
    first = values.function(payloads[3])
    assert values.function(payloads[3]) is first
    huge = inline(lambda data=bytes(FUNCTION_BYTES + 1): len(data))
    assert values.function(huge) is values.function(huge)
    assert values.function(payloads[3]) is not first


def test_a_payload_is_read_from_a_header() -> None:
    payload = Payload.read(["d", 3, 2, "", [["e", 9, IN_FILE, "/file", []]]], b"..abc..")
    assert (payload.digest, payload.data, payload.inputs[0].path, payload.inputs[0].data) == (
        "d",
        b"abc",
        "/file",
        None,
    )


# Calling


def test_whatever_a_function_is_it_gives_a_plain_value() -> None:
    async def coroutine(x: int) -> int:
        await asyncio.sleep(0)
        return x

    async def asynchronous() -> Any:
        yield 1
        yield 2

    class Awaitable:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "awaited"

    assert call(coroutine, (3,), {}) == 3
    assert call(asynchronous, (), {}) == [1, 2]
    assert call(lambda: (i for i in range(3)), (), {}) == [0, 1, 2]
    assert call(Awaitable, (), {}) == "awaited"
    assert call(lambda *a, **k: (a, k), (1,), {"b": 2}) == ((1,), {"b": 2})


def test_hooks_fill_keywords_in_order() -> None:
    trace: list[int] = []
    hooks = [
        (trace.append, (1,), {}, ""),
        (lambda: "a", (), {}, "k"),
        (lambda: "b", (), {}, "k"),
        (len, ("abc",), {}, "n"),
    ]
    assert call_hooks(hooks) == {"k": ["a", "b"], "n": 3}
    assert trace == [1]


# Words


@given(st.text(st.characters(), max_size=3000), st.integers(200, 2000))
def test_clipped_text_keeps_to_its_limit_and_to_both_ends(text: str, limit: int) -> None:
    found = clipped(text, limit)
    found.encode()
    assert len(json.dumps(found)) <= max(limit, 1300)
    if found != text.encode("utf-8", "backslashreplace").decode():
        assert found[:5] == text.encode("utf-8", "backslashreplace").decode()[:5]
        assert "characters are left out" in found


@pytest.mark.parametrize(
    ("error", "cause", "message"),
    [
        (ValueError("bad"), "USER", "ValueError: bad"),
        (ValueError(), "USER", "ValueError"),
        (MemoryError(), "OUT_OF_MEMORY", "The task ran out of memory (MemoryError)."),
        (SystemExit(2), "USER", "The task called sys.exit(2); a task ends by returning."),
        (StorageError("/data", OSError(28, "No space left on device")), "HOST", None),
        (DamagedError("ab" * 32, "it is gone"), "UNKNOWN", None),
    ],
)
def test_errors_have_causes(error: BaseException, cause: str, message: str | None) -> None:
    found = classify(error)
    assert found.cause == cause
    assert found.message == (message or str(error))


def test_context_outside_a_task_says_where_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVALENT_DISPATCH_ID", raising=False)
    with pytest.raises(RuntimeError, match="only inside a running task"):
        get_context()
    monkeypatch.setenv("COVALENT_DISPATCH_ID", "d")
    monkeypatch.setenv("COVALENT_TASK_ID", "7")
    assert (get_context().dispatch_id, get_context().task_id) == ("d", 7)
    with pytest.raises(AttributeError):
        get_context().task_id = 8  # type: ignore[misc]
