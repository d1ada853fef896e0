"""IDLE107 reset-after-accept: what shows that the peer had the connection."""

from __future__ import annotations

from dataclasses import replace

from pcapdiag.engine.types import Fin
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import ACK, MS, RST, T0, period
from tests.rules.cases import abort, reset, rst, verdict


def test_acknowledged_and_then_reset() -> None:
    """An ACK of the request, then the RST: both times are said; whatever number the RST has."""
    finding = verdict(reset(rst(T0 + 500 * MS, acknowledged=T0 + 43 * MS, seq=7)))
    assert (finding.rule, finding.severity, finding.confidence) == ("IDLE107", Severity.FAILURE, Confidence.CERTAIN)
    assert finding.proved
    assert finding.reasons[1] == "an ACK of the request came 43 ms after it, the RST 457 ms after that: the peer had the connection"


def test_the_rst_acknowledges_itself() -> None:
    """A live socket's RST,ACK that covers the request: with window and timestamps, certain."""
    finding = verdict(reset(abort()))
    assert (finding.rule, finding.confidence) == ("IDLE107", Confidence.CERTAIN)
    assert finding.reasons[1] == (
        "the RST acknowledges the request, 20 ms after it, with window 501 and timestamps: its sender had the connection"
    )


def test_a_form_that_cannot_tell() -> None:
    """Window 0, and no timestamps to miss: only the ACK number says so, likely, whether they are known to be unused, nothing is
    known of them, or the RST's options were cut off."""
    for negotiated, carried, why in (
        (False, False, "no timestamps were negotiated"),
        (None, False, "whether timestamps were negotiated is unknown"),
        (True, None, "its options were cut off"),
    ):
        peer = replace(period().peer, timestamps=negotiated)
        finding = verdict(reset(rst(flags=RST | ACK, acknowledges=True, timestamps=carried), peer=peer))
        assert (finding.rule, finding.confidence) == ("IDLE107", Confidence.LIKELY)
        assert finding.against == (
            f"the RST has window 0, and {why}: only its ACK number says that its sender knew the request, and a device without the "
            "connection may acknowledge what came all the same",
        )


def test_an_acknowledging_rst_from_nearer_than_the_peer() -> None:
    """Window 0 and no timestamps, sent three hops nearer: that speaks against the peer having had the request."""
    peer = replace(period().peer, timestamps=False, ttl=61, round_trip=None)
    finding = verdict(reset(rst(flags=RST | ACK, acknowledges=True, ttl=64), peer=peer))
    assert finding.against[1:] == ("it was sent by something nearer than the peer, so that the peer itself may never have had it",)
    assert finding.reasons[1].endswith("with window 0: its sender had the connection")


def test_a_late_answer_that_the_client_acknowledged_by_its_rst() -> None:
    """The client was there, and aborted: its answer was not lost on the way."""
    finding = verdict(reset(abort(), sender="server", last_speaker="client"))
    assert finding.rule == "IDLE107"
    assert "the RST acknowledges the late answer" in finding.reasons[1]


def test_without_the_peer_before() -> None:
    """Whether a FIN came before does not matter here: the peer had the connection when it took the request."""
    assert verdict(reset(abort(acknowledged=T0 + MS), fin=Fin.UNSEEN)).confidence is Confidence.CERTAIN
