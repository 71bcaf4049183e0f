"""What can go wrong between a container and its bucket. Imports under Python 3.8, and is part of the bootstrap."""

from __future__ import annotations


class ObjectError(Exception):
    """An object cannot be read or written; the message names it and says what to do."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status  #: The service's HTTP status; 0 if there was no answer.


class MissingObjectError(ObjectError):
    """There is no such object in the bucket."""


class CredentialsError(ObjectError):
    """The container has no identity that the service would accept."""


class FileError(Exception):
    """A file of the container cannot be written."""

    def __init__(self, path: str, reason: OSError) -> None:
        super().__init__(
            f"The container cannot write to {path} ({reason.strerror or reason}). "
            "Give the job more disk space, or set COVALENT_SCRATCH to a directory that has room."
        )


class PublishError(Exception):
    """A task's outcome cannot be written."""
