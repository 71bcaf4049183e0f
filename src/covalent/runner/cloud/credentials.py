"""The identity that AWS gives to a container or to its machine. Imports under Python 3.8, and is part of the bootstrap.

In the order of the AWS SDKs: variables of the environment, the container's credential endpoint (ECS, Fargate, EKS Pod Identity), the
metadata service of the instance, version 2.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
from typing import Any

from .errors import CredentialsError
from .identity import Identity, ask

_ADVICE = (
    "Give the job's definition a job role that may read and write the bucket (batch_job_role_name); on EC2, an instance role serves too, "
    "if the metadata service may be reached from containers (hop limit 2)."
)


class AWSIdentity(Identity):
    """Credentials are an access key id, a secret access key, and a session token (empty if there is none)."""

    def _find(self) -> tuple[tuple[str, str, str], float]:
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
    return json.loads(ask("GET", uri, {"Authorization": token} if token else {}))


def _from_instance() -> Any:
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254"
    base = base.rstrip("/") + "/latest/"
    token = ask("PUT", base + "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    headers = {"X-aws-ec2-metadata-token": token}
    roles = base + "meta-data/iam/security-credentials/"
    role = ask("GET", roles, headers).split("\n")[0].strip()
    return json.loads(ask("GET", roles + role, headers))
