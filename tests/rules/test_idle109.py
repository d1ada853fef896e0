"""IDLE109 late-answer-lost: how long the client had waited, and how the answer was lost."""

from __future__ import annotations

from pcapdiag.engine.types import Bound, Fin, Outcome
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import ACK, MS, RST, T0, S, ref
from tests.rules.cases import reset, rst, unanswered, unreachable, verdict

LATE = {"sender": "server", "last_speaker": "client", "gap": 400 * S}


def test_a_late_answer_that_was_reset() -> None:
    """The client had waited 400 s when the path answered in its place: certain."""
    finding = verdict(reset(**LATE))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE109", Severity.FAILURE, Confidence.CERTAIN)
    assert finding.reasons[0] == "the client spoke last: it had waited 400 s when the server answered"
    assert finding.reasons[-1].startswith("the RST is bare and takes its number from the late answer")


def test_a_late_answer_into_silence() -> None:
    """Repeated in vain, or met by an ICMP error: the same failure, with how it ended."""
    finding = verdict(unanswered(**LATE))
    assert (finding.rule, finding.confidence) == ("IDLE109", Confidence.CERTAIN)
    assert finding.reasons[-1] == "frame 18: the sender of the late answer gave up after 10 s"
    assert "host unreachable" in verdict(unreachable(3, 1, **LATE)).reasons[-1]


def test_a_short_answer_and_the_server_closes() -> None:
    """The client was waiting: a short answer before a FIN is an answer, and it is lost."""
    finding = verdict(reset(own_fin=ref(15, T0 + MS), payload=b"\0\1", length=31, **LATE))
    assert finding.rule == "IDLE109"
    assert finding.sent.farewell is None


def test_a_goodbye_is_no_answer() -> None:
    """What the server said into the silence was only a goodbye: harmless, under the rule for silence."""
    finding = verdict(unanswered(payload=b"\x15\x03\x03\x00\x1a", length=31, **LATE))
    assert (finding.rule, finding.severity) == ("IDLE102", Severity.HARMLESS)


def test_what_weakens_it() -> None:
    """A RST at another number, missed traffic, a client that was never captured."""
    assert not verdict(reset(rst(seq=1), **LATE)).proved
    missed = verdict(unanswered(**{**LATE, "outcome": Outcome.UNDECIDED, "missed": (1, 0), "bound": Bound.UPPER}))
    assert (missed.rule, missed.proved) == ("IDLE109", False)
    assert verdict(reset(fin=Fin.UNSEEN, **LATE)).confidence is Confidence.LIKELY


def test_a_form_that_does_not_tell_speaks_against_it() -> None:
    """An acknowledging RST with window 0 and without the connection's timestamps is as doubtful here as for a request."""
    finding = verdict(reset(rst(flags=RST | ACK, acknowledges=True), **LATE))
    assert (finding.rule, finding.confidence) == ("IDLE109", Confidence.LIKELY)
    assert finding.against == (
        "the RST acknowledges the late answer, but with window 0 and without the timestamps that were negotiated: its form does "
        "not tell who sent it",
    )
