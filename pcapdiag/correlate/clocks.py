"""How the clocks of two capture points differ, from packets that both recorded.

Times are ns. With ``ahead(t)`` by how much the second clock is ahead of the first when that shows ``t``, a packet that passes
first the one and then the other is recorded ``ahead(t)`` and its time on the way apart, and a packet of the other direction
``ahead(t)`` less its time on the way. No time on the way is negative. So a line that ``ahead`` may be lies below every difference
of the one direction and above every one of the other, and no steeper than clocks drift. All such lines together tell what can be
told: in the middle of them the estimate, their extent its uncertainty, which is half the round trip between the points where
packets pass in both directions at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: The steepest drift of two clocks against each other that is believed: NTP steers by up to 500 ppm (RFC 5905 11.3), crystals
#: are off by less.
RATE = 500e-6
#: Half of the files there are count microseconds, and cut what is less.
GRAIN = 1_000
#: Where packets of one direction only were matched, the other bound is this much further: a long time for a packet on its way.
MOST_DELAY = 1_000_000_000
_STEPS = 64


class Difference(NamedTuple):
    """One packet that both points recorded: the time at the first, and how much later by its own clock the second recorded it.
    ``outward``: it passed the first before the second."""

    time: int
    difference: int
    outward: bool


class Moment(NamedTuple):
    """By how much the second clock is ahead at some time: the estimate, and how far it may be off to either side."""

    ahead: int
    uncertainty: int


@dataclass(frozen=True, slots=True)
class Clock:
    """How the clock of one point differs from that of another.

    ``above`` and ``below`` are the differences that bound it, as (time, difference), and ``rates`` the least and the greatest by
    which the second clock gains on the first. ``outward`` and ``homeward`` count the packets. ``round_trip`` is the least time in
    ns from the first point to the second and back that was seen, None without both directions. ``slack`` is by how much no
    straight line fits them (0: one does). ``told``: somebody said how much it is.
    """

    above: tuple[tuple[int, int], ...] = ()
    below: tuple[tuple[int, int], ...] = ()
    rates: tuple[float, float] = (0.0, 0.0)
    outward: int = 0
    homeward: int = 0
    round_trip: int | None = None
    slack: int = 0
    told: int | None = None

    def at(self, time: int) -> Moment:
        """By how much the second clock is ahead when the first shows ``time``."""
        if self.told is not None:
            return Moment(self.told, 0)
        base = self.above[0][1]
        ceiling, floor = _ceiling(self.above, time, base), _floor(self.below, time, base)
        high = base + int(ceiling(_top(ceiling, *self.rates))) + 2
        low = base - int(floor(_top(floor, *self.rates))) - 2
        middle = (low + high) // 2
        return Moment(middle, max(high - middle, middle - low) + self.slack)

    @property
    def drift(self) -> tuple[float, float] | None:
        """From what to what the second clock gains on the first, in parts per million; None where that was told."""
        return None if self.told is not None else (self.rates[0] * 1e6, self.rates[1] * 1e6)


def clock(differences: Sequence[Difference]) -> Clock | None:
    """From packets that both recorded; None if there are none."""
    if not differences:
        return None
    above = [(d.time, d.difference + GRAIN) for d in differences if d.outward]
    below = [(d.time, d.difference - GRAIN) for d in differences if not d.outward]
    outward, homeward = len(above), len(below)
    above = above or [(t, d + 2 * GRAIN + MOST_DELAY) for t, d in below]
    below = below or [(t, d - 2 * GRAIN - MOST_DELAY) for t, d in above]
    above, below = _hull(above, 1), _hull(below, -1)
    rate, room = _best(above, below)
    slack = 0 if room >= 0 else int(-room / 2) + 1
    trip = max(0, int(room) - 2 * GRAIN) if outward and homeward else None
    if slack:  # nothing fits: what fits best, and by how much it does not
        above, below = [(t, d + slack) for t, d in above], [(t, d - slack) for t, d in below]
    rates = (rate, rate) if slack else _rates(above, below, rate)
    return Clock(tuple(above), tuple(below), rates, outward, homeward, trip, slack)


def nearer(differences: Sequence[Difference]) -> int:
    """Which of two points is the nearer one to the sender of packets that are called outward: 1 the first, -1 the second, 0 if
    these packets do not tell. It needs no clock: what goes out passes the nearer one first, and what comes back last."""
    one = [(d.time, d.difference) for d in differences if d.outward]
    other = [(d.time, d.difference) for d in differences if not d.outward]
    if not one or not other:
        return 0
    first = _best(_hull(one, 1), _hull(other, -1))[1] >= -2 * GRAIN
    second = _best(_hull(other, 1), _hull(one, -1))[1] >= -2 * GRAIN
    return first - second


_Line = Callable[[float], float]


def _ceiling(points: Sequence[tuple[int, int]], time: int, base: int) -> _Line:
    """How high above ``base`` a line of a given rate may be at ``time``, to lie below the points: a concave function."""
    near = [(t - time, d - base) for t, d in points]
    return lambda rate: min(d - rate * t for t, d in near)


def _floor(points: Sequence[tuple[int, int]], time: int, base: int) -> _Line:
    """How far below ``base`` it may be, to lie above the points: a concave function as well."""
    near = [(t - time, base - d) for t, d in points]
    return lambda rate: min(d + rate * t for t, d in near)


def _room(above: Sequence[tuple[int, int]], below: Sequence[tuple[int, int]]) -> _Line:
    """How much room there is between the points for lines of a given rate: less than 0 if none fits."""
    time, base = above[0]
    ceiling, floor = _ceiling(above, time, base), _floor(below, time, base)
    return lambda rate: ceiling(rate) + floor(rate)


def _best(above: Sequence[tuple[int, int]], below: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The rate for which there is most room, and how much."""
    room = _room(above, below)
    rate = _top(room, -RATE, RATE)
    return rate, room(rate)


def _rates(above: Sequence[tuple[int, int]], below: Sequence[tuple[int, int]], best: float) -> tuple[float, float]:
    """The least and the greatest rate of a line that fits; ``best`` does."""
    room = _room(above, below)

    def edge(end: float) -> float:
        good, bad = (end, end) if room(end) >= 0 else (best, end)
        for _ in range(_STEPS if good != bad else 0):
            middle = (good + bad) / 2
            good, bad = (middle, bad) if room(middle) >= 0 else (good, middle)
        return bad  # the outer side of the edge: what is told must not be too narrow

    return edge(-RATE), edge(RATE)


def _top(function: _Line, low: float, high: float) -> float:
    """Where a concave function is highest."""
    for _ in range(_STEPS):
        third = (high - low) / 3
        one, other = low + third, high - third
        low, high = (one, high) if function(one) < function(other) else (low, other)
    return (low + high) / 2


def _hull(points: Sequence[tuple[int, int]], side: int) -> list[tuple[int, int]]:
    """Of the points those that a line below all of them (side 1), or above them (-1), can touch."""
    hull: list[tuple[int, int]] = []
    for t, d in sorted({(t, side * d) for t, d in points}):
        if hull and hull[-1][0] == t:
            continue  # the lower one of the same time came first
        while len(hull) > 1 and _bends_up(hull[-2], hull[-1], (t, d)):
            hull.pop()
        hull.append((t, d))
    return [(t, side * d) for t, d in hull]


def _bends_up(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Does the middle one of three points lie on the line through the others, or above it?"""
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])
