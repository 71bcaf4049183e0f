"""Reading and writing objects by their URIs, whatever service keeps them. Imports under Python 3.8."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from .errors import ObjectError


class ObjectClient(Protocol):
    """One bucket. Several threads may use it at the same time."""

    #: The most that :meth:`put` takes.
    max_put_bytes: int

    def read(self, key: str, start: int, end: int) -> bytes:
        """That range of an object, or less where the object ends.

        :raises ObjectError: if it cannot be read
        """

    def download(self, key: str, path: str, digest: Any) -> int:
        """Write an object to a file, going on after a break; how long it is. All bytes also go through ``digest.update``.

        :raises ObjectError: if it cannot be read
        :raises FileError: if the file cannot be written
        """

    def put(self, key: str, body: bytes | str, digest: str) -> bool:
        """Create an object from bytes or from the file at a path; False if there is one already, which stays as it is.

        :param digest: SHA-256 of the content, in hex
        :raises ObjectError: if it cannot be written
        """

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that begin like this, in order.

        :raises ObjectError: if that cannot be known
        """

    def obstore(self) -> Any:
        """A store of obstore for the same bucket, with the same identity; only where obstore is installed."""

    def uri(self, key: str) -> str: ...

    def close(self) -> None:
        """Close connections that are not in use."""


def _s3(bucket: str) -> Any:
    from .s3 import S3Client

    return S3Client(bucket)


def _gs(bucket: str) -> Any:
    from .gs import GSClient

    return GSClient(bucket)


def _az(bucket: str) -> Any:
    from .az import AZClient

    return AZClient(bucket)


#: Which client a scheme stands for.
SCHEMES: dict[str, Callable[[str], Any]] = {"s3": _s3, "gs": _gs, "az": _az}


class Objects:
    """The clients of all buckets that have been asked for."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], ObjectClient] = {}

    def locate(self, uri: str) -> tuple[ObjectClient, str]:
        """The client for a URI, and the key.

        :raises ObjectError: if this version has no client for it
        """
        scheme, _, path = uri.partition("://")
        bucket, _, key = path.partition("/")
        if scheme not in SCHEMES or not bucket or not key:
            known = ", ".join(f"{name}://" for name in SCHEMES)
            raise ObjectError(f"{uri!r} is not the address of an object that this version can read. It reads {known}.")
        client = self._clients.get((scheme, bucket))
        if client is None:
            client = self._clients[scheme, bucket] = SCHEMES[scheme](bucket)
        return client, key

    def close(self) -> None:
        """Close connections that are not in use."""
        for client in self._clients.values():
            client.close()
