"""IDLE103 request-after-fin: crossed in flight, ignored, or not received, and how sure that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.engine.types import Fin
from pcapdiag.rules.types import Confidence
from tests.report.factory import MS, T0, S, period, ref
from tests.rules.cases import abort, reset, rst, verdict


def test_a_fin_that_was_ignored() -> None:
    """The request acknowledges the FIN: its sender's stack had it, and the finding says for how long."""
    finding = verdict(reset(fin=Fin.SEEN, peer_fin=ref(12, T0 - 290 * S), fin_acknowledged=True))
    assert (finding.rule, finding.confidence, finding.proved) == ("IDLE103", Confidence.CERTAIN, True)
    assert finding.reasons[1] == "ignored: the request acknowledges the FIN of frame 12, which came 290 s before it"


@pytest.mark.parametrize(
    ("after", "words"),
    [(5 * MS, "recorded 5 ms after it; a round trip from here to the peer takes at least 20 ms"),
     (-10 * MS, "recorded 10 ms before it; a round trip from here to the peer takes at least 20 ms")],
)  # fmt: skip
def test_crossed_in_flight(after: int, words: str) -> None:
    """The request does not acknowledge the FIN: how far apart they were, beside the round trip that makes it possible."""
    finding = verdict(reset(fin=Fin.SEEN, peer_fin=ref(13, T0 + after)))
    assert finding.rule == "IDLE103"
    assert finding.reasons[1] == f"crossed in flight: the request does not acknowledge the FIN of frame 13, {words}"


def test_a_round_trip_that_was_never_seen() -> None:
    """Then it is said to be unknown."""
    peer = replace(period().peer, round_trip=None)
    finding = verdict(reset(fin=Fin.SEEN, peer_fin=ref(13, T0 - MS), peer=peer))
    assert finding.reasons[1].endswith("takes an unknown time")


def test_a_fin_that_did_not_arrive() -> None:
    """Seconds before the request, and still not acknowledged: nothing is in flight for so long."""
    finding = verdict(reset(fin=Fin.SEEN, peer_fin=ref(13, T0 - 4 * S)))
    assert finding.reasons[1].startswith("not received: the request does not acknowledge the FIN of frame 13, recorded 4 s before it")


def test_a_fin_that_only_the_numbers_prove() -> None:
    """A missed FIN, or one missed byte: likely at most."""
    finding = verdict(reset(fin=Fin.INFERRED, fin_acknowledged=True))
    assert (finding.rule, finding.confidence) == ("IDLE103", Confidence.LIKELY)
    assert "may also be one byte" in finding.against[0]


def test_the_rst_may_stand_behind_the_fin() -> None:
    """The peer's FIN takes a number: a RST one past the request's ACK number answers it; one further does not."""
    facts = {"fin": Fin.SEEN, "peer_fin": ref(13, T0 - MS)}
    assert verdict(reset(rst(seq=4243), **facts)).proved
    assert not verdict(reset(rst(seq=4244), **facts)).proved


def test_it_leads() -> None:
    """Over IDLE101, IDLE107 by an acknowledging RST, and IDLE109; not over a request that was acknowledged before, nor a goodbye."""
    facts = {"fin": Fin.SEEN, "peer_fin": ref(13, T0 - S), "fin_acknowledged": True}
    assert verdict(reset(abort(), **facts)).rule == "IDLE103"
    assert verdict(reset(sender="server", last_speaker="client", **facts)).rule == "IDLE103"
    assert verdict(reset(abort(acknowledged=T0 + MS), **facts)).rule == "IDLE107"
    assert verdict(reset(payload=b"QUIT\r\n", length=6, **facts)).rule == "IDLE108"


def test_a_fin_long_after_the_request_that_does_not_know_it() -> None:
    """Four seconds apart nothing crosses in flight: the request had not arrived, however often it was sent."""
    finding = verdict(reset(fin=Fin.SEEN, peer_fin=ref(15, T0 + 4 * S)))
    assert finding.rule == "IDLE103"
    assert finding.reasons[1] == (
        "not acknowledged: the FIN of frame 15, recorded 4 s after the request, does not acknowledge it: the request had not "
        "arrived by then"
    )
