"""What one segment is to its connection, in the order of the tests."""

from __future__ import annotations

from tests.reference import answers, ends, probes
from tests.reference.decode import ACK, FIN, RST, SYN, Segment
from tests.reference.sides import Side, is_copy, is_new_payload, is_probe, only_ack, opens
from tests.reference.state import Connection


def is_successor(c: Connection, s: Segment) -> bool:
    """Whether a segment begins a new connection of the same key."""
    x, y = c.side(s.source)
    if not s.flags & SYN:
        return False
    if s.flags & ACK:
        return x.isn is not None and x.isn != s.seq and c.closed
    if x.isn is not None:
        return x.isn != s.seq or c.closed
    begins = (s.seq + 1) & 0xFFFFFFFF
    refused = y.reset is not None and bool(y.reset.flags & ACK) and y.reset.ack == begins
    if x.begins is None and (refused or y.acked == begins):
        return False  # its answer was recorded first
    if c.closed:
        return True
    if x.begins is not None:
        return x.begins != begins
    return y.next is not None and y.isn is None and y.acked != begins


def is_stray(s: Segment, x: Side, y: Side) -> bool:
    """Whether a segment belongs to an older incarnation, while this one is opening."""
    if y.opening and not s.flags & SYN and not opens(s, y):
        return not s.flags & RST or x.next is None or s.seq != x.next
    return bool(x.opening and x.isn is not None and s.flags & RST and s.seq != (x.isn + 1) & 0xFFFFFFFF)


def copied(c: Connection, s: Segment) -> bool:
    """Count a copy; return whether it was one."""
    x, _ = c.side(s.source)
    if not is_copy(s, x):
        return False
    x.packets += 1
    c.copies += 1
    return True


def spell(c: Connection, s: Segment, x: Side) -> None:
    """Note what a segment is, by its flags; two of SYN, FIN and RST at once are nothing."""
    flags = s.flags & (SYN | FIN | RST)
    if flags == SYN:
        c.tell("H" if s.flags & ACK else "S", x)
    elif flags in (FIN, RST):
        c.tell("F" if flags == FIN else "R", x)
    elif not flags and (s.length or s.flags & ACK):
        c.tell("D" if s.length else "A", x)


def take(c: Connection, s: Segment) -> str:
    """Take a segment that is no copy and begins no other connection; say what it was."""
    x, y = c.side(s.source)
    x.packets += 1
    if is_stray(s, x, y):
        return "stray"
    if s.flags & RST and not c.reset and ends.obeyed_by_nobody(c, s, x, y):
        ends.doubt(c, s, y)
        return "stray"
    spell(c, s, x)
    frozen = c.reset
    if s.flags & RST:
        ends.rst(c, s, x, y)
        kind = "rst"
    elif c.reset and not (ends.swapped_rst(c, s, y) and (is_new_payload(s, x) or is_probe(s, x, y))):
        ends.after_reset(c, s, x)
        x.hear(s)
        kind = "stray"
    else:
        kind = _live(c, s, x, y)
    if opens(s, y) and not frozen:
        y.opening = False
    if s.flags & ACK and not s.flags & (SYN | RST) and not frozen:
        x.opening = False
    if x.begins is None and not s.flags & RST:
        x.begins = s.seq
    x.last = c.last = s
    c.last_piece = c.piece
    return kind


def _live(c: Connection, s: Segment, x: Side, y: Side) -> str:
    fresh, probe = is_new_payload(s, x), is_probe(s, x, y)
    doubtful = c.last is None and only_ack(s) and s.length == 1  # a probe, as the next segment may show
    fresh = fresh and not doubtful
    kind = "ack" if doubtful else "payload" if fresh else "probe" if probe else "retransmission" if s.length else "ack"
    x.retransmissions += bool(s.flags & SYN and s.seq == x.isn)
    again = not c.reset and probes.settle(c, s, x, y, fresh)
    if probe and not c.reset:
        probes.time(c, s, x, y, again)
    elif not c.reset:
        y.since = s.time
    answers.answer(c, s, x, y, fresh)
    answers.end_silence(c, s, x, y, kind)
    if fresh:
        ends.payload(c, s, x, y)
    elif probe:
        if s.length:
            c.tell("T", x)
        ends.probe(c, s, x, y)
    elif kind == "retransmission":
        c.tell("T", x)
        ends.again(c, s, x, y)
    if s.flags & FIN:
        ends.fin(c, s, x, y, fresh)
    if not fresh:
        answers.late_ack(c, s, x, y)
    answers.shake(c, s, y, fresh)
    x.opening = x.opening or (bool(s.flags & SYN) and x.isn is None)
    x.syn_ack = x.syn_ack or s.flags & (SYN | ACK) == SYN | ACK
    wake = c.wake
    new = x.move(s)
    x.payload -= doubtful
    if fresh and wake and wake.x is x and wake.grows_at(s.time):
        wake.length += new
    x.live = s
    if s.dont_fragment is not None:
        x.df.add(s.dont_fragment)
    if s.timestamps is not None:
        x.stamped = x.stamped or s.timestamps
    return kind if doubtful else _what(s, fresh, probe)


def _what(s: Segment, fresh: bool, probe: bool) -> str:
    if s.flags & SYN:
        return "syn"
    if fresh or probe:
        return "payload" if fresh else "probe"
    return "fin" if s.flags & FIN else "retransmission" if s.length else "ack"
