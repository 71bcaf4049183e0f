"""Executors by name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import covalent.executor
from covalent.errors import ExecutorError, UnknownExecutorError
from covalent.executor.base import AsyncBaseExecutor
from covalent.executor.local import LocalExecutor
from covalent.executor.registry import get_executor, known_executors

PLUGIN = """
from covalent.executor.base import AsyncBaseExecutor

class PearExecutor(AsyncBaseExecutor):
    short_name = "pear"
    def __init__(self, ripe=False):
        self.ripe = ripe
    async def send(self, refs, resources, metadata): ...
    async def poll(self, metadata, handle): ...
    async def receive(self, metadata, data): return []
    async def cancel(self, metadata, refs, handle): return False

EXECUTOR_PLUGIN_NAME = "PearExecutor"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a plugin: what its module holds, and what its entry point names."""

    def install(source: str, value: str) -> None:
        (tmp_path / "pear_plugin.py").write_text(source)
        metadata = tmp_path / "pear_plugin-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pear-plugin\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[covalent.executor.executor_plugins]\npear = {value}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "pear_plugin", raising=False)
        importlib.invalidate_caches()

    return install


def test_the_local_executor_is_built_in() -> None:
    executor = get_executor("local", {"retries": 3})
    assert isinstance(executor, LocalExecutor)
    assert executor.retry_budget() == 3
    assert "local" in known_executors()
    assert covalent.executor.LocalExecutor is LocalExecutor
    assert "LocalExecutor" in dir(covalent.executor)


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownExecutorError, match=r"no executor 'locl'. Did you mean 'local'"):
        get_executor("locl", {})


def test_an_unknown_class_is_refused_with_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no executor class 'NoSuchExecutor'.*local"):
        _ = covalent.executor.NoSuchExecutor


def test_wrong_settings_name_the_executor() -> None:
    with pytest.raises(ExecutorError, match=r"'local'.*colour"):
        get_executor("local", {"colour": "red"})


@pytest.mark.parametrize("value", ["pear_plugin", "pear_plugin:PearExecutor"])
def test_a_plugin_is_found_by_its_entry_point(plugin: Callable[[str, str], None], value: str) -> None:
    plugin(PLUGIN, value)
    assert "pear" in known_executors()
    executor = get_executor("pear", {"ripe": True})
    assert isinstance(executor, AsyncBaseExecutor)
    assert executor.to_dict() == {"ripe": True}
    assert covalent.executor.PearExecutor is type(executor)
    del covalent.executor.PearExecutor


@pytest.mark.parametrize(
    ("source", "value", "complaint"),
    [
        ("import no_such_module_here", "pear_plugin", "No module named 'no_such_module_here'"),
        ("x = 1", "pear_plugin", "EXECUTOR_PLUGIN_NAME"),
        ("x = 1", "pear_plugin:x", "no subclass of"),
        ("class PearExecutor: pass", "pear_plugin:PearExecutor", "no subclass of"),
    ],
)
def test_a_broken_plugin_is_named_with_its_reason(
    plugin: Callable[[str, str], None], source: str, value: str, complaint: str
) -> None:
    plugin(source, value)
    with pytest.raises(ExecutorError, match=rf"'pear'.*{complaint}"):
        get_executor("pear", {})


def test_a_broken_plugin_does_not_touch_the_others(plugin: Callable[[str, str], None]) -> None:
    plugin("import no_such_module_here", "pear_plugin")
    with pytest.raises(AttributeError, match=r"no executor class 'PearExecutor'.*no_such_module_here"):
        _ = covalent.executor.PearExecutor
    assert isinstance(get_executor("local", {}), LocalExecutor)
    assert covalent.executor.LocalExecutor is LocalExecutor


def test_a_mistyped_option_is_refused_with_the_nearest():
    with pytest.raises(ExecutorError, match=r"has no setting 'timelimit'\. Did you mean 'time_limit'\?"):
        get_executor("local", {"timelimit": 3})
