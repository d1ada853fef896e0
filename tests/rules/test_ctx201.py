"""CTX201 reset-without-idle: not this failure, but easily mistaken for it."""

from __future__ import annotations

from pcapdiag.engine.types import Fin
from pcapdiag.rules.types import Confidence, Severity
from tests.report.factory import MS, T0, ref
from tests.rules.cases import abort, rst, verdict, without_idle


def test_how_long_before_the_peer_was_heard() -> None:
    """The time since the peer was heard, the transmissions, and a FIN if there was one."""
    finding = verdict(without_idle())
    assert (finding.rule, finding.severity, finding.confidence) == ("CTX201", Severity.CONTEXT, Confidence.CERTAIN)
    assert finding.reasons == ("the peer was last heard 500 ms before it",)
    again = without_idle(retransmissions=4, last_sent=ref(18, T0 + 3000 * MS), fin=Fin.SEEN, peer_fin=ref(12, T0 - 30 * MS))
    assert verdict(again).reasons[1:] == (
        "the request was sent 5 times within 3 s",
        "frame 12: the peer had sent FIN, 30 ms before the request",
    )


def test_it_never_becomes_a_failure_of_an_idle_connection() -> None:
    """Whatever the RST looks like: without idleness no other rule speaks."""
    for answer in (rst(), abort(), abort(acknowledged=T0 + MS), rst(seq=1)):
        for facts in ({}, {"sender": "server", "last_speaker": "client"}, {"own_fin": ref(15)}, {"fin": Fin.INFERRED}):
            assert verdict(without_idle(answer=answer, **facts)).rule == "CTX201"
