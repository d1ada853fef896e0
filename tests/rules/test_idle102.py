"""IDLE102 silence-after-idle: what it says, how sure it is, and whom it harms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.engine.types import Bound, Endpoint, Fin, Outcome
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import T0, S, connection, ref
from tests.rules.cases import unanswered, unreachable, verdict


def test_the_sender_gave_up() -> None:
    """Four transmissions, nothing back, and the sender's own end: certain."""
    finding = verdict(unanswered())
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE102", Severity.FAILURE, Confidence.CERTAIN)
    assert finding.reasons[2:] == (
        "the request was sent 4 times within 1.4 s",
        "frame 18: the sender of the request gave up after 10 s",
    )
    assert finding.origin is None


def test_the_capture_ended_first() -> None:
    """Nobody gave up where only the capture ended: not said, and the capture's rule weakens it."""
    finding = verdict(unanswered(cut_short=True))
    assert not any("gave up" in reason for reason in finding.reasons)
    assert finding.confidence is Confidence.LIKELY
    assert [d.code for d in finding.doubts] == ["CAP905"]


@pytest.mark.parametrize(
    ("icmp_type", "code", "server", "words"),
    [
        (3, 13, "10.0.0.1", "communication administratively prohibited (type 3, code 13)"),
        (3, 1, "10.0.0.1", "host unreachable (type 3, code 1)"),
        (3, 77, "10.0.0.1", "destination unreachable (type 3, code 77)"),
        (1, 1, "2001:db8::2", "communication administratively prohibited (type 1, code 1)"),
        (1, 3, "2001:db8::2", "address unreachable (type 1, code 3)"),
    ],
)
def test_an_icmp_error_is_named(icmp_type: int, code: int, server: str, words: str) -> None:
    """An ICMP error is named in its RFC's words, with type and code; ICMPv6 has other codes."""
    finding = verdict(unreachable(icmp_type, code, connection=connection(server=Endpoint(server, 443))))
    assert finding.rule == "IDLE102"
    assert finding.reasons[-1] == f"frame 15: an ICMP error that quotes the request came 2 ms after it: {words}"


def test_a_goodbye_into_silence_harms_nobody() -> None:
    """A farewell that was never answered is said, and harmless."""
    assert verdict(unanswered(payload=b"QUIT\r\n", length=6)).severity is Severity.HARMLESS


@pytest.mark.parametrize(
    ("fin", "peer_fin", "against"),
    [
        (Fin.SEEN, ref(12, T0 - 5 * S), "frame 12: the peer had sent FIN, 5 s before the request"),
        (Fin.SEEN, ref(15, T0 + S), "frame 15: the peer had sent FIN, 1 s after the request"),
        (Fin.INFERRED, None, "the request's ACK number covers one more than the peer was seen to send: a FIN, most likely"),
        (Fin.UNSEEN, None, "the peer was not captured before the request: a FIN is not excluded"),
    ],
)
def test_a_fin_speaks_against_a_timeout(fin: Fin, peer_fin: object, against: str) -> None:
    """A peer that had closed, or may have, is named: silence after that is no idle timeout."""
    finding = verdict(unanswered(fin=fin, peer_fin=peer_fin))
    assert (finding.rule, finding.confidence, finding.against) == ("IDLE102", Confidence.LIKELY, (against,))


def test_missed_traffic_proves_nothing() -> None:
    """Traffic was missed: the answer may have been among it."""
    p = unanswered(outcome=Outcome.UNDECIDED, missed=(0, 9), bound=Bound.UPPER, fin=Fin.UNSEEN)
    finding = verdict(p)
    assert (finding.rule, finding.proved, finding.confidence) == ("IDLE102", False, Confidence.POSSIBLE)
    icmp = unreachable(3, 1)
    assert verdict(replace(icmp, outcome=Outcome.UNDECIDED, missed=(1, 0))).proved is False
