"""In CI, a test that was skipped for want of a system program is a failure: it would hide what it should prove."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.programs import REASON

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("default", **_COMMON)
# What lands must not depend on luck; looking for new failures is what a developer's own runs are for.
settings.register_profile("ci", derandomize=True, **_COMMON)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def _lacking(reporter: pytest.TerminalReporter) -> list[str]:
    reports = reporter.stats.get("skipped", [])
    return [str(r.longrepr[2]) for r in reports if isinstance(r.longrepr, tuple) and REASON in str(r.longrepr[2])]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests lacked a program."""
    if lacking := _lacking(terminalreporter):
        terminalreporter.write_line(f"{len(lacking)} tests skipped for want of a program: {', '.join(sorted(set(lacking)))}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn such skips into a failure where the environment promised the programs."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and _lacking(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
