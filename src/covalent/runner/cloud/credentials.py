"""The identity that AWS gives to a container or to its machine. Imports under Python 3.8, and is part of the bootstrap.

In the order of the AWS SDKs: variables of the environment, the container's credential endpoint (ECS, Fargate, EKS Pod Identity), the
metadata service of the instance, version 2.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from .errors import CredentialsError

#: Seconds before their end at which credentials are renewed.
RENEW_S = 300

_ANSWER_S = 5.0
_TRIES = 4

_ADVICE = (
    "Give the job's definition a job role that may read and write the bucket (batch_job_role_name); on EC2, an instance role serves too, "
    "if the metadata service may be reached from containers (hop limit 2)."
)


class Identity:
    """The credentials of this process, renewed before they expire. Several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[str, str, str] | None = None
        self._until = 0.0

    def credentials(self, is_refused: bool = False) -> tuple[str, str, str]:
        """Access key id, secret access key, session token (empty if there is none).

        :param is_refused: those that were given out last are no longer accepted
        :raises CredentialsError: if there are none
        """
        with self._lock:
            if self._found is None or is_refused or time.time() > self._until - RENEW_S:
                try:
                    self._found, self._until = _find()
                except CredentialsError:
                    if self._found is None or is_refused or time.time() > self._until:
                        raise
            return self._found

    def expires_at(self) -> Any:
        """Until when the credentials that were given out last are good, as a ``datetime``; None if for ever."""
        return None if self._until == float("inf") else dt.datetime.fromtimestamp(self._until, dt.timezone.utc)  # noqa: UP017


def _find() -> tuple[tuple[str, str, str], float]:
    key_id = os.environ.get("AWS_ACCESS_KEY_ID")
    if key_id:
        secret = os.environ.get("AWS_SECRET_ACCESS_KEY")
        if not secret:
            raise CredentialsError(
                "AWS_ACCESS_KEY_ID is set in the container, but AWS_SECRET_ACCESS_KEY is not. Set both or none."
            )
        return (key_id, secret, os.environ.get("AWS_SESSION_TOKEN", "")), float("inf")
    try:
        found = _from_container() or _from_instance()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CredentialsError(f"The container cannot get AWS credentials ({error}). {_ADVICE}") from None
    if found is None:
        raise CredentialsError(f"The container has no AWS credentials. {_ADVICE}")
    try:
        # Like 2026-11-21T04:00:00Z.
        until = dt.datetime.strptime(found["Expiration"][:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
        return (found["AccessKeyId"], found["SecretAccessKey"], found["Token"]), until
    except (KeyError, TypeError, ValueError):
        raise CredentialsError(f"What the container got as AWS credentials are none. {_ADVICE}") from None


def _from_container() -> Any:
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    uri = "http://169.254.170.2" + relative if relative else os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not uri:
        return None
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if file:
        with open(file) as stream:  # noqa: PTH123
            token = stream.read().strip()
    return json.loads(_ask("GET", uri, {"Authorization": token} if token else {}))


def _from_instance() -> Any:
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254"
    base = base.rstrip("/") + "/latest/"
    token = _ask("PUT", base + "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    headers = {"X-aws-ec2-metadata-token": token}
    roles = base + "meta-data/iam/security-credentials/"
    role = _ask("GET", roles, headers).split("\n")[0].strip()
    return json.loads(_ask("GET", roles + role, headers))


def _ask(method: str, uri: str, headers: dict[str, str]) -> str:
    """The answer to a request; a service that is busy or just starting is asked again."""
    parts = urlsplit(uri)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = parts.path + ("?" + parts.query if parts.query else "")
    left = _TRIES
    while True:
        left -= 1
        connection = kind(parts.netloc, timeout=_ANSWER_S)
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            if answer.status == 200:
                return text
            problem: Exception = OSError(f"{parts.scheme}://{parts.netloc} answered {answer.status} {answer.reason}")
            if answer.status < 500 and answer.status != 429:
                raise problem
        except (OSError, http.client.HTTPException) as error:
            problem = error
            if "answered" in str(error):
                raise
        finally:
            connection.close()
        if not left:
            raise problem
        time.sleep(0.5 * (_TRIES - left))
