"""A server that knows certain dispatches, for ``covalent gc``."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from covalent.client.server import Server
from covalent.errors import NotFoundError


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of dispatches that the server knows."""
    ids: set[str] = set()

    def dispatch(self: Server, dispatch_id: str) -> SimpleNamespace:
        if dispatch_id not in ids:
            raise NotFoundError(f"no {dispatch_id}")
        return SimpleNamespace(id=dispatch_id)

    monkeypatch.setattr(Server, "dispatch", dispatch)
    return ids
