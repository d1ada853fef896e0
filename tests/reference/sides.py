"""One direction of a connection, and what one segment is to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reference.decode import ACK, FIN, RST, SYN, Segment

MS = 1_000_000
COPY_WITHIN = 50 * MS
OPENING_AT_MOST = 1 << 20  # what a first flight cannot exceed
ONLY_ACK_MASK = 0x3F  # ECE, CWR and AE say nothing about what a segment is


def delta(a: int, b: int) -> int:
    """Return a - b modulo 2^32, as a signed number."""
    return ((a - b + 2**31) & 0xFFFFFFFF) - 2**31


def gap(later: int, earlier: int) -> int:
    """Return the time between two records; 0 if the clock went back."""
    return max(0, later - earlier)


@dataclass(slots=True)
class Mark:
    """A moment: its record, or None if it is the start of the capture run."""

    time: int
    ref: tuple[int, int] | None
    run: int
    by: Side | None = None  # who sent it; None also if the other side sent something at that very time


@dataclass(slots=True, eq=False)
class Side:
    """What one endpoint was seen to send."""

    endpoint: tuple[bytes, int]
    isn: int | None = None
    next: int | None = None  # one past the highest sequence number, SYN counted, FIN not
    acked: int | None = None
    opening: bool = False  # its SYN or SYN-ACK is not acknowledged, and it sent nothing further
    syn_ack: bool = False
    begins: int | None = None  # the sequence number of its first segment
    last: Segment | None = None
    live: Segment | None = None  # the last that is no RST
    fin: tuple[int, tuple[int, int]] | None = None  # its position in the sequence, and its record
    reset: Segment | None = None  # its last RST
    resent: Mark | None = None  # when it last repeated, since idle_from, what was outstanding
    stamped: bool | None = None  # whether any segment carried the timestamps option
    df: set[bool] = field(default_factory=set)  # "don't fragment", as it was seen to be set
    packets: int = 0
    payload: int = 0
    retransmissions: int = 0
    probes: int = 0
    answered: int = 0  # of its probes
    due: bool = False  # its last probe is not answered, and it sent no payload since
    since: int | None = None  # when it last probed, or was last sent anything but a probe
    after: int | None = None  # least whole ms from then to a probe of it that repeats none
    every: int | None = None  # and from an unanswered probe of it to the next

    def move(self, s: Segment) -> int:
        """Take the numbers of a segment that is no RST; return the new payload bytes."""
        begin = s.seq + bool(s.flags & SYN)
        end = (begin + s.length) & 0xFFFFFFFF
        new = s.length
        if self.next is not None:
            new = min(s.length, max(0, delta(end, self.next)))
            self.payload += max(0, delta(end, self.next)) if s.length else 0
        else:
            self.payload += s.length
        if self.next is None or ((s.length or s.flags & SYN) and delta(end, self.next) > 0):
            self.next = end
        if s.flags & SYN and self.isn is None:
            self.isn = s.seq
        self.hear(s)
        return new

    def hear(self, s: Segment) -> None:
        """Take its acknowledgement."""
        if s.flags & ACK and (self.acked is None or delta(s.ack, self.acked) > 0):
            self.acked = s.ack


def start_of(s: Segment) -> int:
    """Return the sequence number of the first payload byte."""
    return (s.seq + bool(s.flags & SYN)) & 0xFFFFFFFF


def end_of(s: Segment) -> int:
    """Return the sequence number after the last payload byte, SYN counted, FIN not."""
    return (start_of(s) + s.length) & 0xFFFFFFFF


def opens(s: Segment, y: Side) -> bool:
    """Whether a segment acknowledges the SYN of y, and nothing far beyond."""
    if not s.flags & ACK or y.isn is None or y.next is None:
        return False
    return delta(s.ack, y.isn) > 0 and delta(s.ack, y.next) <= OPENING_AT_MOST


def only_ack(s: Segment) -> bool:
    """Whether ACK is the only flag."""
    return s.flags & ONLY_ACK_MASK == ACK


def nothing_new(s: Segment, x: Side) -> bool:
    """Whether a segment says nothing its side has not said before."""
    if s.flags & RST:
        return x.reset is not None and x.reset.seq == s.seq
    if x.next is None or (s.length and delta(end_of(s), x.next) > 0):
        return False
    if s.flags & SYN and x.isn != s.seq:
        return False
    if s.flags & FIN and (x.fin is None or delta(end_of(s), x.fin[0]) > 0):
        return False
    return not s.flags & ACK or (x.acked is not None and delta(s.ack, x.acked) <= 0)


def is_copy(s: Segment, x: Side) -> bool:
    """Whether the same packet was recorded before: a copy changes no state."""
    if x.last is None or gap(s.time, x.last.time) > COPY_WITHIN or not nothing_new(s, x):
        return False
    if s.flags & RST:  # a stack answers each piece of a request with the same bytes
        return x.reset is not None and (s.via, s.ttl) != (x.reset.via, x.reset.ttl)
    if x.live is None or (s.via, s.ttl) != (x.live.via, x.live.ttl):
        return True
    if (s.ip_id, s.window) != (x.live.ip_id, x.live.window):
        return False
    return s.length > 0 or s.ip_id != 0  # without an IP ID, equal pure ACKs may be two; IPv6 has none to compare


def is_probe(s: Segment, x: Side, y: Side) -> bool:
    """Whether a segment is a keepalive probe."""
    if not only_ack(s) or s.length > 1 or x.fin or x.next is None or delta(s.seq, x.next) != -1:
        return False
    if y.acked is not None and delta(x.next, y.acked) > 0:
        return False
    return y.live is None or y.live.window != 0


def fills_window(s: Segment, y: Side) -> bool:
    """Whether a segment is one byte into a closed window: a zero-window probe, no request."""
    return s.length == 1 and y.live is not None and y.live.window == 0


def is_new_payload(s: Segment, x: Side) -> bool:
    """Whether a segment carries payload bytes not seen before."""
    return bool(s.length) and not s.flags & RST and (x.next is None or delta(end_of(s), x.next) > 0)
