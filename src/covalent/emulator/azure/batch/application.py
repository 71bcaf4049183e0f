"""The border of Azure Batch, as the emulator's server mounts it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from urllib.parse import unquote

from ...calls import Calls
from ...faults import Faults
from ...hosts.base import Host
from ...http import Request, Response
from ..gate import Call as GateCall
from ..gate import Gate
from ..refusal import BrokenOffError, RefusalError
from .attempts import Attempts, Surroundings
from .file_api import FileApi
from .job_api import JobApi
from .pool_api import PoolApi
from .pools import Pool
from .scheduler import Scheduler
from .settings import BatchSettings, PoolSettings
from .task_api import TaskApi
from .wire import Call, Route, query_of, refused

API_VERSION: Final = "2025-06-01"  #: The only one that is spoken.

#: Tells who asks, ``client`` or ``job``; raises :class:`~..refusal.RefusalError` for whom the service does not let in.
Authenticate = Callable[[Request], str]

#: Environment variables that the tasks of a pool get beside Batch's own, as the address of its identities' metadata server.
Variables = Callable[[PoolSettings], Mapping[str, str]]


class BatchApplication:
    """Answers requests of Azure Batch, and runs its tasks. Serves nothing by itself: its caller mounts it.

    It applies the faults of calls and counts the calls of service ``batch`` itself. ``/_covalent/…`` is not its business.
    """

    def __init__(
        self,
        settings: BatchSettings,
        *,
        host: Host,
        node_host: Host | None = None,
        faults: Faults,
        calls: Calls,
        authenticate: Authenticate,
        variables: Variables,
    ) -> None:
        """
        :param host: runs tasks with container settings
        :param node_host: runs those without, as a node does itself; None stands for the same
        """
        self._settings = settings
        self._host = host
        self._node_host = node_host or host
        self._faults = faults
        self._gate = Gate(faults, calls)
        self._authenticate = authenticate
        self._variables = variables
        self._directory = Path(mkdtemp(prefix="nodes-", dir=host.directory))
        self._scheduler: Scheduler | None = None
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []

    def start(self, endpoint: str) -> None:
        """Begin to run tasks.

        :param endpoint: URL under which it is mounted, for the URLs in answers
        """
        surroundings = Surroundings(
            account=self._settings.account,
            account_url=endpoint,
            variables=lambda node: self._variables(node.pool.settings),
        )
        attempts = Attempts(self._host, self._node_host, self._faults, surroundings)
        pools = {pool.id.lower(): self._make_pool(pool) for pool in self._settings.pools}
        scheduler = self._scheduler = Scheduler(pools, attempts.run, self._faults)
        apis = (
            JobApi(scheduler, endpoint, self._settings.active_jobs, self._make_pool),
            TaskApi(scheduler, endpoint),
            FileApi(scheduler, endpoint),
            PoolApi(scheduler, endpoint),
        )
        self._routes = [(route.method, _pattern(route.path), route) for api in apis for route in api.routes]
        scheduler.start()

    def __call__(self, request: Request) -> Response | None:
        """None breaks off the connection."""
        try:
            return self._pass(request)
        except RefusalError as error:
            return refused(error)
        except BrokenOffError:
            return None

    def stop(self) -> None:
        """End all tasks. The hosts stay their owner's to close."""
        if self._scheduler is not None:
            self._scheduler.stop()

    def _make_pool(self, settings: PoolSettings) -> Pool:
        return Pool(settings, self._directory)

    def _pass(self, request: Request) -> Response:
        route, names = self._route(request)
        caller, refusal = self._caller(request)
        operation = route.operation if route else "Unknown"
        with self._gate(GateCall(service="batch", operation=operation, caller=caller)) as passage:
            passage.sent = len(request.body)
            if refusal is not None:
                raise refusal
            response = self._answer(route, names, request)
            passage.received = len(response.body)
        return response

    def _caller(self, request: Request) -> tuple[str, RefusalError | None]:
        try:
            return self._authenticate(request), None
        except RefusalError as refusal:
            return "client", refusal

    def _answer(self, route: Route | None, names: Mapping[str, str], request: Request) -> Response:
        query = query_of(request)
        version = query.pop("api-version", None)
        if version is None:
            raise RefusalError(
                "MissingRequiredQueryParameter",
                "A required query parameter was not specified for this request.",
                details={"QueryParameterName": "api-version"},
            )
        if version != API_VERSION:
            raise RefusalError(
                "UnsupportedRequestVersion",
                f"The specified request version is not supported. The emulator speaks {API_VERSION}.",
            )
        if route is None:
            raise RefusalError(
                "InvalidUri", f"The emulator has no operation {request.method} {request.path}.", status=404
            )
        scheduler = self._scheduler
        assert scheduler is not None
        try:
            with scheduler.changed:
                return route.handle(Call(request=request, names=names, query=query))
        except RefusalError:
            raise
        except Exception as error:
            traceback.print_exc()
            raise RefusalError("InternalError", "The emulator failed.", status=500) from error

    def _route(self, request: Request) -> tuple[Route | None, Mapping[str, str]]:
        for method, pattern, route in self._routes:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}


def _pattern(path: str) -> re.Pattern[str]:
    """Of a path with names in braces; one with a star holds everything to the end."""
    text = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text))
