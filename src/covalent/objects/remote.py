"""Objects in a bucket: S3, Azure Blob Storage or Google Cloud Storage through obstore, or a directory in their place.

What differs between the stores is levelled here: deleting what is missing is no error anywhere, creating never overwrites, and every error
of obstore becomes one of :mod:`covalent.errors`. Keys are relative to the URI that the store was made with.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, ObjectStore, S3Store

from ..errors import ExecutorError, ObjectTooLargeError
from .trouble import is_taken, translated

if TYPE_CHECKING:
    from obstore import ObjectMeta

#: Files up to this size are written in one request, and therefore create-only where that is asked for.
SINGLE_PUT_BYTES: Final = 8 * 1024 * 1024

#: Parts of larger ones. S3 takes at most 10,000 of them.
PART_BYTES: Final = 16 * 1024 * 1024
MOST_PARTS: Final = 9_000

#: Keys that S3 returns for one request, and deletes in one.
PAGE_KEYS: Final = 1000

_STORES: Final[Mapping[str, Any]] = {"s3": S3Store, "az": AzureStore, "gs": GCSStore}

#: Patience beyond this is the caller's, who can say what it waits for.
_RETRY: Final[Mapping[str, Any]] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}

#: obstore counts the time of a whole transfer, 30 s unless told otherwise: too little for a large object.
_CLIENT: Final[Mapping[str, Any]] = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "6h"}


class Entry(NamedTuple):
    """What a listing tells of an object."""

    name: str  #: What follows the prefix in its key.
    size: int  #: Bytes.
    written_at: float  #: Unix seconds.


class RemoteStore:
    """The objects below ``uri``, for example ``s3://bucket/prefix``,
    ``az://container@account.blob.core.windows.net/prefix``, ``gs://bucket`` or ``file:///directory``.

    :param options: keyword arguments for obstore's store class of the URI's scheme; those that the URI implies may be left out
    :raises ExecutorError: if the URI or an option is one that obstore does not take
    """

    def __init__(self, uri: str, options: Mapping[str, Any] | None = None) -> None:
        self.root = uri.rstrip("/")
        self._store = _open(self.root, options or {})

    def uri(self, key: str) -> str:
        """Where the object lies."""
        return f"{self.root}/{key}"

    def key(self, uri: str) -> str | None:
        """The key of what lies at ``uri``; None if that is not below this store's own URI."""
        start = f"{self.root}/"
        return uri[len(start) :] if uri.startswith(start) and len(uri) > len(start) else None

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Write an object; False if it exists and ``create_only`` is set: it stays as it is then.

        :raises ExecutorError: if it cannot be written
        """
        with self._errors("write", key):
            try:
                await obstore.put_async(self._store, key, data, mode="create" if create_only else "overwrite")
            except AlreadyExistsError as error:
                if not create_only or not is_taken(error):
                    raise
                return False
        return True

    async def put_file(self, key: str, path: Path, size: int, *, create_only: bool = False) -> bool:
        """Write a file of ``size`` bytes, a part at a time if it is large; False as :meth:`put`.

        A large one is not written at once: two who create it at the same time may both write it. Use it for keys that hold a digest.

        :raises ExecutorError: if it cannot be written
        """
        with self._errors("write", key):
            if create_only and size > SINGLE_PUT_BYTES and await self.exists(key):
                return False
            try:
                await obstore.put_async(
                    self._store,
                    key,
                    path,
                    mode="create" if create_only and size <= SINGLE_PUT_BYTES else "overwrite",
                    chunk_size=max(PART_BYTES, size // MOST_PARTS),
                    max_concurrency=4,
                )
            except AlreadyExistsError as error:
                if not create_only or not is_taken(error):
                    raise
                return False
        return True

    async def exists(self, key: str) -> bool:
        """:raises ExecutorError: if that cannot be found out"""
        with self._errors("read", key):
            try:
                await obstore.head_async(self._store, key)
            except FileNotFoundError:
                return False
        return True

    async def get(self, key: str, *, limit: int) -> bytes:
        """An object of at most ``limit`` bytes.

        :raises ObjectNotFoundError: if there is none
        :raises ObjectTooLargeError: if it is larger
        :raises ExecutorError: if it cannot be read
        """
        with self._errors("read", key):
            found = await obstore.get_async(self._store, key)
            if (size := found.meta["size"]) <= limit:
                return bytes(await found.bytes_async())
        raise ObjectTooLargeError(self.uri(key), size, limit)

    async def get_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive), or fewer where the object ends.

        :raises ObjectNotFoundError: if there is no such object
        :raises ExecutorError: if it cannot be read, or ends before ``start``
        """
        with self._errors("read", key):
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """An object in pieces.

        :raises ObjectNotFoundError: if there is none
        :raises ExecutorError: if it cannot be read
        """
        with self._errors("read", key):
            async for piece in await obstore.get_async(self._store, key):
                yield bytes(piece)

    async def list(self, prefix: str) -> AsyncIterator[list[str]]:
        """What follows ``prefix``, which ends with a slash, in the keys that begin with it; up to a thousand of them at a time.

        :raises ExecutorError: if they cannot be listed
        """
        start = len(prefix)
        async for page in self._pages(prefix):
            yield [found["path"][start:] for found in page]

    async def entries(self, prefix: str) -> AsyncIterator[builtins.list[Entry]]:
        """The same, with more about each object."""
        start = len(prefix)
        async for page in self._pages(prefix):
            yield [Entry(one["path"][start:], one["size"], one["last_modified"].timestamp()) for one in page]

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, whether they exist or not.

        :raises ExecutorError: if one cannot be deleted
        """
        for start in range(0, len(keys), PAGE_KEYS):
            await self._delete(keys[start : start + PAGE_KEYS])

    async def delete_all(self, prefix: str) -> None:
        """Delete everything whose key begins with ``prefix``, which ends with a slash.

        :raises ExecutorError: if something cannot be deleted
        """
        async for names in self.list(prefix):
            await self._delete([prefix + name for name in names])

    async def close(self) -> None:
        """Nothing is open between calls."""

    async def _pages(self, prefix: str) -> AsyncIterator[Sequence[ObjectMeta]]:
        with self._errors("list", prefix):
            async for page in obstore.list(self._store, prefix, chunk_size=PAGE_KEYS):
                yield page

    async def _delete(self, keys: Sequence[str]) -> None:
        with self._errors("delete", keys[0]):
            try:
                await obstore.delete_async(self._store, keys)
            except FileNotFoundError:
                # Some stores stop at the first that is missing.
                for key in keys if len(keys) > 1 else ():
                    await self._delete([key])

    @contextmanager
    def _errors(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise translated(error, verb, self.root, key) from None


def _open(root: str, options: Mapping[str, Any]) -> ObjectStore:
    parts = urlsplit(root)
    try:
        if parts.scheme == "file":
            return LocalStore(parts.path, mkdir=True, automatic_cleanup=True, **options)
        if parts.scheme == "memory":
            return MemoryStore(**options)
        if parts.scheme in _STORES and parts.netloc:
            client = {**_CLIENT, **options.get("client_options", {})}
            bucket, implied = _bucket(parts)
            merged = {"retry_config": _RETRY, **implied, **options, "client_options": client}
            store: ObjectStore = _STORES[parts.scheme](bucket, prefix=parts.path.strip("/") or None, **merged)
            return store
    except (BaseError, TypeError, ValueError) as error:
        raise ExecutorError(f"The bucket {root} cannot be used with these settings: {error}") from None
    raise ExecutorError(
        f"{root!r} is no place for objects. Give s3://BUCKET/PREFIX, az://CONTAINER@ACCOUNT.blob.core.windows.net/PREFIX or "
        "gs://BUCKET/PREFIX."
    )


def _bucket(parts: SplitResult) -> tuple[str, Mapping[str, Any]]:
    """Its name, and what a URI says beside that: on Azure, the storage account by its host."""
    container, _, host = parts.netloc.partition("@")
    if parts.scheme != "az" or not host:
        return parts.netloc, {}
    return container, {"account_name": host.partition(".")[0], "endpoint": f"https://{host}"}
