"""The name of an image in a registry, and whose registry that is.

Sources: specification of the OCI distribution, "Pulling manifests"; documentation of Amazon ECR, "Private registries"; of Azure
Container Registry, "Registry authentication"; of Artifact Registry, "Repository and image names".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..errors import ImageError

#: What images are called here and there, unless something else is said.
DEFAULT_NAME: Final = "covalent-tasks"

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST: Final = re.compile(
    r"localhost(?::\d+)?|(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?|[A-Za-z0-9-]+:\d+|\[[0-9a-f:]+\](?::\d+)?"
)
_PATH: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"\w[\w.-]{0,127}")
_LOOPBACK: Final = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?")

#: The executor whose credentials open a registry, by its host; and how many parts a path there has in which no image is named yet.
_CLOUDS: Final = (
    ("awsbatch", re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)"), None),
    ("azurebatch", re.compile(r"[A-Za-z0-9-]+\.azurecr\.(?:io|cn|us)"), 0),
    ("gcpbatch", re.compile(r"[a-z0-9-]+-docker\.pkg\.dev"), 2),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A place for images of one name."""

    host: str
    path: str
    executor: str = ""  #: Whose credentials open it; empty if none of them does.

    @classmethod
    def parse(cls, text: str) -> Repository:
        """What ``--registry`` names. A registry or a repository of a cloud may be without the name of an image.

        :raises ImageError: if it is none
        """
        host, _, path = text.rstrip("/").partition("/")
        executor = ""
        for name, pattern, bare in _CLOUDS:
            if pattern.fullmatch(host):
                executor = name
                if len(list(filter(None, path.split("/")))) == bare:
                    path = "/".join(filter(None, (path, DEFAULT_NAME)))
        if not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
            raise ImageError(
                f"--registry takes a registry and the name of an image in it, such as registry.example.com/me/tasks, without https:// and "
                f"without a tag, in small letters; not {text!r}."
            )
        return cls(host=host, path=path, executor=executor)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where registries speak plain HTTP."""
        return is_loopback(self.host)

    def tagged(self, tag: str) -> str:
        """:raises ImageError: if it is no tag"""
        if not _TAG.fullmatch(tag):
            raise ImageError(
                f"--tag takes up to 128 letters, digits and _ . -, and none of the last two at first; not {tag!r}."
            )
        return f"{self}:{tag}"

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def is_loopback(host: str) -> bool:
    """
    :param host: with its port, if there is one
    """
    return _LOOPBACK.fullmatch(host) is not None
