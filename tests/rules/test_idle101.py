"""IDLE101 reset-after-idle: what it says, how sure it is, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.engine.types import Bound, Fin, IdlePeriod, Outcome
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import ACK, MS, RST, T0, period, ref
from tests.rules.cases import reset, rst, verdict


def test_the_plain_case_is_certain() -> None:
    """Continuous numbers, no FIN possible, a bare RST at the request's ACK number: certain, with these reasons."""
    finding = verdict(reset())
    assert (finding.rule, finding.confidence, finding.proved) == ("IDLE101", Confidence.CERTAIN, True)
    assert finding.severity is Severity.FAILURE
    assert finding.reasons == (
        "sequence and ACK numbers are continuous over the gap of 350.104 s",
        "the request's ACK number excludes that the sender had processed a FIN",
        "the RST is bare and takes its number from the request: its sender knows no such connection",
    )
    assert finding.against == ()


def test_a_push_is_called_a_push() -> None:
    """What was sent is called by its name, and how often it was sent is said."""
    finding = verdict(reset(sender="server", last_speaker="server", retransmissions=2, last_sent=ref(16, T0 + 600 * MS)))
    assert finding.rule == "IDLE101"
    assert "the push was sent 3 times within 600 ms" in finding.reasons


def test_a_fin_that_is_not_excluded() -> None:
    """Without the peer's segments a FIN is not excluded: likely at most."""
    finding = verdict(reset(fin=Fin.UNSEEN))
    assert finding.confidence is Confidence.LIKELY
    assert finding.against == ("the peer was not captured before the request: a FIN is not excluded",)


@pytest.mark.parametrize(
    "p",
    [
        reset(rst(seq=4243)),
        reset(missed=(500, 0), bound=Bound.UPPER, outcome=Outcome.UNDECIDED),
        reset(missed=(0, 7), bound=Bound.UPPER, fin=Fin.UNSEEN, outcome=Outcome.UNDECIDED),
    ],
    ids=["another number", "missed of the sender", "missed of the peer"],
)
def test_what_is_not_proved(p: IdlePeriod) -> None:
    """A RST that answers another segment, or missed traffic: possible, not proved, and the capture's rule says why."""
    finding = verdict(p)
    assert (finding.rule, finding.confidence, finding.proved) == ("IDLE101", Confidence.POSSIBLE, False)
    assert "CAP903" in [d.code for d in finding.doubts]


def test_an_acknowledgement_that_no_socket_of_the_connection_sends() -> None:
    """RST,ACK that covers the request with window 0 and without the negotiated timestamps: who sent it is open, likely at most."""
    finding = verdict(reset(rst(flags=RST | ACK, acknowledges=True)))
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.LIKELY)
    assert finding.against == (
        "the RST acknowledges the request, but with window 0 and without the timestamps that were negotiated: its form does "
        "not tell who sent it",
    )
    unknown = replace(period().peer, timestamps=None)
    assert verdict(reset(rst(flags=RST | ACK, acknowledges=True), peer=unknown)).rule == "IDLE107"


def test_a_peer_that_goes_on() -> None:
    """The RST's side acknowledged the request after the RST: it had forgotten nothing."""
    finding = verdict(reset(rst(went_on=ref(16, T0 + 30 * MS))))
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.LIKELY)
    assert finding.against == ("frame 16: after the RST the peer went on with the connection, so it had not forgotten it",)


def test_an_abort_that_crossed_the_request() -> None:
    """RST,ACK of a live socket that does not cover the request was sent before it arrived: no timeout is behind that."""
    finding = verdict(reset(rst(flags=RST | ACK, window=501, timestamps=True)))
    assert (finding.rule, finding.confidence) == ("IDLE101", Confidence.LIKELY)
    assert "it may have crossed the request in flight" in finding.against[0]


def test_a_live_window_is_no_stranger_s() -> None:
    """Who holds no connection has no window to tell: a bare RST with one is not said to be a stranger's."""
    for window, strange in ((0, True), (501, False)):
        reasons = verdict(reset(rst(window=window))).reasons
        assert any("its sender knows no such connection" in reason for reason in reasons) is strange
