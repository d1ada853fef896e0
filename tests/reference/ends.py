"""What ends an idle period: payload, probe, FIN, RST, the SYN of a successor."""

from __future__ import annotations

from itertools import pairwise

from tests.reference.answers import continuous
from tests.reference.decode import ACK, FIN, Header, Segment
from tests.reference.sides import MS, Mark, Side, delta, end_of, fills_window, gap, is_new_payload, start_of
from tests.reference.state import Connection, Run
from tests.reference.wakes import HEARTBEAT_AT_MOST, SETTLING, Answer, Period

RTO_MOST = 120_000 * MS  # no retransmission timer is longer
UNSCALED_MOST = 65535  # the widest window without scaling
SWAPPED = 1 * MS  # captures reorder: a RST may be recorded this much before what it answers


def payload(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take new payload of x: part of its pending wake, a new wake, or simply traffic."""
    c.after_repeats(y)
    wake = c.wake
    wakes = c.idle(s, x, y) and not fills_window(s, y)
    if wake and wake.x is x and wake.grows_at(s.time) and not wakes:
        _grow(wake, s)
    else:
        _wake(c, s, x, y)
    c.idle_since(s)
    c.spoke, c.over, c.run = x, False, None
    c.first_speaker = c.first_speaker or x


def _grow(wake: Period, s: Segment) -> None:
    wake.segments += 1
    if wake.pending:
        wake.last_sent, wake.sent_last = s.ref, s.time


def after_reset(c: Connection, s: Segment, x: Side) -> None:
    """Take a segment of a connection that was reset: it may still belong to the wake, or go on in the name of the RST."""
    newest = c.periods[-1] if c.periods else None
    if newest and newest.y is x and newest.answer and newest.answer.kind == "rst" and newest.settling(s.time):
        covers = bool(s.flags & ACK and delta(s.ack, start_of(newest.first)) > 0)
        if newest.answer.went_on is None and (covers or (x.next is not None and is_new_payload(s, x))):
            newest.answer.went_on = s.ref
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
    if x.fin or (ended and not swapped) or not c.idle(s, x, y) or fills_window(s, y):
        return
    c.settle()
    if swapped and swapped[2]:
        c.periods.remove(swapped[2])
    before, silence = (swapped[1], None) if swapped else (c.before(), c.silence)
    c.wake = wake = c.end_period("payload", s, x, before, silence)
    c.history.append((x, s.length, gap(s.time, c.first.time) // MS))
    wake.heartbeat = s.length <= HEARTBEAT_AT_MOST and _regular(c.history[-3:])
    if swapped:
        _reset_by(wake, swapped[0], delay=0)


def _regular(last: list[tuple[Side, int, int]]) -> bool:
    """Whether three wakes are alike, and the intervals between them."""
    if len(last) < 3 or len({(side, length) for side, length, _ in last}) > 1:
        return False
    before, every = (min(max(0, b - a) // 100, 65535) for (_, _, a), (_, _, b) in pairwise(last))
    return abs(every - before) <= max(20, before / 4)


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
    before_it = dict(c.probes)
    c.probes[x] = c.probes.get(x, 0) + 1
    swapped = swapped_rst(c, s, y)
    if c.run and c.run.side is x:
        c.run.last = s
        c.run.count += 1
    elif (swapped or not c.over) and not (c.wake and c.wake.pending) and c.idle(s, x, y):
        before, silence = (swapped[1], None) if swapped else (c.before(), c.silence)
        c.settle()  # a wake that was only acknowledged is over
        step = c.clock.since(c.idle_from.ref)
        c.run = Run(x, s, s, c.idle_from, before, silence, clock_back=step, piece=c.piece, probes=before_it,
                    late=bool(x.fin or y.fin), stream=c.stream)  # fmt: skip
    if swapped and c.run:
        if swapped[2]:
            c.periods.remove(swapped[2])
        _reset_by(_probed(c, c.run), swapped[0], delay=0)


def _probed(c: Connection, run: Run) -> Period:
    """End the idle period by a run of probes."""
    period = c.end_period("probe", run.first, run.side, run.before, run.silence, run.start)
    period.segments, period.retransmissions = run.count, run.count - 1
    period.clock_back, period.hole = run.clock_back, run.start.run != run.piece  # as they were at its first
    period.stream = run.stream
    period.last_sent, period.sent_last = run.last.ref, run.last.time
    period.probes = run.probes
    c.run = None
    return period


def fin(c: Connection, s: Segment, x: Side, y: Side, fresh: bool) -> None:
    """Take a segment of x with FIN."""
    if x.fin:
        return
    c.after_repeats(y)
    wake = c.wake
    if wake and wake.x is x and (not wake.outcome or wake.grows_at(s.time)):
        wake.own_fin, wake.finished = s.ref, s.time
    if wake and wake.x is x and wake.grows_at(s.time):
        pass  # part of the wake
    elif not fresh and not y.fin and not c.over and c.idle(s, x, y):
        c.settle()
        period = c.end_period("fin", s, x, c.before(), c.silence)
        period.hole_in_numbers = not continuous(s, x, y) or c.last_piece != c.piece
        period.decide("closed")
        c.closing = x
    x.fin = end_of(s), s.ref
    if y.fin and c.wake and not c.wake.pending:
        c.settle()  # closed in good order: a RST that still comes is no answer


def obeyed_by_nobody(c: Connection, s: Segment, x: Side, y: Side) -> bool:
    """Whether a RST of x stands far from all that y awaits or has named lately."""
    if x.next is None or y.acked is None:
        return False
    if c.wake and c.wake.pending and c.wake.x is y and c.wake.first.ack == s.seq:
        return False
    return min(abs(delta(s.seq, y.acked)), abs(delta(s.seq, x.next))) > UNSCALED_MOST


def doubt(c: Connection, s: Segment, y: Side) -> None:
    """Take a RST that nobody obeys: what came back to a wake of y if nothing better does."""
    wake = c.wake
    if wake is None or wake.x is not y or not wake.pending or (c.run and c.run.side is y):
        return
    if wake.answer and wake.answer.kind == "rst":
        wake.answer.count += 1
        return
    covers = bool(s.flags & ACK and delta(s.ack, start_of(wake.first)) > 0)
    wake.answer = Answer("rst", s.ref, s.time, gap(s.time, wake.first.time), covers, seq=s.seq)


def rst(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take a RST of x."""
    c.after_repeats(y)
    wake, newest, before = c.wake, c.periods[-1] if c.periods else None, c.before()
    if y.opening and y.isn is not None and not y.syn_ack and not c.reset:
        c.without_idle.append(("syn", y, s))
        c.reset, c.silence, x.reset = True, None, s
        return
    # a client owes no response: what it acknowledged has arrived
    arrived = wake is not None and wake.acked_at is not None and (wake.x is c.server() or _waited(c, s, x, y, wake.acked_at))
    if newest and newest.x is y and newest.answer and newest.answer.kind == "rst" and newest.settling(s.time):
        newest.answer.count += 1
        if newest.answer.seq != newest.first.ack and s.seq == newest.first.ack:
            _reset_by(newest, s, count=newest.answer.count)  # the one before it answered something else
    elif wake and wake.x is y and not wake.outcome and not (c.run and c.run.side is y) and not arrived:
        doubted = wake.answer.count if wake.answer and wake.answer.kind == "rst" else 0
        _reset_by(wake, s)
        wake.answer.count += doubted
    elif wake and c.gave_up is not None and _crosses(wake, s, x, y, c.gave_up):
        wake.outcome = ""  # a RST is never answered by one: this one answers the wake
        _reset_by(wake, s)
    else:
        given_up = wake is not None and wake.pending
        c.gave_up = s.time if given_up and not c.reset else None
        c.settle()
        if not given_up and not c.reset and not c.over:
            newest = _ended_by_rst(c, s, x, y, before)
            if newest is None or newest.kind == "rst":
                c.swapped = s, before, newest
            if newest is None:
                _without_idle(c, s, x, y)
    c.reset, c.silence, x.reset = True, None, s


def _crosses(wake: Period, s: Segment, x: Side, y: Side, gave_up: int) -> bool:
    """Whether a RST of x answers the wake of y, which reset the connection itself just before."""
    if wake.x is not y or wake.answer or x.reset or gap(s.time, gave_up) > SETTLING:
        return False
    return s.seq == wake.first.ack or bool(s.flags & ACK and delta(s.ack, start_of(wake.first)) > 0)


def _waited(c: Connection, s: Segment, x: Side, y: Side, acked_at: int) -> bool:
    """Whether the client was idle again, waiting for its response, when the RST of x came."""
    return gap(s.time, acked_at) >= c.min_idle and not x.fin and not y.fin and c.idle(s, x, y)


def _asked_for_window(c: Connection, s: Segment, x: Side, y: Side, before: Mark) -> bool:
    """Whether an ACK into the closed window of x came last, and no silence before it."""
    closed = x.live is not None and x.live.window == 0
    return closed and before.by is y and gap(s.time, before.time) < c.min_idle and not (c.silence and c.silence.side is y)


def _ended_by_rst(c: Connection, s: Segment, x: Side, y: Side, before: Mark) -> Period | None:
    if c.run and c.run.late:
        return None
    if c.run and c.run.side is y:
        period = _probed(c, c.run)
        _reset_by(period, s)
        return period
    if _given_up(c):
        return c.periods[-1]
    if x.fin or y.fin or not c.idle(s, x, y) or _asked_for_window(c, s, x, y, before):
        return None
    period = c.end_period("rst", s, x, before, c.silence)
    period.decide("reset-in-silence")
    return period


def _without_idle(c: Connection, s: Segment, x: Side, y: Side) -> None:
    """Take a RST of x that ended no idle period: was it to payload of y?"""
    if c.spoke is not y or x.fin or y.fin or c.run:
        return
    assert y.next is not None
    refused = not c.acknowledged(y, s.time) and not (s.flags & ACK and delta(y.next, s.ack) <= 0)
    if x is c.server() or refused:
        c.without_idle.append(("payload", y, s))


def _reset_by(wake: Period, s: Segment, delay: int | None = None, count: int = 1) -> None:
    covers = bool(s.flags & ACK and delta(s.ack, start_of(wake.first)) > 0)
    delay = gap(s.time, wake.first.time) if delay is None else delay
    wake.answer = Answer("rst", s.ref, wake.answer.time if count > 1 and wake.answer else s.time, delay, covers, count,
                         wake.acked_at, seq=s.seq)  # fmt: skip
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
        if wake.answer:
            wake.answer.count += wake.answer.kind == "icmp"
        else:
            wake.answer = Answer("icmp", ref, time, gap(time, wake.first.time), False, icmp=(kind, code))


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


def finished(c: Connection, now: int) -> None:
    """Settle everything: the capture ended."""
    if c.wake and c.wake.pending:
        c.wake.cut_short = gap(now, c.wake.sent_last) <= RTO_MOST
    if not c.reset and not c.over and not (c.wake and c.wake.pending):
        short = c.run is not None and gap(now, c.run.last.time) <= RTO_MOST
        if _given_up(c):
            c.periods[-1].cut_short = short
    c.settle()
