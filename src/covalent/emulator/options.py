"""Options of a container, as Google Batch and Azure Batch take them: flags of ``docker run``, of which those that limit it count here.

Source: https://docs.docker.com/reference/cli/docker/container/run/
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import Final

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", re.IGNORECASE)
_MIB: Final = {"": 2**-20, "b": 2**-20, "k": 2**-10, "m": 1, "g": 2**10, "t": 2**20}

#: Flags without a value.
_SWITCHES: Final = frozenset(
    re.findall(
        r"\S+",
        "detach init interactive no-healthcheck oom-kill-disable privileged publish-all read-only rm sig-proxy tty",
    )
)

#: Flags with a value that counts.
_APPLIED: Final = frozenset({"cpus", "entrypoint", "env", "memory", "shm-size"})

#: Flags with a value that make no difference to a job here.
_WITHOUT_EFFECT: Final = frozenset(
    re.findall(
        r"\S+",
        """
        add-host annotation blkio-weight cap-add cap-drop cgroup-parent cgroupns cidfile cpu-period cpu-quota cpu-rt-period
        cpu-rt-runtime cpu-shares cpuset-cpus cpuset-mems device device-cgroup-rule device-read-bps device-read-iops
        device-write-bps device-write-iops dns dns-option dns-search domainname expose gpus group-add health-cmd
        health-interval health-retries health-start-period health-timeout hostname ip ip6 ipc isolation kernel-memory label
        label-file link log-driver log-opt mac-address memory-reservation memory-swap memory-swappiness mount name network
        network-alias oom-score-adj pid pids-limit platform publish pull restart runtime security-opt stop-signal
        stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume volume-driver volumes-from workdir
        """,
    )
)
_SHORT: Final = {
    "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname", "i": "interactive", "l": "label", "m": "memory",
    "p": "publish", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip


@dataclass(kw_only=True, slots=True)
class Options:
    memory_mib: int | None = None
    shared_memory_mib: int | None = None
    cpus: float | None = None
    has_init: bool = False
    entrypoint: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def parse_options(text: str) -> Options:
    """:raises ValueError: with what docker says, if it does not take them"""
    options, words = Options(), shlex.split(text)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            raise ValueError(f"unknown argument in options: {word}")
        name, separator, value = word.partition("=")
        name = name.removeprefix("--") if name.startswith("--") else _SHORT.get(name[1:], name)
        if name in _SWITCHES:
            options.has_init |= name == "init" and value != "false"
            continue
        if name not in _APPLIED and name not in _WITHOUT_EFFECT:
            raise ValueError(f"unknown flag: {word.partition('=')[0]}")
        if not separator:
            if not words:
                raise ValueError(f"flag needs an argument: {word}")
            value = words.pop(0)
        _apply(options, name, value)
    return options


def _apply(options: Options, name: str, value: str) -> None:
    match name:
        case "memory":
            options.memory_mib = _mib(name, value)
        case "shm-size":
            options.shared_memory_mib = _mib(name, value)
        case "cpus":
            try:
                options.cpus = float(value)
            except ValueError:
                raise ValueError(f'invalid argument "{value}" for "--{name}" flag') from None
        case "entrypoint":
            options.entrypoint = value
        case "env":
            variable, _, content = value.partition("=")
            options.environment[variable] = content


def _mib(name: str, value: str) -> int:
    found = _SIZE.fullmatch(value)
    if found is None:
        raise ValueError(f'invalid argument "{value}" for "--{name}" flag: invalid size: \'{value}\'')
    return max(1, int(float(found[1]) * _MIB[found[2].lower()]))
