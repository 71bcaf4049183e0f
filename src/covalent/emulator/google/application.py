"""Everything that is served over HTTP on one address, told apart by its path."""

from __future__ import annotations

from ..calls import Calls
from ..control import PREFIX, Control
from ..faults import Faults
from ..http import Request, Response
from . import refusal
from .gate import Call, Gate
from .refusal import BrokenOffError, RefusalError
from .rest import PREFIXES, RestApi
from .storage import json_api, xml_api
from .storage.json_api import JsonApi
from .storage.xml_api import XmlApi


class GoogleApplication:
    def __init__(
        self, rest: RestApi, storage_xml: XmlApi, storage_json: JsonApi, gate: Gate, faults: Faults, calls: Calls
    ) -> None:
        self._rest = rest
        self._xml = storage_xml
        self._json = storage_json
        self._gate = gate
        self._control = Control(faults, calls)

    def __call__(self, request: Request) -> Response | None:
        if request.path.startswith(PREFIX):
            return self._control(request)
        is_rest = request.path.startswith(PREFIXES)
        json_operation = json_api.operation_of(request)
        try:
            if is_rest:
                return self._rest(request)
            call = Call(
                service="storage",
                operation=json_operation or xml_api.operation_of(request),
                authorization=request.headers.get("authorization", ""),
                sent=len(request.body),
            )
            answer = self._json if json_operation else self._xml
            return self._gate(call, lambda: answer(request), lambda response: len(response.body))
        except RefusalError as error:
            return refusal.json_answer(error) if is_rest or json_operation else refusal.xml_answer(error)
        except BrokenOffError:
            return None
