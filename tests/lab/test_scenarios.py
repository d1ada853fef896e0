"""Scenarios of the lab, live: what the endpoints say was lost is what is found, no more, no less. A short choice, one of a kind."""

from __future__ import annotations

import pytest

import pcapdiag
from pcapdiag.lab.check import Found, differences
from pcapdiag.lab.running import happened
from pcapdiag.lab.scenarios import SCENARIOS, scenario
from tests.lab.live import live

#: The path forgets and resets a probe; it drops; the server forgets, aborts, closes in flight. About 12 s each.
SHORT = ("keepalive-too-slow", "silence-after-idle", "server-lost-sockets", "reset-after-accept", "fin-in-flight")


@pytest.mark.parametrize("name", SHORT)
@live()[0]
@live()[1]
def test_what_is_found_is_what_the_endpoints_saw(name: str) -> None:
    """Rule, connection, moment and gap of every finding are what an endpoint noted, in every capture of the run."""
    with happened(scenario(name)) as (truth, folder):
        for capture, captured in truth.captures.items():
            report = pcapdiag.analyze([folder / file for file in captured.files or (capture,)]).report
            assert report.unproved == ()
            found = [
                Found(f.rule, frozenset((str(p.connection.client), str(p.connection.server)) for p in (f.period, *f.twins)),
                      f.period.wake.first.ref.time, f.period.gap)
                for f in (*report.findings, *report.heartbeats, *report.harmless)
            ]  # fmt: skip
            assert differences(truth.expected(capture), found) == []
            assert truth.expected(capture)


def test_scenarios_have_names_and_sentences() -> None:
    """Each has a name of its own, says in a sentence what happens, and names a cure that exists."""
    names = [s.name for s in SCENARIOS]
    assert len(set(names)) == len(names)
    assert all(s.summary.endswith(".") and len(s.summary) < 110 for s in SCENARIOS)
    assert {s.cure for s in SCENARIOS} - {None} <= set(names)
