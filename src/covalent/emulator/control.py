"""What tests ask of an emulator, beside the API of its cloud: ``/_covalent/faults`` and ``/_covalent/calls``.

::

    GET    /_covalent/faults           those in force
    POST   /_covalent/faults           one more
    DELETE /_covalent/faults[?kind=]   end all of them, or those of one kind
    GET    /_covalent/calls            counts since the last reset
    DELETE /_covalent/calls            reset
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ..errors import EmulatorError, hint
from .calls import Calls
from .faults import KINDS, Faults, decode_fault
from .http import Request, Response

PREFIX = "/_covalent/"


class Control:
    """Answers requests below :data:`PREFIX` that come from this machine."""

    def __init__(self, faults: Faults, calls: Calls) -> None:
        self._faults = faults
        self._calls = calls

    def __call__(self, request: Request) -> Response:
        if not ipaddress.ip_address(request.client.partition("%")[0]).is_loopback:
            return _json(403, {"error": "This address answers on the loopback interface only."})
        try:
            return self._answer(request)
        except EmulatorError as error:
            return _json(400, {"error": str(error)})

    def _answer(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "faults":
                return _json(200, self._faults.active())
            case "POST", "faults":
                self._faults.add(decode_fault(request.body))
            case "DELETE", "faults":
                self._faults.clear(_kind(request))
            case "GET", "calls":
                return _json(200, self._calls.report())
            case "DELETE", "calls":
                self._calls.reset()
            case _:
                return _json(404, {"error": f"There is no {request.method} {request.path}."})
        return Response(status=204)


def _kind(request: Request) -> str | None:
    given = parse_qs(request.query).get("kind")
    if given and given[0] not in KINDS:
        raise EmulatorError(f"There is no fault {given[0]!r}.{hint(given[0], KINDS)}")
    return given[0] if given else None


def _json(status: int, value: Any) -> Response:
    return Response(status=status, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))
