"""Where a task's last attempt is or was, as its executor tells it to people."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CovalentError
from ..model import Requested, ServiceJob, TaskRef
from .details import Seen
from .keepers import Keepers
from .threads import StoreThreads

if TYPE_CHECKING:
    from .groups import GroupDriver

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """What is known of where an attempt runs; None where its executor does not say."""

    requested: Requested | None = None
    job: ServiceJob | None = None


async def find_placement(
    threads: StoreThreads, keepers: Keepers, dispatch_id: str, attempts: Sequence[Seen], driver: GroupDriver | None
) -> Placement:
    """The place of the last attempt.

    :param driver: what drives it now, if that happens here
    """
    if not attempts or not attempts[-1].attempt.group_id:
        return Placement()
    last = attempts[-1].attempt
    try:
        known = await threads.read(threads.store.placement, dispatch_id, last.group_id)
        if known is None:
            return Placement(requested=driver.executor.requested() if driver else None)
        spec, handle = known
        executor = await keepers.make(spec)
        job = executor.job(handle, TaskRef(node_id=last.node_id, attempt=last.attempt))
        return Placement(requested=executor.requested(), job=job)
    except CovalentError as error:
        # Its plugin may be gone, or its settings may not be what they were: the task can be looked at all the same.
        log.info("the place of task %d of %s is not known: %s", last.node_id, dispatch_id, error)
        return Placement()
