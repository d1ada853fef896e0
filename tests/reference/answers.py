"""What a segment means to what the other side sent before it, and to the silence it ends."""

from __future__ import annotations

from tests.reference.decode import ACK, FIN, SYN, Segment
from tests.reference.sides import MS, Side, delta, gap, only_ack, opens, start_of
from tests.reference.state import ACK_MISSED, Connection
from tests.reference.wakes import Answer, Period, Silence

REPLY_DUE = 1000 * MS  # what is not acknowledged by then is sent again: RFC 6298 2.1
LATE_ACK = 500 * MS  # a delayed ACK comes sooner: RFC 1122 4.2.3.2


def answer(c: Connection, s: Segment, x: Side, y: Side, fresh: bool) -> None:
    """Take a segment of x, no RST, as an answer to what y sent."""
    _hindsight(c, s, x, y)
    wake = c.wake
    if c.run and c.run.side is y:
        c.run = None
    if wake is None or wake.x is not y or wake.outcome:
        return
    answers = wake.pending and bool(s.flags & ACK) and delta(s.ack, start_of(wake.first)) > 0
    if answers:
        wake.acked_at = s.time
        wake.answer = Answer("ack", s.ref, s.time, gap(s.time, wake.first.time), True)
        wake.judge_fin()
    elif wake.pending and not wake.lives:
        _hear(wake, s, fresh)
    if wake.acked_at is not None and fresh:
        wake.decide("survived")  # after an ACK or a FIN, a RST may still come instead of a response


def _hear(wake: Period, s: Segment, fresh: bool) -> None:
    """Take what does not acknowledge the wake: a peer that sends it when its answer was due lives."""
    wake.lives = bool(wake.retransmissions) or gap(s.time, wake.sent_last) >= REPLY_DUE
    if wake.lives or fresh:
        wake.heard = s.ref


def _hindsight(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """If the only segment so far was a probe, its answer says so."""
    first = c.first
    if c.last is not first or first.source != y.endpoint or x.last or first.length > 1:
        return
    if not (only_ack(first) and only_ack(s) and not s.length and s.ack == (first.seq + 1) & 0xFFFFFFFF):
        return
    y.next, y.begins, y.probes, y.answered = s.ack, s.ack, 1, 1
    x.since = None  # it was sent nothing but a probe
    c.probes[y] = 1


def continuous(s: Segment, x: Side, y: Side) -> bool:
    """Whether the numbers say that no payload was missed before a segment."""
    if x.next is not None and delta(start_of(s), x.next) > (x.fin is not None):
        return False
    return not s.flags & ACK or y.next is None or delta(s.ack, y.next) <= (y.fin is not None)


def end_silence(c: Connection, s: Segment, x: Side, y: Side, kind: str) -> None:
    """Take a segment, no RST, as the end of a silence, or as what shows that an earlier one was survived."""
    pending = c.silence
    if pending and pending.side is y and pending.answered_by(s):
        c.survived.append(pending)
        c.silence = pending = None
    if pending:
        if pending.side is x and not s.flags & (SYN | FIN):
            pending.last = s.time
        return
    ends = kind == "payload" or (kind in ("probe", "ack") and not s.flags & FIN)
    before = c.before()
    long = gap(s.time, before.time) >= c.min_idle
    whole = continuous(s, x, y) and (c.last is None or c.last_piece == c.piece)
    if ends and whole and not s.flags & SYN and not c.reset and long and c.quiet(s, x, y):
        c.silence = Silence(x, before, s, kind == "payload", s.time)


def late_ack(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Let idleness begin where a late ACK left nothing outstanding."""
    if not s.flags & ACK or not y.payload or y.next is None or delta(y.next, s.ack) > 0:
        return
    if not y.resent and gap(s.time, c.idle_from.time) >= ACK_MISSED:
        return  # nothing was repeated: an earlier ACK must have been missed
    theirs = x.acked is None or delta(y.next, x.acked) > 0
    mine = x.next is not None and y.acked is not None and delta(x.next, y.acked) > 0
    if theirs and not mine and gap(s.time, c.idle_from.time) > LATE_ACK:
        c.idle_since(s)


def shake(c: Connection, s: Segment, y: Side, fresh: bool) -> None:
    """Let idleness begin with the handshake's last segment, while there is no payload."""
    if c.last is None:
        c.shaking = bool(s.flags & SYN)
    if not c.shaking or c.spoke:
        return
    if s.flags & SYN or (y.opening and opens(s, y) and not fresh and not s.flags & FIN):
        c.idle_since(s)
