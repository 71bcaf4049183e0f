"""Values that nobody may see, such as passwords in the settings of executors.

A :class:`Secret` shows itself as a mask and travels as a reference: neither a pickle nor JSON ever holds its text. While a workflow is
built, :func:`collected` takes note of the secrets that it refers to, so that the client can hand their texts to the dispatcher, once and
beside everything else. The dispatcher keeps them encrypted.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from .errors import SecretError

#: What is shown in place of a secret.
MASK: Final = "********"

#: The only key of the JSON object that stands for a secret in an executor's options.
REFERENCE_KEY: Final = "$secret"

#: What ids look like.
ID_PATTERN: Final = re.compile(r"[0-9a-f]{32}")

#: The longest text that a secret may have, in characters.
MAX_CHARS: Final = 65536

#: Makes ids of texts. It never leaves this process, so that an id tells nothing of its text.
_KEY: Final = os.urandom(32)

#: Names the key under which dispatchers keep secrets, in place of the one that each makes for itself.
KEY_VARIABLE: Final = "COVALENT_SECRET_KEY"

#: Texts shorter than this are not looked for in other texts, of which they would leave little.
_MIN_MASKED: Final = 4

#: The texts of all secrets that were made in this process.
_made: Final[set[str]] = set()

_collector: Final[ContextVar[dict[str, Secret] | None]] = ContextVar("covalent_secrets", default=None)


class Secret:
    """A text that is never shown.

    Two secrets of the same text have the same id in one process, so that executors with the same settings remain the same. Where a
    pickle or JSON took a secret to another process it has its id and no text.

    :raises SecretError: if it is no text, or empty, or too long
    """

    __slots__ = ("__weakref__", "_id", "_text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not 0 < len(text) <= MAX_CHARS or not _is_unicode(text):
            raise SecretError(f"A secret must be text of 1 to {MAX_CHARS} characters.")
        _made.add(text)
        self._text: str | None = text
        self._id = hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()[:32]

    @classmethod
    def known_as(cls, secret_id: str, text: str | None = None) -> Secret:
        """The secret of this id, for those who know its text, or do not."""
        found = cls.__new__(cls)
        found._id, found._text = secret_id, text
        return found

    @property
    def id(self) -> str:
        """32 hexadecimal digits, from which nothing of the text can be learned."""
        return self._id

    @property
    def is_known(self) -> bool:
        """Whether its text is known in this process."""
        return self._text is not None

    def reveal(self) -> str:
        """Its text: hand it on to whoever checks it, and keep it nowhere.

        :raises SecretError: if it came here as a reference
        """
        if self._text is None:
            raise SecretError(
                "The text of this secret is not known in this process: secrets travel as references only, and are opened by the "
                "server alone, when it makes the executor that needs them. A task that needs a secret has to read it where it runs."
            )
        return self._text

    def reference(self) -> dict[str, str]:
        """What stands for it in JSON. The workflow that is being built takes note of it."""
        _note(self)
        return {REFERENCE_KEY: self._id}

    def __reduce__(self) -> tuple[Any, ...]:
        _note(self)
        return Secret.known_as, (self._id,)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self._text is None or other._text is None:
            return self._text is other._text and self._id == other._id
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._id if self._text is None else self._text))

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)


def masked(text: str) -> str:
    """A text for people, such as the source of a function, with a mask where a secret that was made in this process stands in it."""
    for secret in sorted(_made, key=len, reverse=True):
        if len(secret) >= _MIN_MASKED:
            for written in (secret, repr(secret)[1:-1]):
                text = text.replace(written, MASK)
    return text


def hidden(table: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A table with secrets in place of the texts of these names."""
    return {
        name: Secret(value) if name in names and isinstance(value, str) and value else value
        for name, value in table.items()
    }


def wire(value: Any) -> Any:
    """``value``, or what stands for it in JSON if it is a secret."""
    return value.reference() if isinstance(value, Secret) else value


def referred(value: Any) -> str | None:
    """The id of the secret that a JSON value stands for; None if it stands for none."""
    if not isinstance(value, Mapping) or value.keys() != {REFERENCE_KEY}:
        return None
    found = value[REFERENCE_KEY]
    return found if isinstance(found, str) and ID_PATTERN.fullmatch(found) else None


def references(options: Mapping[str, Any]) -> set[str]:
    """The ids of the secrets that an executor's options refer to. Only whole options are secrets, nothing inside of one."""
    return {found for value in options.values() if (found := referred(value)) is not None}


def opened(options: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """An executor's options with secrets in place of references.

    A secret is not a text: a setting that does not expect one refuses it, so that no reference leads to a text where it is shown.

    :param texts: by id; a secret that is not among them has no text
    """
    found = {}
    for name, value in options.items():
        secret_id = referred(value)
        found[name] = value if secret_id is None else Secret.known_as(secret_id, texts.get(secret_id))
    return found


@contextmanager
def collected() -> Iterator[dict[str, Secret]]:
    """Take note of all secrets that are pickled or referred to in this context, by id."""
    noted: dict[str, Secret] = {}
    token = _collector.set(noted)
    try:
        yield noted
    finally:
        _collector.reset(token)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _note(secret: Secret) -> None:
    noted = _collector.get()
    if noted is not None and (secret.is_known or secret.id not in noted):
        noted[secret.id] = secret
