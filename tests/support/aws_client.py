"""A client of boto3 for an emulated AWS."""

from __future__ import annotations

from typing import Any

import boto3

from covalent.testing import EmulatedAWS


def client(cloud: EmulatedAWS, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name=cloud.environment["AWS_REGION"],
        aws_access_key_id=cloud.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.environment["AWS_SECRET_ACCESS_KEY"],
    )
