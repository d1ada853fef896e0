"""One incident, several views: the same wake before and after NAT, or at two capture points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pcapdiag.engine.types import Fin, IdlePeriod, WakeKind
from pcapdiag.rules.conditions import was_accepted
from pcapdiag.rules.types import Confidence, Finding

#: Forwarding takes far less; two wakes with equal 64 bits of sequence and ACK numbers are not met by chance.
TWIN_WINDOW = 10_000_000


def merge_twins(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in order of time, twins folded into the one of them that saw most: see `_saw`.

    Twins have equal sequence number, ACK number, length and kind, and other addresses or ports within 10 ms. The same addresses
    at another capture point are the same packet, whatever the clocks there say. The rules may differ: what came back, or a FIN,
    need not have been captured on every leg.
    """
    merged: list[list[Finding]] = []
    known: dict[tuple[int, int, int, WakeKind], list[list[Finding]]] = {}
    for finding in sorted(findings, key=_time):
        first = finding.period.wake.first
        alike = known.setdefault((first.seq, first.ack, first.length, finding.period.wake.kind), [])
        legs = next((legs for legs in alike if any(_twins(leg.period, finding.period) for leg in legs)), None)
        if legs is None:
            alike.append(legs := [])
            merged.append(legs)
        legs.append(finding)
    return tuple(sorted(map(_together, merged), key=_time))


def _together(legs: list[Finding]) -> Finding:
    """The leg that leads, the first of several that saw as much (it is nearest to the sender), with the others as its twins."""
    if len(legs) == 1:
        return legs[0]
    leading = max(legs, key=_saw)
    others = [leg for leg in legs if leg is not leading]
    unlike = sorted({leg.rule for leg in others} - {leading.rule})
    said = [f"on another leg, where less of the peer was captured, it looks like {' or '.join(unlike)}"] if unlike else []
    return replace(leading, twins=tuple(leg.period for leg in others), reasons=(*leading.reasons, *said))


def _saw(finding: Finding) -> tuple[bool, bool, int, int]:
    """How much a leg's verdict rests on: that nothing was missed; that the connection was seen to be idle; what of the peer was
    captured (its FIN, an ACK of the wake, an answer), which the verdict of another leg takes to be absent; how sure it is."""
    period = finding.period
    peer = (period.fin is Fin.SEEN) + was_accepted(period) + (period.answer is not None)
    return finding.proved, period.idle, peer, -tuple(Confidence).index(finding.confidence)


def _time(finding: Finding) -> tuple[int, int, int]:
    return finding.period.wake.first.ref.place


def _twins(one: IdlePeriod, other: IdlePeriod) -> bool:
    same_tuple = {one.connection.client, one.connection.server} == {other.connection.client, other.connection.server}
    if same_tuple:
        return one.connection.point != other.connection.point
    return abs(one.wake.first.ref.time - other.wake.first.ref.time) <= TWIN_WINDOW
