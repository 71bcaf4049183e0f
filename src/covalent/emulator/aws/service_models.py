"""Descriptions of AWS's services, as botocore and moto read them from dozens of files: half of what an emulator's start took."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

import msgspec


def read_quickly() -> None:
    """Let botocore parse its files with msgspec in all of this process, which is the emulator's own; each once until :func:`forget`."""
    from botocore.loaders import JSONFileLoader, Loader

    class QuickFileLoader(JSONFileLoader):  # type: ignore[misc]
        def load_file(self, file_path: str) -> Any:
            return _read(file_path)

    Loader.FILE_LOADER_CLASS = QuickFileLoader


def forget() -> None:
    """Let go of what was read: while an emulator starts each of its services reads the same, and afterwards none."""
    _read.cache_clear()


@functools.lru_cache(maxsize=64)
def _read(file_path: str) -> Any:
    plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
    if plain.is_file():
        return msgspec.json.decode(plain.read_bytes())
    return msgspec.json.decode(gzip.decompress(packed.read_bytes())) if packed.is_file() else None
