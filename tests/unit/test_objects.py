"""The store of large values: complete or not there, and never something else than the digest says."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covalent.errors import DiskFullError, IntegrityError
from covalent.objects import ObjectStore
from covalent.objects.files import ABANDONED_S
from covalent.runner.spill import Spill


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def files(store: ObjectStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_what_is_put_is_there_under_its_digest(store: ObjectStore) -> None:
    data = b"some bytes"
    assert not store.exists(digest(data))
    store.put(digest(data), data)
    assert store.exists(digest(data))
    assert store.path(digest(data)).read_bytes() == data
    assert files(store) == [store.path(digest(data))]


def test_a_wrong_digest_stores_nothing(store: ObjectStore) -> None:
    with pytest.raises(IntegrityError, match=digest(b"b")[:12]):
        store.put(digest(b"b"), b"a")
    assert files(store) == []


@pytest.mark.parametrize("name", ["", "a" * 63, "../" + "a" * 61, "A" * 64, "a" * 64 + "\n", "g" * 64])
def test_only_digests_are_names(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path(name)
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.delete(name)


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_parts_become_one_object(chunks: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = ObjectStore(Path(directory))
        writer = store.writer()
        for chunk in chunks:
            writer.write(chunk)
        whole = b"".join(chunks)
        assert writer.commit() == (digest(whole), len(whole))
        writer.abort()
        assert store.path(digest(whole)).read_bytes() == whole


def test_without_a_commit_nothing_stays(store: ObjectStore) -> None:
    with pytest.raises(RuntimeError), store.writer() as writer:
        writer.write(bytes(5_000_000))
        raise RuntimeError
    assert files(store) == []


def test_many_writers_of_the_same_object_end_with_one_file(store: ObjectStore) -> None:
    data = os.urandom(300_000)
    threads = [threading.Thread(target=store.put, args=(digest(data), data)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files(store) == [store.path(digest(data))]
    assert store.path(digest(data)).read_bytes() == data


def test_an_object_of_another_length_is_replaced(store: ObjectStore) -> None:
    data = b"the right bytes"
    store.put(digest(data), data)
    store.path(digest(data)).write_bytes(b"cut off")
    store.put(digest(data), data)
    assert store.path(digest(data)).read_bytes() == data


def test_deleting_twice_is_no_error(store: ObjectStore) -> None:
    store.put(digest(b"a"), b"a")
    store.delete(digest(b"a"))
    store.delete(digest(b"a"))
    assert not store.exists(digest(b"a"))


def test_only_what_was_abandoned_long_ago_is_swept(store: ObjectStore) -> None:
    store.put(digest(b"a"), b"a")
    old, new = store.root / ".writing-old", store.root / ".writing-new"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - ABANDONED_S - 10,) * 2)
    assert store.sweep() == 1
    assert sorted(files(store)) == sorted([new, store.path(digest(b"a"))])


def test_workers_and_the_dispatcher_agree_where_objects_lie(store: ObjectStore) -> None:
    data = os.urandom(100_000)
    spill = Spill(str(store.root))
    spill.write(data)
    stored = spill.finish()
    assert store.path(stored.digest).read_bytes() == data


def test_a_full_disk_is_named(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFullError, match="objects"):
        store.put(digest(b"a"), b"a")
    assert files(store) == []
