"""Where jobs run: as processes of this machine, or in containers.

A host starts a :class:`~.base.Container`. What it gives back, :class:`~.running.Running`, is followed to its end by one thread.
"""

from __future__ import annotations

from .base import Host


def make_host(containers: str) -> Host:
    """
    :param containers: ``podman``, ``docker``, or ``none`` for processes
    :raises EmulatorError: if it cannot be used here
    """
    # Neither host needs what the other one needs.
    if containers == "none":
        from .processes import ProcessHost

        return ProcessHost()
    from .containers import ContainerHost

    return ContainerHost(containers)
