"""How AWS Batch words its refusals."""

from __future__ import annotations

import uuid

from ..refusal import RefusalError


def refused(message: str) -> RefusalError:
    """A refusal of the service's front."""
    return RefusalError("ClientException", message)


def rejected(message: str) -> RefusalError:
    """A refusal that comes from further within."""
    return refused(f"Error executing request, Exception : {message}, RequestId: {uuid.uuid4()}")
