"""How a side probes: whether it is answered, after what silence, at what interval; and what its service says of it."""

from __future__ import annotations

from tests.reference.answers import continuous
from tests.reference.decode import ACK, SYN, Segment
from tests.reference.sides import MS, Side, delta, gap
from tests.reference.state import Connection


def settle(c: Connection, s: Segment, x: Side, y: Side, fresh: bool) -> bool:
    """Take a segment of x, no RST, as what comes after probes; return whether a probe of x waits and nothing came since."""
    again = x.due and c.just_probed is x
    c.just_probed = None
    if s.flags & SYN:
        x.due = y.due = False
    if y.due and s.flags & ACK and y.next is not None and delta(s.ack, y.next) >= 0:
        y.answered += 1
        y.due = False
    if fresh:
        x.due = False
    return again


def time(c: Connection, s: Segment, x: Side, y: Side, again: bool) -> None:
    """Note after how long a probe of x came."""
    waits, since = x.due, x.since
    x.due, c.just_probed, x.since = True, x, s.time
    if c.last is None or c.last_piece != c.piece or c.clock.since(c.last.ref) or not continuous(s, x, y):
        return
    if again:
        ms = gap(s.time, c.last.time) // MS
        x.every = ms if x.every is None else min(x.every, ms)
    elif not waits and since is not None:
        ms = gap(s.time, since) // MS
        x.after = ms if x.after is None else min(x.after, ms)


def two_digits(n: int | None) -> int | None:
    """Round to two significant digits, halves up."""
    if n is None or n < 100:
        return n
    step: int = 10 ** (len(str(n)) - 2)
    return (n + step // 2) // step * step
