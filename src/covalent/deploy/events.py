"""What the program reports while it works, one JSON object a line.

Source: Terraform's documentation, "Machine-Readable UI".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_DONE: Final = {"create": "made", "update": "changed", "delete": "removed"}
_DOING: Final = {"create": "making", "update": "changing", "delete": "removing"}

Tell = Callable[[str], None]


@dataclass
class Report:
    """Follows one command.

    :param expected: how many steps the plan has
    """

    tell: Tell
    verbose: bool = False
    expected: int = 0
    counts: Counter[str] = field(default_factory=Counter)  #: Steps that are planned, by action.
    errors: list[str] = field(default_factory=list)
    #: Addresses of what was begun to be made, and is not known to be there.
    unfinished: set[str] = field(default_factory=set)
    _ended: int = 0

    def __call__(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, Mapping):
            # A panic, or what a provider writes past everything.
            self._say_more(line)
            return
        match event.get("type"):
            case "diagnostic":
                self._diagnostic(event["diagnostic"])
            case "planned_change":
                self.counts[str(event["change"]["action"])] += 1
            case "apply_complete" if event["hook"].get("action") in _DONE:
                self._ended += 1
                self.unfinished.discard(event["hook"]["resource"]["addr"])
                self._step(event["hook"], _DONE)
            case "apply_start" | "apply_progress":
                self._begun(event["hook"])
            case _:
                self._say_more(str(event.get("@message", "")))

    def _begun(self, hook: Mapping[str, Any]) -> None:
        if hook["action"] == "create":
            self.unfinished.add(hook["resource"]["addr"])
        if self.verbose:
            self._step(hook, _DOING)

    def _step(self, hook: Mapping[str, Any], words: Mapping[str, str]) -> None:
        action = str(hook["action"])
        elapsed = hook.get("elapsed_seconds")
        took = f" ({elapsed:.0f} s)" if isinstance(elapsed, int | float) and elapsed >= 1 else ""
        self.tell(f"[{self._ended:>3}/{self.expected}] {words.get(action, action)} {hook['resource']['addr']}{took}")

    def _diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        text = _sentences(diagnostic)
        if diagnostic.get("severity") != "error":
            self.tell(f"Warning: {text}")
        elif text not in self.errors:
            self.errors.append(text)

    def _say_more(self, text: str) -> None:
        if self.verbose and text.strip():
            self.tell(text.rstrip())


def _sentences(diagnostic: Mapping[str, Any]) -> str:
    summary = str(diagnostic.get("summary", "")).strip().rstrip(".")
    detail = " ".join(str(diagnostic.get("detail") or "").split())
    where = f" [{diagnostic['address']}]" if diagnostic.get("address") else ""
    return f"{summary}.{where} {detail}".strip() if detail else f"{summary}.{where}"
