"""Large values as files, each under the digest of its bytes."""

from .files import ObjectStore, ObjectWriter

__all__ = ["ObjectStore", "ObjectWriter"]
