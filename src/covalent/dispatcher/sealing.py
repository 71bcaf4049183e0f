"""Encrypts the secrets of dispatches, and opens them again. The key lies in the data directory, never in the database."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import ConfigError, SecretError
from ..secrets import KEY_VARIABLE

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet  # Here, and in the methods: most servers never see a secret.

#: The file of the key, in the data directory.
KEY_FILE: Final = "secret.key"

#: Bytes of a key. Source: documentation of cryptography, "Fernet (symmetric encryption)".
KEY_BYTES: Final = 32


class Sealing:
    """Seals under the first key that there is, opens with any of them. All methods block.

    :param keys: keys as text, in base64, with commas between them; they go before the one in the file
    :raises ConfigError: if one of them is no key
    """

    def __init__(self, data_dir: Path, keys: str = "") -> None:
        self._path = data_dir / KEY_FILE
        self._given = [_checked(key.strip(), f"The variable {KEY_VARIABLE}") for key in keys.split(",") if key.strip()]

    def seal(self, texts: Mapping[str, str]) -> dict[str, bytes]:
        """Secrets by id, encrypted. A key is made if there is none.

        :raises SecretError: if cryptography is not installed, or the key cannot be read or kept
        """
        if not texts:
            return {}
        if not self._given and self._kept() is None:
            self._make()
        box = self._box()
        return {secret_id: box.encrypt(f"{secret_id}:{text}".encode()) for secret_id, text in texts.items()}

    def open(self, secret_id: str, sealed: bytes) -> str:
        """The text of a secret.

        :raises SecretError: if it was encrypted under another key or is damaged, or cryptography is not installed
        """
        from_box = self._box()
        from cryptography.fernet import InvalidToken

        try:
            found, _, text = from_box.decrypt(sealed).decode().partition(":")
        except InvalidToken:
            found, text = "", ""
        if found != secret_id:
            raise SecretError(
                f"A secret of an executor cannot be opened: it was encrypted under another key than the one in {self._source()}. "
                f"Put the key back that was there, or name it in {KEY_VARIABLE} (several keys with commas between them) and start "
                "the server again. If it is lost, cancel the dispatch and dispatch again from the script."
            )
        return text

    def _box(self) -> MultiFernet:
        try:
            from cryptography.fernet import Fernet, MultiFernet
        except ImportError as error:
            raise SecretError(
                "Secrets of executors are kept encrypted, which needs a library that is not installed on the server. "
                "Install it with: pip install 'covalent-batch[azure]'"
            ) from error
        keys = [*self._given, *filter(None, [self._kept()])]
        if not keys:
            raise SecretError(
                f"A secret of an executor cannot be opened: its key, {self._path}, is gone. Put it back, or name it in "
                f"{KEY_VARIABLE} and start the server again. If it is lost, cancel the dispatch and dispatch again from the script."
            )
        return MultiFernet([Fernet(key) for key in keys])

    def _source(self) -> str:
        return f"{KEY_VARIABLE} or {self._path}" if self._given else str(self._path)

    def _kept(self) -> bytes | None:
        """The key in the file; None if there is no file."""
        try:
            text = self._path.read_text("ascii", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretError(f"The key of secrets, {self._path}, cannot be read: {error.strerror}.") from error
        try:
            return _checked(text.strip(), f"The file {self._path}")
        except ConfigError as error:
            raise SecretError(str(error)) from None

    def _make(self) -> None:
        """Make a key and keep it for good; if somebody else makes one at the same time, there is one."""
        try:
            # Readable by its owner alone.
            number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f"{KEY_FILE}.")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(base64.urlsafe_b64encode(os.urandom(KEY_BYTES)))
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(name, self._path)
            finally:
                Path(name).unlink()
        except OSError as error:
            raise SecretError(f"The key of secrets, {self._path}, cannot be kept: {error.strerror}.") from error


def _checked(key: str, where: str) -> bytes:
    """A key as it is used, if it is one. What is wrong with it is not shown."""
    try:
        found = base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        found = b""
    if len(found) != KEY_BYTES:
        raise ConfigError(
            f"{where} holds no key: that is {KEY_BYTES} bytes in URL-safe base64, as "
            "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())' prints them."
        )
    return key.encode()
