"""IDLE106 probe-unanswered: how many, and who gave up."""

from __future__ import annotations

from pcapdiag.engine.types import Bound, Outcome
from pcapdiag.rules.catalogue import judge
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import T0, S, ref
from tests.rules.cases import probe, unreachable, verdict


def test_probes_without_answer() -> None:
    """How many, and whether the prober gave up; with the capture's end nobody did."""
    facts = {"outcome": Outcome.UNANSWERED, "answer": None, "ended": ref(19, T0 + 45 * S)}
    finding = verdict(probe(**facts))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE106", Severity.LOSS, Confidence.CERTAIN)
    assert "the probe was sent 3 times within 30 s" in finding.reasons
    assert finding.reasons[-1] == "frame 19: the sender of the probe gave up after 45 s"
    cut = verdict(probe(cut_short=True, **facts))
    assert not any("gave up" in reason for reason in cut.reasons)
    assert cut.confidence is Confidence.LIKELY


def test_probes_and_an_icmp_error() -> None:
    """A router that says so is named."""
    finding = verdict(probe(outcome=Outcome.UNREACHABLE, answer=unreachable(3, 1).answer))
    assert finding.rule == "IDLE106"
    assert "host unreachable" in finding.reasons[-1]


def test_missed_traffic_among_probes() -> None:
    """The probe's numbers show that traffic was missed: not proved; and one probe alone is nobody's."""
    missed = {"outcome": Outcome.UNDECIDED, "answer": None, "missed": (0, 5), "bound": Bound.UPPER}
    assert verdict(probe(**missed)).proved is False
    assert verdict(probe(**missed)).rule == "IDLE106"
    assert judge(probe(segments=1, **missed)) is None
