"""Objects of an S3 bucket. Imports under Python 3.8."""

from __future__ import annotations

import http.client
import importlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from .errors import FileError
from .s3_requests import IDENTITY, PATIENT_TRIES, Answer, S3Requests

#: The most that one PUT takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
MAX_PUT_BYTES = 5 * 1024**3

_CHUNK_BYTES = 1024 * 1024


class S3Client(S3Requests):
    """As :class:`~.objects.ObjectClient` says."""

    max_put_bytes = MAX_PUT_BYTES

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
        headers = {"if-none-match": "*"}
        answer = self.request("PUT", key, headers=headers, body=body, digest=digest, tries=PATIENT_TRIES)
        if answer.status == 412:
            return False
        self._good("PUT", key, answer)
        return True

    def list(self, prefix: str) -> Iterator[str]:
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        while True:
            answer = self.request("GET", "", query)
            if answer.status != 200:
                raise self.refusal("LIST", prefix, answer)
            for part in answer.content.decode().split("<Key>")[1:]:
                yield unquote_plus(part.partition("<")[0])
            query["continuation-token"] = answer.element("NextContinuationToken")
            if not query["continuation-token"]:
                return

    def obstore(self) -> Any:
        def provide() -> dict[str, Any]:
            key_id, secret, token = IDENTITY.credentials()
            given = {"access_key_id": key_id, "secret_access_key": secret, "token": token or None}
            return {**given, "expires_at": IDENTITY.expires_at()}

        options: dict[str, Any] = {"virtual_hosted_style_request": not self.endpoint and "." not in self.bucket}
        if self.endpoint:
            options["endpoint"] = self.endpoint
        elif self.region.startswith("cn-"):
            # obstore only knows names below amazonaws.com.
            options["endpoint"] = "https://" + self._host
        made = importlib.import_module("obstore.store").S3Store
        client_options = {"allow_http": self.endpoint.startswith("http:")}
        return made(
            self.bucket, region=self.region, credential_provider=provide, client_options=client_options, **options
        )

    def _good(self, what: str, key: str, answer: Answer) -> Answer:
        """:raises ObjectError: if it is a refusal"""
        if answer.status not in (200, 206):
            raise self.refusal(what, key, answer)
        return answer


def _write(file: Any, data: bytes, path: str) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise FileError(path, error) from None
