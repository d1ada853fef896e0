"""IDLE108 farewell-reset: harmless, whatever else holds, and how sure it is that it was a goodbye."""

from __future__ import annotations

from pcapdiag.engine.types import Bound, Fin, Outcome
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import MS, T0, S, ref
from tests.rules.cases import abort, reset, rst, verdict

QUIT = {"payload": b"QUIT\r\n", "length": 6}


def test_by_content_and_fin() -> None:
    """A quit command and its sender's FIN at once: certain."""
    finding = verdict(reset(own_fin=ref(15, T0 + MS), **QUIT))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE108", Severity.HARMLESS, Confidence.CERTAIN)
    assert finding.reasons[:2] == ("what was sent: QUIT, 6 bytes", "frame 15: its sender's own FIN came 1 ms after it")
    carried = verdict(reset(own_fin=ref(14), **QUIT))
    assert carried.reasons[1] == "it carries its sender's own FIN"


def test_by_content_alone() -> None:
    """Without the FIN it is likely; a TLS alert needs none."""
    finding = verdict(reset(**QUIT))
    assert (finding.rule, finding.confidence) == ("IDLE108", Confidence.LIKELY)
    assert finding.against == ("no FIN of its sender followed within 10 ms",)
    alert = verdict(reset(payload=b"\x15\x03\x03\x00\x1a" + bytes(25), length=31))
    assert (alert.confidence, alert.against) == (Confidence.CERTAIN, ())


def test_by_size() -> None:
    """A short message and its FIN at once: only possible, and the finding says why."""
    finding = verdict(reset(own_fin=ref(15, T0 + MS), payload=b"\0\1\2", length=31))
    assert (finding.rule, finding.confidence) == ("IDLE108", Confidence.POSSIBLE)
    assert finding.reasons[0] == "what was sent: unknown content, 31 bytes"
    assert finding.against == ("only the FIN right behind it says so: a request whose sender closes its half at once looks the same",)


def test_whatever_else_holds() -> None:
    """After a FIN, acknowledged, pushed, or as a late answer: a goodbye harms nobody."""
    assert verdict(reset(fin=Fin.SEEN, peer_fin=ref(12, T0 - S), fin_acknowledged=True, **QUIT)).rule == "IDLE108"
    assert verdict(reset(abort(), **QUIT)).rule == "IDLE108"
    assert verdict(reset(sender="server", last_speaker="server", **QUIT)).rule == "IDLE108"
    assert verdict(reset(sender="server", last_speaker="client", **QUIT)).rule == "IDLE108"


def test_what_it_does_not_prove() -> None:
    """Missed traffic and a RST at another number: not proved, as everywhere; behind a FIN, one further is right."""
    assert not verdict(reset(outcome=Outcome.UNDECIDED, missed=(9, 0), bound=Bound.UPPER, **QUIT)).proved
    assert not verdict(reset(rst(seq=4243), **QUIT)).proved
    assert verdict(reset(rst(seq=4243), fin=Fin.SEEN, peer_fin=ref(12, T0 - MS), **QUIT)).proved
    assert verdict(reset(abort(seq=9000), **QUIT)).proved
