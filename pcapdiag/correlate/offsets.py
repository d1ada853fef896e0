"""By how much another clock is off, from events that both told: most pairs are right, and those agree."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_low

from pcapdiag.correlate.joined import Offset

#: Differences that lie so close together agree: logs cut their times, proxies log a little late, and clocks drift.
AGREE = 1_000_000_000


def offset(differences: Iterable[int]) -> Offset | None:
    """The clock offset on which most of the differences (ns) agree, of several such the smallest; None without any.

    >>> offset([300, 301, 302, 90_000_000_000])
    Offset(ahead=301, spread=1, lines=3)
    """
    ordered = sorted(differences)
    best: tuple[int, int, int] | None = None  # how many, how small, where it begins
    end = 0
    for begin, value in enumerate(ordered):
        end = max(end, begin)
        while end < len(ordered) and ordered[end] - value <= AGREE:
            end += 1
        middle = abs(ordered[(begin + end - 1) // 2])
        if best is None or (end - begin, -middle) > best[:2]:
            best = end - begin, -middle, begin
    if best is None:
        return None
    chosen = ordered[best[2] : best[2] + best[0]]
    middle = median_low(chosen)
    return Offset(middle, max(abs(value - middle) for value in chosen), len(chosen))
