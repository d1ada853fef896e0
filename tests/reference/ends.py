"""What ends an idle period: payload, probe, FIN, RST, the SYN of a successor."""

from __future__ import annotations

from tests.reference.decode import ACK, FIN, Header, Segment
from tests.reference.sides import MS, Mark, Side, delta, end_of, gap, is_new_payload, start_of
from tests.reference.state import Connection, Run
from tests.reference.wakes import HEARTBEAT_AT_MOST, Answer, Period

SWAPPED = 1 * MS  # captures reorder: a RST may be recorded this much before what it answers


def payload(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take new payload of x: part of its pending wake, a new wake, or simply traffic."""
    c.after_repeats(y)
    wake = c.wake
    if wake and wake.x is x and wake.grows_at(s.time) and not c.idle(s, x, y):
        _grow(wake, s)
    else:
        _wake(c, s, x, y)
    c.idle_since(s)
    c.spoke, c.over, c.run = x, False, None


def _grow(wake: Period, s: Segment) -> None:
    wake.segments += 1
    if wake.pending:
        wake.last_sent, wake.sent_last = s.ref, s.time


def after_reset(c: Connection, s: Segment, x: Side) -> None:
    """Take a segment of a connection that was reset: it may still belong to the wake, nothing else."""
    wake = c.wake
    if wake is None or wake.x is not x or not wake.grows_at(s.time):
        return
    if is_new_payload(s, x):
        _grow(wake, s)
        wake.length += x.move(s)
    elif s.length:
        wake.retransmissions += 1
    if s.flags & FIN and wake.own_fin is None:
        wake.own_fin = s.ref


def _wake(c: Connection, s: Segment, x: Side, y: Side) -> None:
    swapped = swapped_rst(c, s, y)
    ended = c.over and c.closing is not y  # payload after the other side's FIN begins a period of its own
    if x.fin or (ended and not swapped) or not c.idle(s, x, y):
        return
    c.settle()
    if swapped and swapped[2]:
        c.periods.remove(swapped[2])
    before, silence = (swapped[1], None) if swapped else (c.before(), c.silence)
    c.wake = wake = c.end_period("payload", s, x, before, silence)
    pulse = (x, s.length)
    wake.heartbeat = s.length <= HEARTBEAT_AT_MOST and c.history[-2:] == [pulse, pulse]
    c.history.append(pulse)
    if swapped:
        _reset_by(wake, swapped[0], delay=0)


def again(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take a retransmission of x."""
    x.retransmissions += 1
    if y.acked is None or delta(end_of(s), y.acked) > 0:
        x.resent = Mark(s.time, s.ref, c.piece)
    wake = c.wake
    open_still = wake is not None and wake.x is x and not wake.outcome
    if wake and open_still and delta(end_of(s), start_of(wake.first)) > 0:
        wake.retransmissions += 1
        wake.last_sent, wake.sent_last = s.ref, s.time


def probe(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take a keepalive probe of x."""
    c.after_repeats(y)
    x.probes += 1
    c.probes[x] = c.probes.get(x, 0) + 1
    swapped = swapped_rst(c, s, y)
    if c.run and c.run.side is x:
        c.run.last = s
        c.run.count += 1
    elif (swapped or not c.over) and not (c.wake and c.wake.pending) and c.idle(s, x, y):
        before, silence = (swapped[1], None) if swapped else (c.before(), c.silence)
        c.settle()  # a wake that was only acknowledged is over
        c.run = Run(x, s, s, c.idle_from, before, silence, late=bool(x.fin or y.fin))
    if swapped and c.run:
        if swapped[2]:
            c.periods.remove(swapped[2])
        _reset_by(_probed(c, c.run), swapped[0], delay=0)


def _probed(c: Connection, run: Run) -> Period:
    """End the idle period by a run of probes."""
    period = c.end_period("probe", run.first, run.side, run.before, run.silence, run.start)
    period.segments, period.retransmissions = run.count, run.count - 1
    period.last_sent, period.sent_last = run.last.ref, run.last.time
    period.probes[run.side] = max(0, period.probes.get(run.side, 0) - 1)  # the one that is the wake
    c.run = None
    return period


def fin(c: Connection, s: Segment, x: Side, y: Side, fresh: bool) -> None:
    """Take a segment of x with FIN."""
    if x.fin:
        return
    c.after_repeats(y)
    wake = c.wake
    if wake and wake.x is x and (not wake.outcome or wake.grows_at(s.time)):
        wake.own_fin = s.ref
    if wake and wake.x is x and wake.grows_at(s.time):
        pass  # part of the wake
    elif not fresh and not y.fin and not c.over and c.idle(s, x, y):
        c.settle()
        c.end_period("fin", s, x, c.before(), c.silence).decide("closed")
        c.closing = x
    x.fin = end_of(s), s.ref
    if y.fin and c.wake and not c.wake.pending:
        c.settle()  # closed in good order: a RST that still comes is no answer


def rst(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take a RST of x."""
    c.after_repeats(y)
    wake, newest, before = c.wake, c.periods[-1] if c.periods else None, c.before()
    if newest and newest.x is y and newest.answer and newest.answer.kind == "rst" and newest.settling(s.time):
        newest.answer.count += 1
    elif wake and wake.x is y and not wake.outcome and not (c.run and c.run.side is y):
        _reset_by(wake, s)
    else:
        given_up = wake is not None and wake.pending
        c.settle()
        if not given_up and not c.reset and not c.over:
            newest = _ended_by_rst(c, s, x, y, before)
            if newest is None or newest.kind == "rst":
                c.swapped = s, before, newest
    c.reset, c.silence, x.reset = True, None, s


def _ended_by_rst(c: Connection, s: Segment, x: Side, y: Side, before: Mark) -> Period | None:
    if c.run and c.run.late:
        return None
    if c.run and c.run.side is y:
        period = _probed(c, c.run)
        _reset_by(period, s)
        return period
    if _given_up(c):
        return c.periods[-1]
    if x.fin or y.fin or not c.idle(s, x, y):
        return None
    period = c.end_period("rst", s, x, before, c.silence)
    period.decide("reset-in-silence")
    return period


def _reset_by(wake: Period, s: Segment, delay: int | None = None) -> None:
    covers = bool(s.flags & ACK and delta(s.ack, start_of(wake.first)) > 0)
    delay = gap(s.time, wake.first.time) if delay is None else delay
    wake.answer = Answer("rst", s.ref, s.time, delay, covers, acknowledged=wake.acked_at)
    wake.decide("reset")


def swapped_rst(c: Connection, s: Segment, y: Side) -> tuple[Segment, Mark, Period | None] | None:
    """Return the RST of y that was recorded just before what it answers."""
    if c.swapped is None or not s.flags & ACK:
        return None
    first = c.swapped[0]
    x, _ = c.side(s.source)
    near = c.last is first and gap(s.time, first.time) <= SWAPPED and c.idle(s, x, y)
    return c.swapped if near and first.source == y.endpoint and first.seq == s.ack else None


def quoted(c: Connection, header: Header, ref: tuple[int, int], time: int) -> None:
    """Take an ICMP error that quotes a segment of this connection."""
    x, _ = c.side(header.source)
    wake = c.wake
    if wake is None or wake.x is not x or not wake.pending or header.icmp is None or x.next is None:
        return
    version, kind, code = header.icmp
    dead = (kind == 3 and code != 4) if version == 4 else kind == 1
    if dead and delta(header.seq, start_of(wake.first)) >= 0 and delta(header.seq, x.next) < 0:
        wake.answer = Answer("icmp", ref, time, gap(time, wake.first.time), False, icmp=(kind, code))
        wake.decide("unreachable")


def succeeded(c: Connection, s: Segment) -> None:
    """Settle everything: a SYN began a new connection of the same key."""
    x, y = c.side(s.source)
    idle = not c.reset and not c.over and not (c.wake and c.wake.pending) and not (x.fin or y.fin)
    if idle and not _given_up(c) and c.idle(s, x, y):
        c.settle()
        c.end_period("syn", s, x, c.before(), c.silence).decide("undecided")
    c.settle()
    c.over = True


def _given_up(c: Connection) -> bool:
    """End the idle period if at least two probes in a row had no answer."""
    if c.run is None or c.run.late or c.run.count < 2:
        return False
    _probed(c, c.run).decide("unanswered")
    return True


def finished(c: Connection) -> None:
    """Settle everything: the capture ended."""
    if not c.reset and not c.over and not (c.wake and c.wake.pending):
        _given_up(c)
    c.settle()
