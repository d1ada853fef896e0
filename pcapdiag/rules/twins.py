"""One incident, several views: the same wake before and after NAT, or at two capture points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.types import Finding

#: Forwarding takes far less; two wakes with equal 64 bits of sequence and ACK numbers are not met by chance.
TWIN_WINDOW = 10_000_000


def merge_twins(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in order of time, twins folded into the earliest of them: it is nearest to the sender.

    Twins have equal sequence number, ACK number and length, and other addresses or ports within 10 ms. The same addresses at
    another capture point are the same packet, whatever the clocks there say.
    """
    merged: list[Finding] = []
    known: dict[tuple[int, int, int, str], list[int]] = {}
    for finding in sorted(findings, key=_time):
        period = finding.period
        key = (period.wake.first.seq, period.wake.first.ack, period.wake.first.length, finding.rule)
        for index in known.get(key, ()):
            if any(_twins(view, period) for view in (merged[index].period, *merged[index].twins)):
                merged[index] = replace(merged[index], twins=(*merged[index].twins, period))
                break
        else:
            known.setdefault(key, []).append(len(merged))
            merged.append(finding)
    return tuple(merged)


def _time(finding: Finding) -> tuple[int, int, int]:
    ref = finding.period.wake.first.ref
    return ref.time, ref.file, ref.frame


def _twins(one: IdlePeriod, other: IdlePeriod) -> bool:
    same_tuple = {one.connection.client, one.connection.server} == {other.connection.client, other.connection.server}
    if same_tuple:
        return one.connection.point != other.connection.point
    return abs(one.wake.first.ref.time - other.wake.first.ref.time) <= TWIN_WINDOW
