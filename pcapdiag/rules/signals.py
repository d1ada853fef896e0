"""What a RST shows of its sender: each observation by itself, with the values that it rests on. `origin.py` weighs them.

The RST is compared with the wake that it answers and with what was learned of the side in whose name it was sent, before
the wake. A signal that cannot be measured is left out, or says why it tells nothing.
"""

from __future__ import annotations

from enum import StrEnum

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import AnswerKind, IdlePeriod, SegmentFacts, WakeKind
from pcapdiag.rules.conditions import UNDER_WAY
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import Sender, Signal

#: The flags that tell one kind of RST from another; PSH, ECE and CWR do not.
KIND, RST, RST_ACK, ACK, SYN = 0x17, 0x04, 0x14, 0x10, 0x02
#: TTLs and hop limits that stacks begin with. Paths are shorter than the distance between two of these.
_INITIAL = (32, 64, 128, 255)
#: A round trip below this is measured with the capturing machine's own delays: waking up, interrupts held back.
_LEAST_ROUND_TRIP = 1_000_000
#: Records may be swapped by this much when several queues are captured (`docs/semantics.md`).
SWAPPED = 1_000_000


class Distance(StrEnum):
    """How far away the RST was sent, against the endpoint's own segments."""

    NEARER = "nearer"
    AS_FAR = "as far"
    FARTHER = "farther"


def the_rst(period: IdlePeriod) -> SegmentFacts | None:
    """The RST in question: what came back, or the wake itself if it is one."""
    if period.wake.kind is WakeKind.RST:
        return period.wake.first
    answer = period.answer
    return answer.first if answer is not None and answer.kind is AnswerKind.RST else None


def form(period: IdlePeriod, rst: SegmentFacts) -> Signal:
    """Flags, numbers, window and options together: the reply of a stack that has no such connection (RFC 9293 3.5.2, group 1,
    and 3.10.7.1), or the abort of a socket. Middleboxes answer by the same RFC: the form tells nothing of the place."""
    flags = rst.flags & KIND
    said = {RST: "RST alone", RST_ACK: "RST,ACK"}.get(flags, f"flags 0x{rst.flags:02x}")
    replies, number = _replies(period, rst)
    stamps, live = period.peer.timestamps, rst.window > 0
    text = f"{said}, {number}, window {rst.window}"
    if rst.timestamps is None:
        text += ", options cut off by the snap length"
    elif stamps is not None and rst.timestamps != stamps:
        text += ", no timestamps though negotiated" if stamps else ", timestamps though not negotiated"
    if replies and not live and rst.timestamps is False:
        return Signal("form", f"{text}: its sender holds no such connection", Sender.STRANGER)
    # A socket whose buffer is full resets with window 0: then the timestamps tell that it is one.
    own = rst.timestamps is True and stamps is not False
    if flags == RST_ACK and (own or (live and stamps is not True) or (live and rst.timestamps is None)):
        return Signal("form", f"{text}: a socket of this connection gave it up", Sender.ABORTED)
    return Signal("form", f"{text}: not enough to tell who sends so", None)


def _replies(period: IdlePeriod, rst: SegmentFacts) -> tuple[bool, str]:
    """Whether flags and numbers are the RFC's reply to what was sent, and the numbers in words."""
    wake, flags = period.wake.first, rst.flags & KIND
    if period.wake.kind is WakeKind.RST:
        before = period.last_before
        if before is None or period.last_by in (None, period.sender):
            return False, f"number {rst.seq}, answering nothing that was captured"
        after = rst.ref.time - before.time
        soon = 0 <= after <= UNDER_WAY
        return flags == RST and soon, f"number {rst.seq}, {format_duration(after)} after a segment of the other side"
    if wake.flags & ACK:
        fits = rst.seq == wake.ack
        which = f"the {noun(period)}'s ACK number" if fits else f"where the {noun(period)} says {wake.ack}"
        return fits and flags == RST, f"number {rst.seq}, {which}"
    # To a segment without ACK: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. A SYN counts one; its data may be left out.
    syn = wake.flags & SYN > 0
    covers = (rst.ack - wake.seq) % (1 << 32) in (syn, syn + wake.length)
    return flags == RST_ACK and rst.seq == 0 and covers, f"number {rst.seq}, ACK number {rst.ack} to number {wake.seq}"


def ttl(period: IdlePeriod, rst: SegmentFacts, endpoint: Sender | None) -> tuple[Signal, Distance | None]:
    """TTL or hop limit against the last segment before, if both were recorded the same way; ``endpoint`` is who sent it if it
    comes from as far as the endpoint does."""
    name, other = "hop limit" if rst.ip_id is None else "TTL", period.peer.ttl
    if other is None:
        return Signal(name, f"{rst.ttl}, with no earlier segment of that side to compare it with", None), None
    text = f"{rst.ttl} against {other} of that side's last segment"
    if period.peer.via != rst.via:
        return Signal(name, f"{text}, which was recorded another way: not comparable", None), None
    if rst.ttl == other:
        return Signal(name, f"{text}: as far away as the endpoint", endpoint), Distance.AS_FAR
    (begun, hops), (other_begun, other_hops) = _hops(rst.ttl), _hops(other)
    fewer = other_hops - hops
    if begun != other_begun:
        text += f": another stack, by the initial values {begun} and {other_begun}: {hops} against {other_hops} hops away, "
    else:
        text += f": {abs(fewer)} hop{'' if abs(fewer) == 1 else 's'} "
    if fewer > 0:
        return Signal(name, text + "nearer", Sender.NEARER), Distance.NEARER
    if fewer < 0:
        return Signal(name, text + "farther, or by another path", None), Distance.FARTHER
    # A transparent box before the endpoint and a system that resets with a TTL of its own look alike here.
    return Signal(name, text + "at the same distance", None), None


def _hops(value: int) -> tuple[int, int]:
    """The likely initial value, and how often it was decremented since."""
    begun = next(initial for initial in _INITIAL if value <= initial)
    return begun, begun - value


def latency(period: IdlePeriod, rst: SegmentFacts, *, answers: bool) -> tuple[Signal, Distance | None] | None:
    """The time from the last transmission to the RST, against the least round trip to the endpoint and back.

    Less than half is nearer: a RST that ``answers`` the wake cannot come back before the wake has arrived. As long as the round
    trip is no more than as far: a box just before the endpoint takes as long.
    """
    trip, wake = period.peer.round_trip, period.wake
    if trip is None or period.answer is None or wake.kind is WakeKind.RST:
        return None
    # Of a wake in several pieces the first is answered; of one sent several times, the last, or an earlier one late.
    again = wake.retransmissions > 0
    after = rst.ref.time - (wake.last_sent if again else wake.first.ref).time
    which = "the last transmission" if again else f"the {noun(period)}"
    text = f"{format_duration(after)} after {which}, round trip {format_duration(trip)}"
    early = wake.last_sent.time - wake.first.ref.time < 3 * trip  # the endpoint may still be answering the first one
    if trip < _LEAST_ROUND_TRIP:
        return Signal("latency", f"{text}: too short to tell", None), None
    if after < 0 or not answers:
        return Signal("latency", f"{text}: it need not be an answer to it", None), None
    if after * 10 >= trip * 8:
        return Signal("latency", f"{text}: as long as to the endpoint, or close to it", None), Distance.AS_FAR
    if after * 2 >= trip:
        return Signal("latency", f"{text}: between near and far", None), None
    if not period.connection.handshake:
        return Signal("latency", f"{text}, which may hold a think time: no handshake was captured", None), None
    if again and early:
        return Signal("latency", f"{text}: it may answer an earlier transmission", None), None
    return Signal("latency", f"{text}: it cannot have come from the endpoint", Sender.NEARER), Distance.NEARER
