"""Batch, its operations and Logging over gRPC, without encryption."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

import grpc

from ...errors import EmulatorError
from ..http import Address
from .refusal import BrokenOffError, RefusalError
from .services import Services

_THREADS: Final = 32
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)
_GRACE_S: Final = 0.5


class GrpcServer:
    def __init__(self, host: str, port: int, services: Services) -> None:
        """Bind, so that the port is known; nothing is served yet.

        :param port: 0 takes a free one
        :raises EmulatorError: if that is not possible
        """
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc")
        self._server = grpc.server(self._threads, options=_OPTIONS)
        self._server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    service, {name: _handler(services, name, method.request) for name, method in methods.items()}
                )
                for service, methods in services.methods.items()
            )
        )
        shown = f"[{host}]" if ":" in host else host
        try:
            self.address = Address(host, self._server.add_insecure_port(f"{shown}:{port}"))
        except RuntimeError as error:
            raise EmulatorError(
                f"The emulator cannot listen on {host}, port {port}: it is in use, or not of this machine. Choose another with "
                "--grpc-port and --host."
            ) from error

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop(_GRACE_S).wait()
        self._threads.shutdown()


def _handler(services: Services, operation: str, request_type: Any) -> Any:
    def answer(request: Any, context: Any) -> Any:
        metadata = dict(context.invocation_metadata() or ())
        try:
            return services.call(operation, request, metadata.get("authorization", ""))
        except RefusalError as refusal:
            _abort(context, refusal.grpc_code, refusal.message)
        except BrokenOffError:
            # What a client is told by its own library when a connection breaks off.
            _abort(context, "UNAVAILABLE", "recvmsg:Connection reset by peer")

    serialize: Callable[[Any], bytes] = lambda message: message.SerializeToString()  # noqa: E731
    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=request_type.FromString, response_serializer=serialize
    )


def _abort(context: Any, code: str, message: str) -> NoReturn:
    context.abort(grpc.StatusCode[code], message)
    raise AssertionError("abort raises")
