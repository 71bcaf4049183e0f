"""What opens a registry of container images."""

from __future__ import annotations

from dataclasses import dataclass

from ..secrets import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    username: str
    password: Secret
