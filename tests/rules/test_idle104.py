"""IDLE104 reset-in-silence: whose RST, after how long, whom it harms, and whether it answers a pure ACK."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.engine.types import Bound, Outcome
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import MS, RST, S, ref, segment
from tests.rules.cases import in_silence, verdict

BARE = replace(segment(ref(14), RST, 0), seq=900)


@pytest.mark.parametrize(
    ("sender", "last_speaker", "severity"),
    [
        ("server", "server", Severity.LOSS),
        ("server", None, Severity.LOSS),
        ("server", "client", Severity.FAILURE),
        ("client", "server", Severity.HARMLESS),
        ("client", None, Severity.HARMLESS),
        ("client", "client", Severity.LOSS),
    ],
)
def test_whom_it_harms(sender: str, last_speaker: str | None, severity: Severity) -> None:
    """A waiting client lost its answer; a client that drops what it does not use lost nothing; else a connection is lost."""
    finding = verdict(in_silence(sender=sender, last_speaker=last_speaker))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE104", severity, Confidence.CERTAIN)


def test_whose_and_after_how_long() -> None:
    """In whose name it was sent, after what silence and gap, and how long the client had waited."""
    finding = verdict(in_silence(last_speaker="client", silence=349 * S, gap=350 * S))
    assert finding.reasons == (
        "the RST is the server's by its addresses, 349 s after the last segment and 350 s after the last payload",
        "sequence and ACK numbers are continuous over the gap of 350 s",
        "the client spoke last: it had waited 350 s for an answer",
    )
    own = verdict(in_silence(sender="client", last_speaker="client", gap=30 * S))
    assert "the client spoke last, and gave up itself after 30 s" in own.reasons
    assert own.origin is not None


def test_it_answers_a_pure_ack() -> None:
    """A bare RST right behind the other side's ACK takes its number from there: its sender knows no such connection."""
    facts = {"first": BARE, "last_before": ref(13), "last_by": "client"}
    told = "it answers the pure ACK of frame 13, 40 ms before it"
    assert verdict(in_silence(silence=40 * MS, **facts)).reasons[-1].startswith(told)
    for other in ({"silence": 4 * S}, {"silence": 40 * MS, "last_by": "server"}, {"silence": 40 * MS, "first": segment(ref(14), RST | 16, 0)}):
        assert not verdict(in_silence(**{**facts, **other})).reasons[-1].startswith("it answers")


def test_a_number_that_jumped_proves_nothing() -> None:
    """The RST's own number shows that traffic was missed: what it ended was perhaps no silence."""
    finding = verdict(in_silence(outcome=Outcome.UNDECIDED, missed=(40, 0), bound=Bound.UPPER))
    assert (finding.rule, finding.proved, finding.confidence) == ("IDLE104", False, Confidence.POSSIBLE)
