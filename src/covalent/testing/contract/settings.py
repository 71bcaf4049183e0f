"""Cases: settings travel as plain JSON, and nothing is kept that nobody needs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ...errors import ConfigError, ExecutorError
from ...states import Status
from ..harness import LOOK_S
from .faults import Faults
from .lab import Lab

UNKNOWN = "no_such_setting"


class SettingsCases:
    def test_its_settings_survive_the_way_through_json(self, lab: Lab) -> None:
        executor = lab.made()
        settings = executor.to_dict()
        again = type(executor).from_options(json.loads(json.dumps(settings, allow_nan=False)))
        assert again.to_dict() == settings
        assert again.retry_budget() == executor.retry_budget()

    def test_an_unknown_setting_is_refused_by_name(self, lab: Lab) -> None:
        with pytest.raises(ExecutorError, match=UNKNOWN):
            lab.made(**{UNKNOWN: 1})

    def test_an_unknown_key_in_the_configuration_is_refused_by_name(self, lab: Lab) -> None:
        with pytest.raises(ConfigError, match=UNKNOWN):
            type(lab.made()).check_setting(UNKNOWN, 1)

    def test_a_handle_is_plain_json(self, lab: Lab, tmp_path: Path) -> None:
        run = lab.run(lab.task(lambda: 1, executor=lab.dying(tmp_path)))
        assert run.value == 1
        (handle,) = (tmp_path / "handles").read_text().splitlines()
        assert json.loads(handle) is not None

    def test_a_dispatch_that_is_deleted_leaves_nothing_elsewhere(self, lab: Lab, faults: Faults) -> None:
        before = faults.kept()
        run = lab.run(lab.task(lambda: bytes(100_000)))
        assert run.result.status is Status.COMPLETED
        assert faults.kept() - before
        lab.delete(run)
        deadline = time.monotonic() + lab.limits.patience_s
        while left := faults.kept() - before:
            assert time.monotonic() < deadline, f"still there: {sorted(left)[:10]}"
            time.sleep(LOOK_S)
