"""What the command line says."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ...errors import EmulatorError, hint
from .batch import BatchSettings, PoolSettings
from .identity.principals import Application, Principal, by_id
from .settings import AzureSettings

_NO_IDENTITY: Final = "none"


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


#: Words with a value, by what they set.
_NUMBERS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "nodes": ("nodes", _count),
    "spot": ("spot_nodes", _count),
    "slots": ("slots_per_node", _count),
    "vcpus": ("vcpus", float),
    "memory": ("memory_mib", _count),
}
_TROUBLES: Final = {
    "resize-error": "The pool could not be resized.",
    "autoscale-error": "The pool's formula could not be evaluated.",
}
_WORDS: Final = (*_NUMBERS, *_TROUBLES, "identity", "no-containers")


def settings_of(
    *,
    batch_account: str,
    pools: Sequence[str],
    quota: int,
    container: Sequence[str],
    tenant: str,
    client: Principal,
    secret: str,
    identities: Sequence[Principal],
    token_lifetime: int,
    slots: int | None,
    **others: Any,
) -> AzureSettings:
    """
    :param pools: as :func:`parse_pool` takes them
    :param slots: machines of pools that do not say how many; None stands for the number of processors
    :param others: go into the settings as they are
    :raises EmulatorError: if a pool is none
    """
    nodes = slots or os.cpu_count() or 1
    return AzureSettings(
        batch=BatchSettings(
            account=batch_account,
            active_jobs=quota,
            pools=[parse_pool(text, identities, nodes) for text in pools],
        ),
        blob_containers=container,
        application=Application(tenant_id=tenant, principal=client, secret=secret),
        identities=identities,
        token_lifetime_s=token_lifetime,
        slots=slots,
        **others,
    )


def parse_pool(text: str, identities: Sequence[Principal], nodes: int) -> PoolSettings:
    """``NAME`` or ``NAME=WORD,…``.

    ==========================  =================================================================================
    ``nodes:N``, ``spot:N``     machines, dedicated ones and ones that can be taken back
    ``slots:N``                 task slots of each
    ``vcpus:N``, ``memory:MIB``  what each has
    ``identity:ID``             a managed identity that it has; the first of all unless given, ``none`` for none
    ``no-containers``           it was made without container support
    ``resize-error:CODE``       it could not be resized
    ``autoscale-error:CODE``    its formula could not be evaluated
    ==========================  =================================================================================

    :param identities: those that exist
    :param nodes: dedicated machines of one that does not say
    :raises EmulatorError: if it is something else
    """
    name, separator, given = text.partition("=")
    if not name:
        raise EmulatorError(f"{text!r} is no pool. Write NAME or NAME=WORD,…")
    values: dict[str, Any] = {"nodes": nodes}
    assigned: list[str] = []
    for each in given.split(",") if separator else ():
        word, _, value = each.strip().partition(":")
        if word == "identity":
            assigned.append(value)
        else:
            values |= _value(word, value, values)
    assigned = assigned or [identity.client_id for identity in identities[:1]]
    assigned = [each for each in assigned if each != _NO_IDENTITY]
    for each in assigned:
        if each.lower() not in by_id(identities):
            raise EmulatorError(
                f"The pool {name!r} has the identity {each!r}, which does not exist. Add --identity {each}."
            )
    return PoolSettings(id=name, identities=assigned, **values)


def _value(word: str, value: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """What a word sets.

    :param before: what the words before it have set
    """
    if word == "no-containers":
        return {"has_containers": False}
    if word in _TROUBLES:
        if not value:
            raise EmulatorError(f"A pool has no {word!r} without a code. Write {word}:CODE.")
        trouble = f"{value}: {_TROUBLES[word]}"
        if word == "autoscale-error":
            return {"autoscale_error": trouble}
        return {"resize_errors": [*before.get("resize_errors", ()), trouble]}
    if word in _NUMBERS:
        name, convert = _NUMBERS[word]
        try:
            return {name: convert(value)}
        except ValueError as error:
            raise EmulatorError(f"A pool's {word} is a number, not {value!r}.") from error
    raise EmulatorError(f"A pool has no {word!r}.{hint(word, _WORDS)} Known are {', '.join(_WORDS)}.")
