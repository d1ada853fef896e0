"""What was found against what the endpoints said: no more, no less, at the right time, with the right gap. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pcapdiag.durations import format_duration
from pcapdiag.lab.types import Expected

#: How far the endpoints' clock, which is read before and after their system calls, may be from the capture's: ns.
TOLERANCE = 5_000_000


class Found(NamedTuple):
    """One finding. ``views`` are the (client, server) pairs by which it was seen, twins included; ``time`` is when what was lost
    was captured, ``gap`` how long before it the connection had been without payload, ns; ``lower`` that this is only a lower
    bound."""

    rule: str
    views: frozenset[tuple[str, str]]
    time: int
    gap: int
    lower: bool = False


def differences(expected: Iterable[Expected], found: Iterable[Found]) -> list[str]:
    """One sentence for everything that differs; empty if what was found is the truth."""
    left, told = sorted(found, key=lambda f: f.time), []
    for want in sorted(expected, key=lambda e: e.sent_ns):
        match = _nearest(want, left)
        if match is None:
            told.append(f"missed: {want.rule} on {want.client} → {want.server} ({want.id})")
            continue
        left.remove(match)
        told += [f"{want.rule} on {want.client} ({want.id}): {text}" for text in _measured(want, match)]
    told += [f"found, but did not happen: {f.rule} on {' → '.join(sorted(f.views)[0])}" for f in left]
    return told


def _nearest(want: Expected, found: Sequence[Found]) -> Found | None:
    """The finding of that rule on that connection whose time is nearest."""
    mine = [f for f in found if f.rule == want.rule and (want.client, want.server) in f.views]
    return min(mine, key=lambda f: abs(f.time - want.sent_ns), default=None)


def _measured(want: Expected, found: Found) -> list[str]:
    told = []
    if abs(found.time - want.sent_ns) > TOLERANCE:
        told.append(f"captured {format_duration(found.time - want.sent_ns)} after it was sent")
    if want.lower != found.lower:
        told.append(f"the gap is {'' if found.lower else 'not '}called a lower bound")
    if want.gap_ns is None:
        return told
    if want.lower and found.gap > want.gap_ns + TOLERANCE:
        told.append(f"at least {format_duration(found.gap)} idle, but it was {format_duration(want.gap_ns)}")
    elif not want.lower and abs(found.gap - want.gap_ns) > TOLERANCE:
        told.append(f"{format_duration(found.gap)} idle, but it was {format_duration(want.gap_ns)}")
    return told
