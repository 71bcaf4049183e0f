"""Signing in to Amazon ECR.

Source: API reference of Amazon ECR, ``GetAuthorizationToken``.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from ...errors import ImageError
from ...secrets import Secret
from ..login import Login
from .border import translated
from .session import Account

#: Of a host such as ``123456789012.dkr.ecr.us-east-1.amazonaws.com``.
_REGION: Final = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.")


def sign_in(account: Account, host: str) -> Login:
    """What opens the registry for twelve hours, as far as the account's credentials allow.

    :raises ExecutorError: if there are no usable credentials, or AWS refuses
    """
    found = _REGION.match(host)
    region = found[1] if found else account.region
    session = account.session()
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        # Each region has tokens of its own.
        answer = session.client("ecr", region_name=region).get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise translated(error, f"signing in to Amazon ECR in {region} (ecr:GetAuthorizationToken)") from error
    username, _, password = (
        base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    )
    if not password:
        raise ImageError(f"Amazon ECR in {region} gave no password for {host}. Run the command again.")
    return Login(username=username, password=Secret(password))
