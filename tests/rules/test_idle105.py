"""IDLE105 probe-reset: what a probe found out, and how sure that is."""

from __future__ import annotations

from pcapdiag.engine.types import Fin
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import S
from tests.rules.cases import probe, rst, verdict


def test_a_probe_that_was_reset() -> None:
    """A connection was lost, and nothing with it: certain, with the silence that the path did not outlive."""
    finding = verdict(probe(silence_first=60 * S))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE105", Severity.LOSS, Confidence.CERTAIN)
    assert finding.reasons[1:] == (
        "the probe came 60 s after the last segment that was answered",
        "the probe's ACK number excludes that the sender had processed a FIN",
        "the RST is bare and takes its number from the probe: its sender knows no such connection",
        "the probe was sent 3 times within 30 s",
    )


def test_a_rst_to_something_else() -> None:
    """A RST at another number than the probe's ACK answers another segment: not proved."""
    finding = verdict(probe(answer=rst(seq=1)))
    assert (finding.rule, finding.proved, finding.confidence) == ("IDLE105", False, Confidence.POSSIBLE)


def test_a_fin_speaks_against_it() -> None:
    """A peer that had closed: the probe found the end of a connection, not a timeout."""
    finding = verdict(probe(fin=Fin.INFERRED))
    assert (finding.rule, finding.confidence) == ("IDLE105", Confidence.LIKELY)
    assert "a FIN, most likely" in finding.against[0]
