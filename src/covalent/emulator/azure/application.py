"""Everything that is served on one address, told apart by its path: Batch, sign-in, a metadata service, and what tests ask."""

from __future__ import annotations

from collections.abc import Callable

from ..control import PREFIX, Control
from ..http import Request, Response
from .batch import BatchApplication
from .gate import Call, Gate
from .identity import metadata, sign_in
from .identity.sign_in import SignIn
from .refusal import BrokenOffError, RefusalError


class AzureApplication:
    def __init__(
        self,
        batch: BatchApplication,
        sign_in: SignIn,
        machine: Callable[[Request], Response | None],
        gate: Gate,
        control: Control,
    ) -> None:
        """
        :param machine: the metadata service of the machine that clients run on
        """
        self._batch = batch
        self._sign_in = sign_in
        self._machine = machine
        self._gate = gate
        self._control = control

    def __call__(self, request: Request) -> Response | None:
        if request.path.startswith(PREFIX):
            return self._control(request)
        if request.path.rstrip("/") == metadata.PATH:
            return self._machine(request)
        if operation := sign_in.operation_of(request):
            return self._signed_in(request, operation)
        return self._batch(request)

    def _signed_in(self, request: Request, operation: str) -> Response | None:
        try:
            with self._gate(Call(service="identity", operation=operation, caller="client")) as passage:
                passage.sent = len(request.body)
                response = self._sign_in(request)
                passage.received = len(response.body)
            return response
        except RefusalError as error:
            return sign_in.refused(error)
        except BrokenOffError:
            return None
