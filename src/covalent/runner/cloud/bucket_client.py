"""Objects of a bucket: what all services have in common. Imports under Python 3.8."""

from __future__ import annotations

import http.client
from abc import abstractmethod
from collections.abc import Iterator
from html import unescape
from typing import Any, ClassVar

from .bucket_requests import PATIENT_TRIES, Answer, BucketRequests
from .errors import FileError

_CHUNK_BYTES = 1024 * 1024


class BucketClient(BucketRequests):
    """As :class:`~.objects.ObjectClient` says."""

    listing: ClassVar[dict[str, str]]  #: Parameters that ask for a listing.
    key_element = "Key"  #: What a key stands in.
    cursor_element = "NextContinuationToken"  #: What says that a listing goes on, and where.
    cursor = "continuation-token"  #: The parameter that takes this.

    @abstractmethod
    def _creating(self, body: bytes | str) -> dict[str, str]:
        """Headers with which an object is created and none is overwritten."""

    def _is_there(self, answer: Answer) -> bool:
        """Whether the object was not created because there is one."""
        return answer.status == 412

    @abstractmethod
    def _name(self, text: str) -> str:
        """A key as it stands in a listing."""

    def read(self, key: str, start: int, end: int) -> bytes:
        answer = self.request("GET", key, headers={"range": f"bytes={start}-{end - 1}"})
        if answer.status == 416:
            return b""
        content: bytes = self._good("GET", key, answer).content
        # A server that knows no ranges sends everything.
        return content if answer.status == 206 else content[start:end]

    def download(self, key: str, path: str, digest: Any) -> int:
        headers: dict[str, str] = {}
        try:
            with open(path, "wb") as file:  # noqa: PTH123

                def take(response: Any) -> None:
                    # Another try goes on where the last one broke off.
                    skip = file.tell() if response.status == 200 else 0
                    while True:
                        chunk = response.read(_CHUNK_BYTES)
                        if not chunk:
                            break
                        fresh, skip = chunk[skip:], max(0, skip - len(chunk))
                        digest.update(fresh)
                        _write(file, fresh, path)
                        headers["range"] = f"bytes={file.tell()}-"
                    if response.length:
                        raise http.client.IncompleteRead(b"", response.length)

                answer = self.request("GET", key, headers=headers, take=take)
                if answer.status != 416:
                    self._good("GET", key, answer)
                return file.tell()
        except OSError as error:
            raise FileError(path, error) from None

    def put(self, key: str, body: bytes | str, digest: str) -> bool:
        headers = self._creating(body)
        answer = self.request("PUT", key, headers=headers, body=body, digest=digest, tries=PATIENT_TRIES)
        if self._is_there(answer):
            return False
        self._good("PUT", key, answer)
        return True

    def list(self, prefix: str) -> Iterator[str]:
        query = {**self.listing, "prefix": prefix}
        while True:
            answer = self.request("GET", "", query)
            if answer.status != 200:
                raise self.refusal("LIST", prefix, answer)
            for part in answer.content.decode().split(f"<{self.key_element}>")[1:]:
                yield self._name(part.partition("<")[0])
            query[self.cursor] = unescape(answer.element(self.cursor_element))
            if not query[self.cursor]:
                return

    def _good(self, what: str, key: str, answer: Answer) -> Answer:
        """:raises ObjectError: if it is a refusal"""
        if answer.status not in (200, 201, 206):
            raise self.refusal(what, key, answer)
        return answer


def _write(file: Any, data: bytes, path: str) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise FileError(path, error) from None
