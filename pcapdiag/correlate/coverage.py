"""Whether a capture would have recorded a packet, so that not having it proves that it was not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pcapdiag.correlate.matching import Leg, holds
from pcapdiag.correlate.packets import MASK, RST
from pcapdiag.durations import format_duration
from pcapdiag.engine.types import FileFacts

#: Records are written out of order by as much (`docs/semantics.md`): so much longer than the incident a capture has to go on.
MARGIN = 1_000_000
#: Clocks that step back by less only mix records of several queues.
_STEP = 10_000_000


class Stretch(NamedTuple):
    """One file of a timeline: what was counted in it, ns missing before it (None: nothing), and what broke it off."""

    facts: FileFacts
    hole: int | None
    broken: str | None


def doubts(stretches: Sequence[Stretch], first: int, last: int, *, whole: bool) -> tuple[str, ...]:
    """Why the files of a timeline need not hold all that passed from ``first`` to ``last``, times of their own clock; nothing if
    they do. ``whole``: what is looked for cannot have been cut into fragments."""
    held = [s for s in stretches if s.facts.first_time is not None and s.facts.last_time is not None]
    if not held:
        return ("it holds no packets",)
    begin, end = min(s.facts.first_time or 0 for s in held), max(s.facts.last_time or 0 for s in held)
    if begin > first:
        return (f"it begins {format_duration(begin - first)} too late",)
    if end < last:
        return (f"its last packet is {format_duration(last - end)} too early to show that it still ran",)
    out, before = [], None
    for s in sorted(held, key=lambda s: s.facts.first_time or 0):
        facts = s.facts
        start, stop = facts.first_time or 0, facts.last_time or 0
        if s.hole is not None and before is not None and before <= last and start >= first:
            out.append(f"{format_duration(s.hole)} between two of its files are missing")
        before = stop
        if start > last or stop < first:
            continue
        if facts.reported_drops:
            out.append(f"{facts.reported_drops:,} packets were dropped while it was made")
        if facts.clock_back_most > _STEP:
            out.append(f"its clock went back by {format_duration(facts.clock_back_most)}")
        if facts.untimed:
            out.append("some of its packets have no time")
        if (s.broken or facts.damage) and stop < last + MARGIN:
            out.append("it is damaged there")
        if not whole and facts.skipped.get("IP fragment"):
            out.append("it holds IP fragments, which are not put together, and this packet may be one")
    return tuple(dict.fromkeys(out))


def missed(own: Leg, other: Leg, first: int, last: int) -> tuple[int, int]:
    """How many of the payload segments that one point recorded from ``first`` to ``last``, by its clock, the other lacks, and how
    many there are: a capture that misses some of a connection may have missed any."""
    lacking = due = 0
    for client in (True, False):
        there = [p for p in other.of(client) if p.length]
        here = [p for p in own.of(client) if p.length and not p.copy and first <= p.ref.time <= last]
        due += len(here)
        lacking += sum(holds(there, p.seq, p.length) is None for p in here)
    return lacking, due


def gap(leg: Leg, last: int) -> bool:
    """Do a capture's own packets, up to ``last`` by its clock, show that it missed some of the connection: numbers that jump, or
    an ACK of what it does not hold?"""
    packets = [p for p in leg.packets if leg.since <= p.ref.time <= last and not p.flags & RST]
    for client in (True, False):
        source = leg.client if client else leg.server
        sent = [p for p in packets if p.source == source]
        acked = [p.ack for p in packets if p.source != source and p.ack is not None]
        if not sent:
            continue
        base = sent[0].seq
        spans = sorted((_signed(p.seq - base), p.takes) for p in sent)
        end = spans[0][0]
        for at, size in spans:
            if at > end:
                return True
            end = max(end, at + size)
        if any(_signed(ack - base) > end for ack in acked):
            return True
    return False


def _signed(number: int) -> int:
    """A difference modulo 2^32, nearest to 0."""
    return (number + (1 << 31) & MASK) - (1 << 31)
