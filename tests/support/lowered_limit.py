"""An executor for AWS Batch whose runner takes no result over 1,000,000 bytes without obstore, where the true limit is 5 GB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from covalent.executor.awsbatch import AWSBatchExecutor
from covalent.executor.batch import bundle

TRUE, LOWERED = b"max_put_bytes = 5 * 1024**3", b"max_put_bytes = 1_000_000"

_files = bundle._files


def _lowered() -> Iterator[tuple[str, bytes]]:
    """The source with the lower limit; what was compiled from the other one is left out."""
    found = dict(_files())
    name = f"{bundle.PACKAGE}/cloud/s3.py"
    assert TRUE in found[name]
    found.pop(f"{name}c", None)
    yield from (found | {name: found[name].replace(TRUE, LOWERED)}).items()


class LoweredLimitExecutor(AWSBatchExecutor):
    short_name: ClassVar[str] = "lowered"

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        bundle._files = _lowered
        bundle.runner_bundle.cache_clear()
