"""Whether an image is where its name says, as far as everybody may know.

Source: distribution specification of the Open Container Initiative, "Pulling manifests"; for tokens, the one of Docker's registry, "Token
Authentication Specification".
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

import msgspec

TIMEOUT_S: Final = 10.0

#: The host of names that begin with none.
_DOCKER_HUB: Final = "registry-1.docker.io"

_MANIFESTS: Final = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)

_PAIR: Final = re.compile(r'(\w+)="([^"]*)"')


class Presence(Enum):
    THERE = "there"
    MISSING = "missing"  #: The registry lets everybody look, and does not have it.
    CLOSED = "closed"  #: The registry does not tell everybody.
    UNREACHABLE = "unreachable"


class Image(NamedTuple):
    host: str
    path: str
    reference: str  #: A tag, or a digest.

    @classmethod
    def parse(cls, name: str) -> Image:
        plain, _, digest = name.partition("@")
        host, slash, path = plain.partition("/")
        if not slash or not (re.search(r"[.:]", host) or host == "localhost"):
            host, path = _DOCKER_HUB, plain if slash else f"library/{plain}"
        elif host in ("docker.io", "index.docker.io"):
            host, path = _DOCKER_HUB, path if "/" in path else f"library/{path}"
        path, _, tag = path.partition(":")
        return cls(host, path, digest or tag or "latest")

    @property
    def url(self) -> str:
        # As for docker and podman, a registry on this machine need not have a certificate.
        scheme = "http" if self.host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
        return f"{scheme}://{self.host}/v2/{self.path}/manifests/{self.reference}"


def presence(name: str) -> Presence:
    """Ask the registry of an image for it, as nobody in particular: no credentials are used or sent."""
    image = Image.parse(name)
    try:
        status, challenge = _ask(image.url, {})
        if status == http.HTTPStatus.UNAUTHORIZED and challenge.startswith("Bearer "):
            token = _token(dict(_PAIR.findall(challenge)), image)
            status, _ = _ask(image.url, {"Authorization": f"Bearer {token}"}) if token else (status, "")
    except (OSError, http.client.HTTPException):
        return Presence.UNREACHABLE
    if status == http.HTTPStatus.OK:
        return Presence.THERE
    return Presence.MISSING if status == http.HTTPStatus.NOT_FOUND else Presence.CLOSED


def _ask(url: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """The status of the answer, and what it wants to be shown."""
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": _MANIFESTS, **headers})  # noqa: S310 - https, or this machine
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            return answer.status, ""
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, error.headers.get("WWW-Authenticate", "")


def _token(challenge: Mapping[str, str], image: Image) -> str:
    """What everybody is given; empty if that is nothing."""
    realm = challenge.get("realm", "")
    if urllib.parse.urlsplit(realm).scheme not in ("https", "http"):
        return ""
    asked = {"service": challenge.get("service", ""), "scope": f"repository:{image.path}:pull"}
    try:
        with urllib.request.urlopen(f"{realm}?{urllib.parse.urlencode(asked)}", timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            found = msgspec.json.decode(answer.read(), type=dict[str, object])
    except (urllib.error.HTTPError, msgspec.MsgspecError):
        return ""
    return str(found.get("token") or found.get("access_token") or "")
