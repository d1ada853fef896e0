"""CTX202 refused: a RST to a SYN."""

from __future__ import annotations

from pcapdiag.engine.types import Fin, WakeKind
from pcapdiag.rules.types import Confidence, Severity
from tests.rules.cases import abort, rst, verdict, without_idle


def test_a_refusal() -> None:
    """A RST that acknowledges the SYN refuses it; one that does not is only likely meant for it."""
    facts = {"kind": WakeKind.SYN, "length": 0, "fin": Fin.UNSEEN}
    finding = verdict(without_idle(answer=abort(window=0, timestamps=False), **facts))
    assert (finding.rule, finding.severity, finding.confidence) == ("CTX202", Severity.CONTEXT, Confidence.CERTAIN)
    assert finding.reasons == ("the RST came 20 ms after the SYN and acknowledges it",)
    odd = verdict(without_idle(answer=rst(), **facts))
    assert (odd.rule, odd.confidence) == ("CTX202", Confidence.LIKELY)
    assert odd.against == ("the RST came 20 ms after the SYN, but does not acknowledge it",)
