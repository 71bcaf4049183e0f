"""Errors as Blob Storage words them.

Source: https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ..refusal import RefusalError


def head_and_body(refusal: RefusalError) -> tuple[Mapping[str, str], bytes]:
    request_id = uuid.uuid4()
    now = time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z", time.gmtime())
    details = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in refusal.details.items())
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}\n'
        f"RequestId:{request_id}\nTime:{now}</Message>{details}</Error>"
    )
    headers: dict[str, Any] = {
        "content-type": "application/xml",
        "x-ms-error-code": refusal.code,
        "x-ms-request-id": str(request_id),
        **refusal.headers,
    }
    return headers, body.encode()
