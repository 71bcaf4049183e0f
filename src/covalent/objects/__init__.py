"""Large values: as files of this machine, each under the digest of its bytes, and as objects in buckets."""

from typing import TYPE_CHECKING, Any

from .files import ObjectStore, ObjectWriter

if TYPE_CHECKING:
    from .remote import RemoteStore

__all__ = ["ObjectStore", "ObjectWriter", "RemoteStore"]


def __getattr__(name: str) -> Any:
    # obstore comes with the extras for clouds, and is imported by those who use one.
    if name == "RemoteStore":
        from .remote import RemoteStore

        return RemoteStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
