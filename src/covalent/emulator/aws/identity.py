"""Who may ask: the client, whose key the emulator prints, and the jobs, which get theirs as containers of ECS do.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Final

from ..http import Request, Response
from .batch.jobs import Job
from .moto_border import SESSION_S, Moto
from .signature import Credentials

#: Not secret: it opens nothing but an emulator.
CLIENT: Final = Credentials(access_key="EMULATEDCLIENT", secret_key="emulated-secret-key")  # noqa: S106

_SESSION: Final = "emulated-job"


class Identities:
    """The keys that the emulator itself gives out."""

    prefix: Final = "/_covalent/credentials/"

    def __init__(self, moto: Moto, region: str) -> None:
        self._moto = moto
        self._region = region
        self._authorization = secrets.token_hex(32)
        self._lock = threading.Lock()
        self._paths: dict[str, str] = {}  # by ARN of a role
        self._by_path: dict[str, Credentials] = {}
        self._by_key = {CLIENT.access_key: CLIENT}

    def find(self, access_key: str) -> Credentials | None:
        """Of the client, of jobs, or of somebody for whom IAM or STS has made them."""
        return self._by_key.get(access_key) or self._moto.credentials(access_key)

    def is_job(self, access_key: str) -> bool:
        return access_key in self._by_key and access_key != CLIENT.access_key

    def variables(self, job: Job, endpoint: str) -> Mapping[str, str]:
        """With what a job's container finds its credentials; nothing, if its definition names no role."""
        role = job.order.container.get("jobRoleArn")
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint}{self._path(role)}"} if role else {}

    def files(self, job: Job) -> Mapping[str, str]:
        """What has to be sent along, for a file whose path this variable holds."""
        role = job.order.container.get("jobRoleArn")
        return {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": self._authorization} if role else {}

    def __call__(self, request: Request) -> Response:
        """Give a job its credentials."""
        headers = {"content-type": "application/json"}
        given = request.headers.get("authorization", "")
        credentials = self._by_path.get(request.path)
        if credentials is None or not hmac.compare_digest(given.encode(), self._authorization.encode()):
            return Response(status=403, headers=headers, body=b'{"code": "InvalidAuthorizationToken"}')
        answer = {
            "AccessKeyId": credentials.access_key,
            "SecretAccessKey": credentials.secret_key,
            "Token": credentials.session_token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + SESSION_S)),
        }
        return Response(headers=headers, body=json.dumps(answer).encode())

    def _path(self, role: str) -> str:
        """Where the credentials of this role are; made when they are first needed."""
        with self._lock:
            if role not in self._paths:
                credentials = self._moto.assume_role(role, _SESSION, self._region)
                path = self._paths[role] = f"{self.prefix}{len(self._paths)}"
                self._by_path[path] = self._by_key[credentials.access_key] = credentials
            return self._paths[role]
