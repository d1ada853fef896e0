"""A library function that answers with a report made by hand, so that only the command line is tested."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pcapdiag.report.model import Report
from tests.report import samples


@dataclass
class Library:
    """What stands in for ``pcapdiag.analyze.analyze``: give it a report; it remembers how it was called."""

    report: Report = field(default_factory=samples.report)
    calls: list[dict[str, Any]] = field(default_factory=list)
    during: Callable[[dict[str, Any]], None] = lambda _: None

    def analyze(self, paths: tuple[str, ...], **options: Any) -> SimpleNamespace:
        """Remember the call, stream the findings, give the report."""
        self.calls.append({"paths": paths, **options})
        self.during(options)
        if options["on_finding"]:
            for finding in self.report.findings:
                options["on_finding"](finding, self.report)
        analysis = SimpleNamespace(report=self.report)
        analysis.detailed = lambda **_: analysis
        analysis.counterfactual = lambda cause, _: cause.counterfactual
        return analysis


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """The library, replaced."""
    made = Library()
    module = ModuleType("pcapdiag.analyze")
    module.analyze = made.analyze  # type: ignore[attr-defined]  # a module is a bag of names
    monkeypatch.setitem(sys.modules, "pcapdiag.analyze", module)
    for name in ("NO_COLOR", "COLUMNS", "PCAPDIAG_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return made
