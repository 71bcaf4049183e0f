"""What Terraform and its providers say when something is wrong, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .modules import Module
from .program import Program

_NOT_EMPTY: Final = r"BucketNotEmpty|bucket you tried to delete is not empty|containing objects without `force_destroy`"

#: Patterns of messages, and what to do.
_REMEDIES: Final = (
    (
        r"AWS account ID not allowed|Invalid account ID",
        "These credentials belong to another {noun} than the deployment{of}. Nothing was changed. Use credentials of that {noun}.",
    ),
    (
        r"No valid credential sources|could not find default credentials|building AzureAD|Authenticating using the Azure CLI"
        r"|obtain .*access token|Attempted to load application default credentials",
        "No credentials for {cloud} were found. Sign in, for example with '{sign_in}', and run the command again.",
    ),
    (
        r"ExpiredToken|InvalidClientTokenId|UnrecognizedClientException|security token .* (expired|invalid)|AADSTS\d+|invalid_grant",
        "The credentials for {cloud} are wrong or have expired. Sign in again, for example with '{sign_in}', and run the command again.",
    ),
    (
        r"could not connect to registry|Failed to query available provider packages|Could not retrieve the list of available versions",
        "{program} could not fetch the providers that the module needs. Check the network, or name a mirror of them in {program}'s own "
        "configuration file.",
    ),
    (
        r"no such host|connection refused|dial tcp|i/o timeout|network is unreachable|request send failed",
        "{cloud} does not answer. Check the network, and variables such as AWS_ENDPOINT_URL and HTTPS_PROXY.",
    ),
    (
        r"AccessDenied|UnauthorizedOperation|AuthorizationFailed|Error 403|is not authorized to perform|PERMISSION_DENIED",
        "The credentials may not do this. Have somebody who administers the {noun} deploy it, or give you what the message names.",
    ),
    (
        r"EntityAlreadyExists|AlreadyExists|already exists|BucketAlreadyOwnedByYou|Error 409",
        "Something of that name exists that this deployment has not made. Choose another --prefix, or remove it.",
    ),
    (
        r"Error acquiring the state lock",
        "Somebody else is at work on the same state. Wait until they are done; if nobody is, the message says how to unlock it.",
    ),
    (
        _NOT_EMPTY,
        "The bucket is kept because of --delete-data=false. Empty it, or run 'covalent deploy up {executor} --delete-data=true' first.",
    ),
)

_SIGN_IN: Final = {
    "awsbatch": "aws sso login",
    "azurebatch": "az login",
    "gcpbatch": "gcloud auth application-default login",
}


def is_bucket_kept(errors: Sequence[str]) -> bool:
    """Whether nothing else went wrong than that a bucket holds something."""
    return bool(errors) and all(re.search(_NOT_EMPTY, each, re.IGNORECASE) for each in errors)


def explained(program: Program, module: Module, said: str, account: str = "") -> str:
    """Sentences for people: what the program said, and what to do if that is known.

    :param account: of the deployment, if it is known
    """
    text = "\n".join(" ".join(line.split()).strip("╷│╵ ") for line in said.strip().splitlines()).strip()
    told = f"{program.name} failed for {module.executor}: {text}"
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, text, re.IGNORECASE):
            return (
                told
                + "\n"
                + remedy.format(
                    cloud=module.cloud,
                    noun=module.account_noun,
                    of=f", which is in {account}" if account else "",
                    program=program.name,
                    executor=module.executor,
                    sign_in=_SIGN_IN[module.executor],
                )
            )
    return told
