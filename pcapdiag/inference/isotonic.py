"""How likely a silence is to fail, by its length, where one timer does not explain the data: several backends or timers, lazy
expiry, or losses that have nothing to do with silence.

The estimate assumes one thing, that a longer silence fails no less often than a shorter one, and is then the one of greatest
likelihood (isotonic regression by pooling adjacent violators; Ayer et al. 1955). Each of its steps is a share of so many samples,
so that Wilson's interval (1927) says how far the truth may lie from it, there and beyond: what holds of a longer silence bounds a
shorter one from above, and the other way round. The band is for each length by itself, not for all at once; and which samples
make a step is taken from the same samples, so that it is a little too narrow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from math import sqrt

from pcapdiag.engine.objects import EDGES
from pcapdiag.inference.bracket import Survived, below
from pcapdiag.inference.types import Bracket, Loss, Step

#: 95 % of a normal distribution lie within so many standard deviations.
_Z = 1.959963984540054
#: What fails no more often than this, or a single one, may have met something else than a timer.
_STRAY = 0.05

Sample = tuple[int, int, int]
"""A length, how many failed after it, and how many there are of it."""


def isotonic(samples: Iterable[Sample]) -> tuple[Step, ...]:
    """The estimate as steps whose probability rises, from samples in any order."""
    at: dict[int, tuple[int, int]] = {}
    for length, failed, total in samples:
        known = at.get(length, (0, 0))
        at[length] = known[0] + failed, known[1] + total
    blocks: list[Sample] = []
    for length in sorted(length for length, (_, total) in at.items() if total):
        block = (length, *at[length])
        # Counts are compared as fractions, so that no rounding parts what is equal.
        while blocks and blocks[-1][1] * block[2] >= block[1] * blocks[-1][2]:
            start, failed, total = blocks.pop()
            block = (start, failed + block[1], total + block[2])
        blocks.append(block)
    bands = [wilson(failed, total) for _, failed, total in blocks]
    lows = accumulate((low for low, _ in bands), max)
    highs = reversed(list(accumulate((high for _, high in reversed(bands)), min)))
    return tuple(
        Step(start, failed / total, low, high, failed, total)
        for (start, failed, total), low, high in zip(blocks, lows, highs, strict=True)
    )


def wilson(failed: int, total: int) -> tuple[float, float]:
    """Where a share lies of which ``failed`` of ``total`` were seen, with 95 % confidence. Unlike the textbook's interval it
    holds for few samples, and for none or all of them."""
    share, weight = failed / total, _Z * _Z / total
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z * sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return (0.0 if not failed else middle - reach), (1.0 if failed == total else middle + reach)


def rises(steps: Sequence[Step]) -> bool:
    """Do long silences surely fail more often than short ones: is all of the band at one end above all of it at the other?"""
    return len(steps) > 1 and steps[-1].low > steps[0].high


def estimate(survived: Survived, losses: Iterable[Loss]) -> tuple[Step, ...]:
    """The estimate for one service.

    Of a survivor only its bucket is known, so that it cannot be said whether a failure in the same bucket was longer: they count
    at one length, that of the bucket's shortest failure, and elsewhere at the bucket's lower edge. The longest survivor counts at
    its own length, and so does every failure that is longer than it or has no survivor in its bucket. Mere lower bounds do not
    count.
    """
    lengths = [x.silence.length for x in losses if x.telling and not x.silence.lower_bound]
    counts = Counter({i: n for i, n in enumerate(survived.histogram) if n})
    samples: list[Sample] = []
    longest = survived.longest.length if survived.longest is not None else 0
    if longest:
        counts[_bucket(longest)] -= 1
        samples.append((longest, 0, 1))
    shared: dict[int, int] = {}
    for length in sorted(lengths):
        own = length > longest or counts[_bucket(length)] <= 0
        samples.append((length if own else shared.setdefault(_bucket(length), length), 1, 1))
    samples += [(shared.get(i, EDGES[i] if i else 0), 0, n) for i, n in counts.items() if n > 0]
    return isotonic(samples)


def _bucket(length: int) -> int:
    """The bucket of the engine's histograms that holds a length. The first also holds what is shorter than its edge."""
    return max(bisect_right(EDGES, length) - 1, 0)


def risen(found: Bracket, steps: Sequence[Step], survived: Survived, losses: Iterable[Loss]) -> Bracket:
    """A bracket whose ends cross, by the step from which on silences fail: where long ones surely fail more often, a stray
    failure far below does not make all that survived worthless."""
    failed, start = 0, 0
    for step in steps if rises(steps) else ():
        failed += step.failed
        if failed > 1 and step.probability > _STRAY:
            start = step.start
            break
    beyond = [x.silence for x in losses if x.telling and not x.silence.lower_bound and x.silence.length >= start]
    if found.high is None or start <= found.high.length or not beyond:
        return found
    rise = min(beyond, key=lambda f: (f.length, f.ended.place))
    longest = survived.longest.length if survived.longest else 0
    return replace(found, rise=rise, floor=max(found.floor, below(longest, survived.histogram, min(f.after for f in beyond))))
