"""What an executor's configuration says of its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..errors import ImageError
from .repository import Repository

#: The setting that names the image, by executor.
SETTINGS: Final[Mapping[str, str]] = {
    "awsbatch": "container_image_uri",
    "azurebatch": "base_image_uri",
    "gcpbatch": "container_image_uri",
}


def check_usable(executor: str, configured: Mapping[str, Any]) -> None:
    """:raises ImageError: if the configuration would not take another image"""
    if executor == "awsbatch" and (named := configured.get("job_definition")):
        raise ImageError(
            f"[executors.awsbatch] has job_definition = {named!r}, which names an image itself. Take that setting out, or use --no-config."
        )


def changes(executor: str, configured: Mapping[str, Any], repository: Repository, image: str) -> dict[str, Any]:
    """What is to be written so that tasks run in this image; None stands for taking a setting out.

    :param configured: what is written now
    :param image: its name by digest
    """
    found: dict[str, Any] = {SETTINGS[executor]: image}
    if executor == "azurebatch":
        found |= _registry(configured, repository)
    return found


def is_pushed(executor: str, configured: Mapping[str, Any], deployed: Mapping[str, Any]) -> bool:
    """Whether somebody has named an image by its digest since ``covalent deploy`` wrote these settings, as ``covalent image push`` does."""
    image = configured.get(SETTINGS[executor], "")
    return "@sha256:" in image and image != deployed.get(SETTINGS[executor])


def without(executor: str, configured: Mapping[str, Any], repository: str) -> dict[str, None]:
    """What takes out an image that lay in a repository that is gone.

    :param repository: as ``covalent deploy`` made it; empty if it made none
    """
    image = SETTINGS[executor]
    if not repository or not configured.get(image, "").startswith(
        (f"{repository}/", f"{repository}@", f"{repository}:")
    ):
        return {}
    registries = ("registry",) if configured.get("registry") == repository else ()
    return dict.fromkeys((image, *registries))


def _registry(configured: Mapping[str, Any], repository: Repository) -> dict[str, Any]:
    """With which identity nodes sign in: one of their own, in registries of Azure's only. Otherwise what the pool says holds."""
    identity = str(configured.get("registry_identity") or configured.get("user_assigned_identity") or "")
    if repository.executor == "azurebatch" and identity.startswith("/"):
        return {"registry": repository.host.lower()} if configured.get("registry") != repository.host else {}
    return {name: None for name in ("registry", "registry_identity") if name in configured}
