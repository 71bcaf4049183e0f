"""What podman, docker, apt and pip say when something is wrong, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

#: Lines of what was said last that are repeated: all of them have been shown.
LAST_LINES: Final = 3

#: What :mod:`.check` says begins with it.
_OURS: Final = re.compile(r"covalent: (.*)")

_NETWORK: Final = (
    r"no such host|connection refused|i/o timeout|network is unreachable|Temporary failure (in name resolution|resolving)"
    r"|Could not resolve|TLS handshake timeout|server gave HTTP response to HTTPS client",
    "The network, or the registry, does not answer. Check the name and the network, and run the command again.",
)
_FULL: Final = (
    r"no space left on device",
    "The disk is full. 'podman system prune' or 'docker system prune' frees what is not used.",
)

_BUILDING: Final = (
    (
        r"certificate verify failed|x509: certificate signed by unknown authority",
        "Somebody between here and there replaces certificates. Make a base that trusts theirs, and name it with --base.",
    ),
    (
        r"--mount option requires BuildKit",
        "This docker has no buildx. Install it (on Debian and Ubuntu: docker-buildx), or podman.",
    ),
    _NETWORK,  # For which pip finds other words at the end.
    (
        r"python3: (command )?not found|\"python3\": executable file not found|stat python3",
        "The base has no python3. Name another --base, or add it: --apt python3 --apt python3-pip.",
    ),
    (
        r"apt-get: (command )?not found",
        "--apt needs a base made of Debian or Ubuntu. Name another --base, or leave --apt out.",
    ),
    (r"Unable to locate package|has no installation candidate|Version '.*' for '.*' was not found", "Correct --apt."),
    (
        r"No module named '?ensurepip|ensurepip is disabled",
        "The base's Python has no pip. Add it: --apt python3-pip.",
    ),
    (r"Cannot find command '?git", "Add it: --apt git."),
    (
        r"command '?\S*(gcc|cc|g\+\+)'? failed: No such file|unable to execute 'gcc'",
        "Add a compiler: --apt build-essential.",
    ),
    (
        r"No matching distribution found|Could not find a version that satisfies|ResolutionImpossible",
        "pip has not found these packages for that Python and kind of machine. Correct --pip, --requirements, --python or --platform.",
    ),
    (
        r"exec format error",
        "This machine cannot run programs of that kind of machine. Install emulation for it (on Debian: qemu-user-static), choose another "
        "--platform, or build where the machine is of that kind.",
    ),
    (
        r"(initializing source|pull access denied|failed to resolve source metadata).*"
        r"(unauthorized|denied|not found|manifest unknown|does not exist)|image not known|requested access to the resource is denied",
        "The base image cannot be had. Correct --base; for a private one, sign in first with '{program} login'.",
    ),
    _FULL,
)

_PUSHING: Final = (
    (
        r"name unknown|repository .*(not found|does not exist)|NAME_UNKNOWN",
        "Make that repository first, or correct --registry. 'covalent deploy up EXECUTOR --registry=true' makes one.",
    ),
    (
        r"immutable|cannot be overwritten",
        "There is another image under that tag, which the registry does not replace. Choose another --tag.",
    ),
    (
        r"unauthorized|authentication required|no basic auth credentials|denied|forbidden|invalid username/password|HTTP 40[13]",
        "Whoever pushes may not do that there. Check the credentials, and give them the right to push; in a registry of your own, use "
        "--username and --password-stdin, or sign in first with '{program} login'.",
    ),
    (
        r"unknown flag: --digestfile|digestfile",
        "This podman is too old to push from this machine. Install 4.6 or newer, or use --engine docker.",
    ),
    _NETWORK,
    _FULL,
)


def build_explained(program: str, lines: Sequence[str]) -> str:
    """Sentences on a build that failed, from what was printed last."""
    return _explained(f"{program} could not build the image", program, lines, _BUILDING)


def push_explained(program: str, lines: Sequence[str], target: str) -> str:
    """The same of a push."""
    return _explained(f"{program} could not push {target}", program, lines, _PUSHING)


def _explained(happened: str, program: str, lines: Sequence[str], remedies: Sequence[tuple[str, str]]) -> str:
    for line in reversed(lines):
        if ours := _OURS.search(line):
            return f"{happened}. {ours[1]}"
    said = "\n".join(line for line in lines if line.strip())
    what_to_do = next((todo for pattern, todo in remedies if re.search(pattern, said, re.IGNORECASE)), "")
    last = "\n".join(said.splitlines()[-LAST_LINES:])
    return f"{happened}:\n{last}\n{what_to_do.format(program=program)}".rstrip()
