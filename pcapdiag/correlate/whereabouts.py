"""Where a RST was made, or a request was lost: what the capture points that its connection passes say together.

A point that shows a RST lies between its maker and the side that it was sent to. A point that shows none, though it would have
recorded it, does not: the RST was made on this side of it. The same holds for what was sent and did not arrive. What a point does
not show proves something only if it had the connection before, misses nothing of it, and was recording at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pcapdiag.correlate.clocks import Clock, nearer
from pcapdiag.correlate.comparison import Passage, Place, Presence, Reason, Verdict, Where
from pcapdiag.correlate.coverage import MARGIN, Stretch, doubts, gap, missed
from pcapdiag.correlate.matching import Leg, differences, holds, hops
from pcapdiag.correlate.packets import ACK, MASK, RST, SYN, Packet
from pcapdiag.engine.types import AnswerKind, IdlePeriod, SegmentFacts, WakeKind

#: A packet is recorded within this time of when it should be: on its way, or waiting for its record.
_UNDER_WAY = 1_000_000_000
_HALF = 1 << 31


class Sight(NamedTuple):
    """A connection at one point: the point's index, the connection there, how the clock there differs from that of the finding's
    point (None: unknown), and the files. ``own``: the finding is of this one."""

    point: int
    leg: Leg
    clock: Clock | None
    stretches: Sequence[Stretch]
    own: bool


def verdict(period: IdlePeriod, sights: Sequence[Sight]) -> Verdict:
    """Where it happened. Just one of ``sights`` is the finding's own."""
    case = _Case(period, sights)
    near = _nearness([s.leg for s in sights], case.by_client)
    order, ordered = _sorted(len(sights), near)
    places = [case.place(sights[i]) for i in order]
    if any(case.begins_with_it(sight) for sight in sights):
        places = _renamed(places)
    where, at, far, why = _decide(places, lambda i, j: near(order[i], order[j]), answered=case.rst is not None)
    why += [Reason(p.point, q.why) for p in places for q in (p.request, p.answer) if q.why]
    return Verdict(where, tuple(places), ordered, at, far, tuple(dict.fromkeys(why)))


def _renamed(places: Sequence[Place]) -> list[Place]:
    """Where a translation was forgotten and made anew, a request goes on under other addresses, perhaps to another host: that
    the old ones do not show it proves nothing, there or further on."""
    why = Passage(Presence.UNKNOWN, None, "the request went on under other addresses than before")
    return [
        replace(
            place,
            request=why if place.request.presence is Presence.ABSENT else place.request,
            answer=why if place.answer.presence is Presence.ABSENT else place.answer,
        )
        for place in places
    ]


_Nearness = Callable[[int, int], int]


def _decide(
    places: Sequence[Place], nearer_to_sender: _Nearness, *, answered: bool
) -> tuple[Where, int | None, int | None, list[Reason]]:
    """By the RST if there is one, else by what was sent; by the answer, if that came no further back than some point."""
    passages = [p.answer if answered else p.request for p in places]
    seen = [i for i, p in enumerate(passages) if p.presence is Presence.PRESENT]
    lacking = [i for i, p in enumerate(passages) if p.presence is Presence.ABSENT]
    if not seen:
        return Where.UNKNOWN, None, None, []
    last = seen[-1]
    requests = [p.request.presence for p in places]
    passed = [j for j, presence in enumerate(requests) if presence is Presence.PRESENT]
    astray = [i for i in lacking if nearer_to_sender(i, last) > 0]
    astray += [
        i for i, presence in enumerate(requests)
        if presence is Presence.ABSENT and any(nearer_to_sender(i, j) > 0 for j in passed)
    ]  # fmt: skip
    if astray:
        return Where.UNKNOWN, None, None, [Reason(places[astray[0]].point, "it lies before a point that shows the packet")]
    if lacking:
        first = [i for i in lacking if not any(nearer_to_sender(j, i) > 0 for j in lacking)] or lacking
        sides = {places[i].point: i for i in seen}  # both sides of one machine: nothing is nearer to each other
        far = next((i for i in first if places[i].point in sides), first[0])
        return Where.BETWEEN, sides.get(places[far].point, last), far, []
    if not answered:
        back = [i for i, p in enumerate(places) if p.answer.presence is Presence.PRESENT]
        here = [i for i, p in enumerate(places) if p.answer.presence is Presence.ABSENT]
        if back and here:
            if nearer_to_sender(here[-1], back[0]) > 0:
                return Where.BETWEEN, here[-1], back[0], []
            return Where.UNKNOWN, None, None, [Reason(places[back[0]].point, "it shows an answer that is missing elsewhere")]
    if len(seen) > 1:
        return Where.BEYOND, last, None, []
    return Where.UNKNOWN, None, None, []


class _Case:
    """One finding: what was sent, what came back, and by whom."""

    def __init__(self, period: IdlePeriod, sights: Sequence[Sight]) -> None:
        own = next(s for s in sights if s.own)
        self.period, self.own, self.others = period, own, [s for s in sights if not s.own]
        self.by_client = period.sender == "client"
        wake, answer = period.wake, period.answer
        self.rst: SegmentFacts | None = None
        if wake.kind is WakeKind.RST:
            self.rst = wake.first
            self.by_client = not self.by_client  # towards whom a RST was sent is in the place of who asks
        elif answer is not None and answer.kind is AnswerKind.RST:
            self.rst = answer.first
        self.begin = min(wake.first.ref.time, self.rst.ref.time if self.rst else wake.first.ref.time)
        self.end = self.rst.ref.time if self.rst else wake.last_sent.time
        first = wake.first.ref.time
        sent = [p for p in own.leg.of(self.by_client) if p.seq == wake.first.seq and p.ref.time >= first]
        self.sent = [p for p in sent if p.ref.time <= max(self.end, first)]

    def begins_with_it(self, sight: Sight) -> bool:
        """Does a point show under these addresses what was sent, and nothing of the connection from before?"""
        matches, first = sight.leg.matches, sight.leg.packets[0].ref.place
        if sight.own or not matches or any(m.own.ref.time < self.begin for m in matches):
            return False
        return first >= min(m.other.ref.place for m in matches)

    def place(self, sight: Sight) -> Place:
        """What one point shows."""
        leg, moment = sight.leg, None if sight.clock is None else sight.clock.at(self.begin)
        arrived = [p for p in leg.of(self.by_client) if not p.flags & RST]
        streams = [p.stream for p in leg.packets if p.stream is not None]
        same = len(leg.packets if sight.own else leg.matches)
        return Place(
            sight.point, leg.client, leg.server, streams[-1] if streams else None, sight.own, same,
            self._request(sight), self._answer(sight), moment and moment.ahead, moment and moment.uncertainty,
            arrived[-1].ttl if arrived else None,
        )  # fmt: skip

    def _request(self, sight: Sight) -> Passage:
        wake = self.period.wake
        if wake.kind is WakeKind.RST:
            return Passage(Presence.UNKNOWN)  # nothing was sent
        if sight.own:
            return Passage(Presence.PRESENT, wake.first.ref)
        packets = sight.leg.of(self.by_client)
        if wake.kind is WakeKind.PAYLOAD:
            found = holds(packets, wake.first.seq, wake.length)
        elif wake.kind is WakeKind.PROBE:
            found = next((p for p in packets if self._is_probe(p, sight)), None)
        else:
            return Passage(Presence.UNKNOWN, None, f"a {wake.kind} is not followed")
        if found is None:
            return self._lacking(sight, wake.first, from_sender=True)
        if wake.kind is WakeKind.PAYLOAD and found.seq == wake.first.seq:
            common = min(len(found.head), len(wake.payload))
            if found.head[:common] != wake.payload[:common]:
                return Passage(Presence.UNKNOWN, None, "other payload has its numbers there")
        return Passage(Presence.PRESENT, found.ref)

    def _is_probe(self, packet: Packet, sight: Sight) -> bool:
        """Probes repeat one number: their timestamps tell them apart, else the time."""
        if packet.seq != self.period.wake.first.seq or packet.length > 1 or packet.flags & (SYN | RST) or packet.ack is None:
            return False
        stamps = {p.stamps for p in self.sent} - {None}
        if packet.stamps is not None and stamps:
            return packet.stamps in stamps
        return self._timely(packet, sight, self.begin, self.end)

    def _answer(self, sight: Sight) -> Passage:
        packets, wake = sight.leg.of(not self.by_client), self.period.wake.first
        rst = self.rst
        if rst is not None:
            if sight.own:
                return Passage(Presence.PRESENT, rst.ref)
            found = next((p for p in packets if _same_rst(p, rst) and self._timely(p, sight, rst.ref.time, rst.ref.time)), None)
            return self._lacking(sight, rst, from_sender=False) if found is None else Passage(Presence.PRESENT, found.ref)
        if self.period.answer is not None:
            return Passage(Presence.UNKNOWN, None, "an ICMP error is not followed")
        found = next((p for p in packets if _answers(p, wake) and self._timely(p, sight, self.begin, self.end)), None)
        if found is not None:
            return Passage(Presence.PRESENT, found.ref)
        if sight.own:
            return Passage(Presence.UNKNOWN, None, self._leaky()) if self._leaky() else Passage(Presence.ABSENT)
        return self._lacking(sight, wake, from_sender=False)

    def _timely(self, packet: Packet, sight: Sight, first: int, last: int) -> bool:
        """Was it recorded when it should be? Where no clock tells, its numbers have to do."""
        if sight.clock is None:
            return True
        begin, end = sight.clock.at(first), sight.clock.at(last)
        earliest = first + begin.ahead - begin.uncertainty - _UNDER_WAY
        return earliest <= packet.ref.time <= last + end.ahead + end.uncertainty + _UNDER_WAY

    def _lacking(self, sight: Sight, packet: SegmentFacts, *, from_sender: bool) -> Passage:
        """Absent, if everything speaks for that it would have been recorded."""
        why = self._unproved(sight, packet, from_sender=from_sender)
        return Passage(Presence.UNKNOWN, None, why) if why else Passage(Presence.ABSENT)

    def _leaky(self) -> str:
        """Whether the finding's own point lacks payload that others have; then it may lack the answer as well."""
        begun = min(s.facts.first_time for s in self.own.stretches if s.facts.first_time is not None)
        for sight in self.others:
            if sight.clock is not None:
                first, last = sight.clock.at(begun), sight.clock.at(self.begin)
                lacking, due = missed(sight.leg, self.own.leg, begun + first.ahead + first.uncertainty, self.begin + last.ahead)
                if lacking:
                    return f"it misses {lacking:,} of {due:,} segments that another has"
        return ""

    def _unproved(self, sight: Sight, packet: SegmentFacts, *, from_sender: bool) -> str:
        if sight.clock is None:
            return "its clock cannot be compared"
        begin, end = sight.clock.at(self.begin), sight.clock.at(self.end)
        first, last = self.begin + begin.ahead - begin.uncertainty, self.end + end.ahead + end.uncertainty
        if from_sender:  # it may still have been on its way, which takes no longer than there and back
            last = max(last, packet.ref.time + begin.ahead + 3 * begin.uncertainty)
        found = doubts(sight.stretches, first, last + MARGIN, whole=packet.dont_fragment is True)
        if found:
            return found[0]
        own, leg = self.own.leg, sight.leg
        sender = own.client if self.by_client == from_sender else own.server
        before = [m for m in leg.matches if m.own.ref.time < self.begin]
        if not any(m.own.source == sender for m in before):
            return "it shows nothing of that direction before"
        started = min(s.facts.first_time for s in sight.stretches if s.facts.first_time is not None)
        lacking, due = missed(own, leg, started - begin.ahead + begin.uncertainty, self.begin - 1)
        if lacking:
            return f"it misses {lacking:,} of {due:,} segments that the other has"
        if gap(leg, first):
            return "its own packets show that it missed some of the connection"
        return "" if due else "it shows no payload of the connection before"


def _same_rst(packet: Packet, rst: SegmentFacts) -> bool:
    return packet.flags & RST > 0 and packet.seq == rst.seq and (packet.flags ^ rst.flags) & ACK == 0


def _answers(packet: Packet, wake: SegmentFacts) -> bool:
    """Does it acknowledge the wake, or reset it?"""
    if packet.flags & RST and packet.seq == wake.ack:
        return True
    return packet.ack is not None and 0 < (packet.ack - wake.seq) & MASK < _HALF


def _nearness(legs: Sequence[Leg], by_client: bool) -> _Nearness:
    """Which of two is nearer to the sender: 1 the first, -1 the second, 0 unknown. By the TTL of what both recorded, and by the
    times; where these disagree, nothing is known. What follows from others is known as well."""
    many = range(len(legs))
    known = [[0] * len(legs) for _ in many]
    for i in many:
        for j in range(i):
            known[i][j] = nearness(legs[i], legs[j], by_client)
            known[j][i] = -known[i][j]
    for k in many:
        for i in many:
            for j in many:
                if i != j and known[i][j] == 0 and known[i][k] == known[k][j] != 0:
                    known[i][j], known[j][i] = known[i][k], -known[i][k]
    return lambda i, j: known[i][j]


def nearness(one: Leg, other: Leg, by_client: bool) -> int:
    """Which of two is nearer to the client (or to the server, if not ``by_client``)."""
    outward = one.client if by_client else one.server
    by_ttl = hops(one.packets, other.packets, outward)
    by_time = nearer(differences(one.packets, other.packets, outward))
    return 0 if by_ttl * by_time < 0 else by_ttl or by_time


def _sorted(many: int, nearer_to_sender: _Nearness) -> tuple[list[int], bool]:
    """Indices from the sender on, those of which nothing is known as they came; and whether all is known."""
    left, order, known = list(range(many)), [], True
    while left:
        free = [i for i in left if not any(nearer_to_sender(j, i) > 0 for j in left if j != i)]
        known = known and len(free) == 1
        order.append(free[0] if free else left[0])
        left.remove(order[-1])
    return order, known
