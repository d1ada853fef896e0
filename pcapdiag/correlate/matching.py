"""The packets of one connection found again at another capture point, whatever NAT made of its addresses.

Sequence and acknowledgement numbers, the timestamps option and the payload are what a translation leaves as it is. A number of 32
bits proves nothing alone: among many packets every number comes by chance. A packet is the same if its sequence number is, and
nothing that both captures show differs; a connection is the same if two packets of it are that have their ACK number, their
timestamps or their payload in common as well, or one that has two of these. Devices that merge or split segments (GRO, GSO, TSO)
leave where each begins, its ACK number and its options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pcapdiag.correlate.clocks import Difference
from pcapdiag.correlate.packets import ACK, FIN, MASK, RST, SYN, Packet
from pcapdiag.engine.types import Endpoint

#: So much of two payloads has to be captured for their being equal to tell anything: 64 bits.
LEAST_HEAD = 8
#: A translation is recorded with both its addresses within this time of each other.
TRANSLATED = 1_000_000_000
#: More connections with the same numbers at one point are not one connection's translations.
MOST_LEGS = 4


class Match(NamedTuple):
    """One packet at two points. ``strength`` counts what agrees beside its number; ``exact``: it was not merged or split."""

    own: Packet
    other: Packet
    strength: int
    exact: bool


def agreement(a: Packet, b: Packet) -> int | None:
    """How much agrees beside the sequence number; None if anything differs that is the same wherever a packet is recorded."""
    differ = a.flags ^ b.flags
    if a.seq != b.seq or differ & (SYN | RST | ACK) or a.ack != b.ack or (a.length == 0) != (b.length == 0):
        return None
    if a.length == b.length and differ & FIN:
        return None
    if a.stamps is not None and b.stamps is not None and a.stamps != b.stamps:
        return None
    common = min(len(a.head), len(b.head))
    if a.head[:common] != b.head[:common]:
        return None
    return (a.ack is not None) + (a.stamps is not None and b.stamps is not None) + (common >= LEAST_HEAD)


def matched(own: Iterable[Packet], other: Iterable[Packet]) -> list[Match]:
    """Every pair of packets that are the same, each packet of ``own`` with the first that it may be."""
    by_number: dict[int, list[Packet]] = {}
    for packet in other:
        if not packet.copy:
            by_number.setdefault(packet.seq, []).append(packet)
    found = []
    for a in own:
        for b in () if a.copy else by_number.get(a.seq, ()):
            strength = agreement(a, b)
            if strength is not None:
                found.append(Match(a, b, strength, a.length == b.length))
                break
    return found


def same_connection(matches: Sequence[Match]) -> bool:
    """Do these packets prove that it is one connection?"""
    told = {(m.own.source, m.own.seq) for m in matches if m.strength >= 1}
    return len(told) >= 2 or any(m.strength >= 2 for m in matches)


def goes_on(wake: Packet, packet: Packet) -> bool:
    """Is this an ACK that left its connection just where ``wake`` takes it up? Both numbers are the same, in the same direction:
    of a connection that the other capture has from its wake on, this is all there is to know it by."""
    return packet.length == 0 and packet.flags & (SYN | FIN | RST) == 0 and packet.seq == wake.seq and packet.ack == wake.ack


@dataclass(frozen=True, slots=True)
class Leg:
    """A connection as one timeline of a capture point recorded it: its client and server there, by how they were matched, its
    packets in order, and those of them that are the same as the other point's. From ``since`` on, by the clock there, none of its
    packets is left out."""

    timeline: int
    client: Endpoint
    server: Endpoint
    packets: tuple[Packet, ...]
    matches: tuple[Match, ...]
    since: int = 0

    def of(self, client: bool) -> tuple[Packet, ...]:
        """The packets of one side."""
        source = self.client if client else self.server
        return tuple(p for p in self.packets if p.source == source)


def leg(own: Sequence[Packet], client: Endpoint, other: Sequence[Packet], wake: Packet) -> Leg | None:
    """``other``, packets of one pair of endpoints, as the connection that is known by ``own``; None if it is another one."""
    matches = matched(own, other)
    votes = Counter(m.other.source if m.own.source == client else m.other.target for m in matches if m.strength)
    if len(matches) < _unlikely(own, other, matches):
        return None
    if not same_connection(matches):
        after = next((p for p in other if goes_on(wake, p)), None)
        if after is None:
            return None
        votes[after.source if wake.source == client else after.target] += 1
    here = votes.most_common(1)[0][0]
    ends = {end for p in other for end in (p.source, p.target)}
    kept = tuple(m for m in matches if (m.other.source == here) == (m.own.source == client))
    server = next((end for end in sorted(ends) if end != here), here)
    return Leg(other[0].timeline, here, server, tuple(other), kept)


def differences(own: Sequence[Packet], other: Sequence[Packet], outward: Endpoint) -> list[Difference]:
    """The times of packets that are the same beyond doubt in both, ``outward`` naming whose pass the first point first.

    What was sent twice may have been recorded once here and once there. The timestamps option or the IP ID tells; where neither
    does, what was recorded once in both is taken, unless there are others that are sure.
    """
    once, once_there = _unlike(own), _unlike(other)
    found = [
        m for m in matched(own, other)
        if m.exact and not m.own.flags & RST and once[_key(m.own)] == 1 and once_there[_key(m.other)] == 1 and _same_id(m)
    ]  # fmt: skip
    sure = [m for m in found if m.own.stamps is not None or m.own.ip_id]
    return [Difference(m.own.ref.time, m.other.ref.time - m.own.ref.time, m.own.source == outward) for m in sure or found]


def hops(own: Sequence[Packet], other: Sequence[Packet], outward: Endpoint) -> int:
    """Which point is nearer to the sender of what is ``outward``, by the TTL of the same packets: 1 the first, -1 the second, 0
    if no router decremented it between them, or the two directions say different things."""
    told = set()
    for match in matched(own, other):
        fewer = match.own.ttl - match.other.ttl
        if match.exact and not match.own.flags & RST and fewer:
            told.add((fewer > 0) == (match.own.source == outward))
    return 0 if len(told) != 1 else 1 if told.pop() else -1


def holds(packets: Iterable[Packet], seq: int, length: int) -> Packet | None:
    """The first packet with a part of the payload that begins at ``seq``, however it was cut into segments."""
    for packet in packets:
        if packet.length and ((packet.seq - seq) & MASK < length or (seq - packet.seq) & MASK < packet.length):
            return packet
    return None


def _unlikely(own: Sequence[Packet], other: Sequence[Packet], matches: Sequence[Match]) -> int:
    """How many packets have a number in common and are different all the same: programs that begin all their connections with the
    same number have many of these, retransmissions are few."""
    numbers = {(p.seq, p.length) for p in other if not p.copy}
    return sum((p.seq, p.length) in numbers for p in own if not p.copy and p.length) - len(matches)


def _key(packet: Packet) -> tuple[object, ...]:
    return packet.source, packet.seq, packet.length, packet.flags, packet.ack, packet.stamps


def _unlike(packets: Iterable[Packet]) -> Counter[tuple[object, ...]]:
    return Counter(_key(p) for p in packets if not p.copy)


def _same_id(match: Match) -> bool:
    """Zero is no ID (RFC 6864: of what is not fragmented it says nothing)."""
    one, other = match.own.ip_id, match.other.ip_id
    return not one or not other or one == other
