"""The suite: all cases, and what they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from ..harness import Harness
from ..witness import witness
from .crash import CrashCases
from .data import DataCases
from .endings import EndingCases
from .environment import EnvironmentCases
from .failures import FailureCases
from .fan_out import FanOutCases
from .faults import Faults
from .lab import Lab, Limits
from .observed import ObservedExecutor
from .output import OutputCases
from .results import ResultCases
from .service import ServiceCases
from .settings import SettingsCases

NOTHING: Mapping[str, Any] = MappingProxyType({})


class ExecutorContract(
    ResultCases,
    FailureCases,
    OutputCases,
    DataCases,
    FanOutCases,
    EndingCases,
    EnvironmentCases,
    ServiceCases,
    CrashCases,
    SettingsCases,
):
    """Make a subclass whose name begins with ``Test``, and set or override what follows."""

    #: By what name the executor is known.
    short_name: ClassVar[str]

    #: Settings that it needs in a test; make it look often for news.
    options: ClassVar[Mapping[str, Any]] = NOTHING

    #: Where its class is, as ``module:Class``, if it is not installed as a plugin.
    entry_point: ClassVar[str] = ""

    #: How its setting is called that says how often a task runs again that failed by its own fault; None if it has none.
    retries_option: ClassVar[str | None] = "retries"

    #: How its setting is called that limits the seconds of an attempt; None if it has none.
    time_limit_option: ClassVar[str | None] = "time_limit"

    #: Whether its service starts a task again by itself whose host is gone, so that it remains the same attempt.
    makes_hosts_good: ClassVar[bool] = False

    #: Settings that name what does not exist, each with what it is about: ``{"bucket": {"bucket": "no-such-bucket"}}``.
    missing: ClassVar[Mapping[str, Mapping[str, Any]]] = NOTHING

    #: A requirement that is satisfied where tasks run.
    installed: ClassVar[str] = "pip"

    limits: ClassVar[Limits] = Limits(patience_s=60, time_limit_s=1, slots=None)

    #: An address of this machine that tasks can reach.
    witness_host: ClassVar[str] = "127.0.0.1"

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls) -> Mapping[str, str]:
        """Override it to give the server variables, and to start what they point to."""
        return {}

    @pytest.fixture(scope="class")
    @classmethod
    def faults(cls) -> Faults:
        """Override it to say what the executor's world can suffer."""
        return Faults()

    @pytest.fixture(scope="class")
    @classmethod
    def class_lab(cls, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
        """One server for all cases."""
        plugins = {ObservedExecutor.short_name: f"{ObservedExecutor.__module__}:{ObservedExecutor.__name__}"}
        if cls.entry_point:
            plugins[cls.short_name] = cls.entry_point
        home = tmp_path_factory.mktemp(cls.short_name)
        with (
            witness(cls.witness_host) as hears,
            Harness(home, environment=environment, plugins=plugins).running() as server,
        ):
            yield Lab(
                harness=server,
                witness=hears,
                short_name=cls.short_name,
                options=cls.options,
                retries_option=cls.retries_option,
                time_limit_option=cls.time_limit_option,
                limits=cls.limits,
            )

    @pytest.fixture
    def lab(self, class_lab: Lab) -> Iterator[Lab]:
        """The same, with nothing left over for the next case."""
        yield class_lab
        try:
            class_lab.clear_up()
        finally:
            class_lab.witness.forget()
