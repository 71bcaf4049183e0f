"""Decides what runs next. Pure: events in, steps and commands out; no clock, no I/O, no randomness."""

from .messages import (
    Cancel,
    CancelAttempts,
    CancelChild,
    ChildEnded,
    Command,
    Due,
    Progress,
    RetryLater,
    SchedulerEvent,
    SendGroup,
    Start,
    StartChild,
    Turn,
)
from .policy import RetryPolicy
from .schedule import DispatchScheduler, group_name

__all__ = [
    "Cancel",
    "CancelAttempts",
    "CancelChild",
    "ChildEnded",
    "Command",
    "DispatchScheduler",
    "Due",
    "Progress",
    "RetryLater",
    "RetryPolicy",
    "SchedulerEvent",
    "SendGroup",
    "Start",
    "StartChild",
    "Turn",
    "group_name",
]
