"""What a dispatcher does with a bucket, by what it is called in errors."""

from __future__ import annotations

from covalent.objects import RemoteStore


async def tried(store: RemoteStore, verb: str) -> None:
    """``write``, ``read``, ``list`` or ``delete`` something of the name ``the/key``."""
    if verb == "write":
        await store.put("the/key", b"x", create_only=True)
    elif verb == "read":
        await store.get("the/key", limit=1)
    elif verb == "list":
        _ = [page async for page in store.list("the/key/")]
    else:
        await store.delete(["the/key"])
