"""By how much another clock is off, from events that both told: most pairs are right, and those agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median_low
from typing import NamedTuple, TypeVar

from pcapdiag.correlate.joined import Key, Offset

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


class Difference(NamedTuple):
    """A line and a finding that may be the same event, and the difference ``by`` (ns) of their times."""

    by: int
    line: int
    finding: Key


def agreed(differences: Iterable[Difference], least: int) -> Offset | None:
    """The offset by which the most lines meet a finding each, if they are at least so many, and more than by any other offset."""
    ordered = sorted(differences)
    windows: list[tuple[int, int, int]] = []  # how many meet, where it begins and ends
    lines: Counter[int] = Counter()
    findings: Counter[Key] = Counter()
    end = 0
    for begin, first in enumerate(ordered):
        while end < len(ordered) and ordered[end].by - first.by <= AGREE:
            lines[ordered[end].line] += 1
            findings[ordered[end].finding] += 1
            end += 1
        windows.append((min(len(lines), len(findings)), begin, end))
        _less(lines, first.line)
        _less(findings, first.finding)
    most = max((n for n, _, _ in windows), default=0)
    best = [(begin, end) for n, begin, end in windows if n == most]
    if most < least or ordered[best[-1][0]].by - ordered[best[0][0]].by > AGREE:
        return None
    found = offset(d.by for d in ordered[best[0][0] : best[0][1]])
    return found._replace(lines=most) if found is not None else None


T = TypeVar("T")


def _less(counter: Counter[T], one: T) -> None:
    counter[one] -= 1
    if not counter[one]:
        del counter[one]
