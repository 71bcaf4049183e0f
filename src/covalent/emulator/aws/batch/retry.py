"""Whether a failed attempt is followed by another.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .wording import rejected

MAX_ATTEMPTS: Final = 10
_MAX_CONDITIONS: Final = 5
_MAX_PATTERN_CHARS: Final = 512
_FIELDS: Final = ("onStatusReason", "onReason", "onExitCode")
_EXIT_CODE: Final = re.compile(r"\d*\*?")
_NOT_IN_PATTERN: Final = re.compile(r"[^A-Za-z0-9.:\s*]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How an attempt failed, as conditions see it."""

    status_reason: str
    reason: str
    exit_code: int | None


def check_strategy(strategy: Mapping[str, Any]) -> None:
    """:raises RefusalError: if a ``retryStrategy`` is one that AWS Batch does not take"""
    attempts, conditions = strategy.get("attempts"), strategy.get("evaluateOnExit", [])
    if attempts is None and conditions:
        raise rejected("RetryStrategy attempts must be specified if evaluateOnExit is specified.")
    if attempts is not None and not 1 <= attempts <= MAX_ATTEMPTS:
        raise rejected(f"RetryStrategy attempts must be between 1 and {MAX_ATTEMPTS}.")
    if len(conditions) > _MAX_CONDITIONS:
        raise rejected(f"EvaluateOnExit must have at most {_MAX_CONDITIONS} conditions.")
    for condition in conditions:
        _check_condition(condition)


def _check_condition(condition: Mapping[str, Any]) -> None:
    if condition.get("action", "").upper() not in ("RETRY", "EXIT"):
        raise rejected("EvaluateOnExit action must be RETRY or EXIT.")
    patterns = [condition[field] for field in _FIELDS if field in condition]
    if not patterns:
        raise rejected(f"EvaluateOnExit must have at least one of {', '.join(_FIELDS)}.")
    if any("*" in pattern[:-1] or len(pattern) > _MAX_PATTERN_CHARS for pattern in patterns):
        raise rejected("EvaluateOnExit patterns can hold an asterisk only at their end, and at most 512 characters.")
    if any(_NOT_IN_PATTERN.search(condition.get(field, "")) for field in ("onStatusReason", "onReason")):
        raise rejected("EvaluateOnExit patterns can hold only letters, numbers, periods, colons and white space.")
    if not _EXIT_CODE.fullmatch(condition.get("onExitCode", "*")):
        raise rejected("EvaluateOnExit onExitCode can hold only numbers, and an asterisk at its end.")


def wants_again(strategy: Mapping[str, Any], attempts: int, failure: Failure) -> bool:
    """Whether a job that has had so many attempts, of which the last has failed in this way, gets another."""
    if attempts >= strategy.get("attempts", 1):
        return False
    values = {
        "onStatusReason": failure.status_reason,
        "onReason": failure.reason,
        "onExitCode": "" if failure.exit_code is None else str(failure.exit_code),
    }
    for condition in strategy.get("evaluateOnExit", ()):
        if all(_matches(condition[field], value) for field, value in values.items() if field in condition):
            return str(condition["action"]).upper() == "RETRY"
    return True


def _matches(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
