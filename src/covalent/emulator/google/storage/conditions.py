"""What a request demands of an object before anything is done to it.

Source: https://cloud.google.com/storage/docs/request-preconditions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..refusal import RefusalError

if TYPE_CHECKING:
    from .buckets import StoredObject


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    generation: int | None = None  #: That it has; 0 if there must be none.
    not_generation: int | None = None
    metageneration: int | None = None
    etags: str | None = None  #: ``If-Match``.
    not_etags: str | None = None  #: ``If-None-Match``.

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Conditions:
        """As the XML API has them."""
        return cls(
            generation=_number(headers.get("x-goog-if-generation-match")),
            metageneration=_number(headers.get("x-goog-if-metageneration-match")),
            etags=headers.get("if-match"),
            not_etags=headers.get("if-none-match"),
        )

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Conditions:
        """As the JSON API has them."""
        return cls(
            generation=_number(query.get("ifGenerationMatch")),
            not_generation=_number(query.get("ifGenerationNotMatch")),
            metageneration=_number(query.get("ifMetagenerationMatch")),
        )

    def check(self, found: StoredObject | None) -> None:
        """:raises RefusalError: if they are not met"""
        generation = found.generation if found else 0
        etag = found.etag if found else None
        metageneration = found.metageneration if found else None
        if (
            self.generation not in (None, generation)
            or (self.not_generation is not None and self.not_generation == generation)
            or self.metageneration not in (None, metageneration)
            or (self.etags is not None and not _names(self.etags, etag))
        ):
            raise RefusalError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")

    def is_unchanged(self, found: StoredObject) -> bool:
        """Whether who asks has it already."""
        return self.not_etags is not None and _names(self.not_etags, found.etag)


def _names(etags: str, etag: str | None) -> bool:
    return etag is not None and (etags.strip() == "*" or etag in [each.strip() for each in etags.split(",")])


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError as error:
        raise RefusalError("INVALID_ARGUMENT", f"Invalid precondition: {text!r} is no number.") from error
