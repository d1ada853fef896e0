"""How likely a silence is to fail, by its length, where one timer does not explain the data: several backends or timers, lazy
expiry, or losses that have nothing to do with silence.

The estimate assumes one thing, that a longer silence fails no less often than a shorter one, and is then the one of greatest
likelihood (isotonic regression by pooling adjacent violators; Ayer et al. 1955). Each of its steps is a share of so many samples,
so that Wilson's interval (1927) says how far the truth may lie from it, there and beyond: what holds of a longer silence bounds a
shorter one from above, and the other way round. The band is for each length by itself, not for all at once; and which samples
make a step is taken from the same samples, so that it is a little too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import sqrt

from pcapdiag.engine.objects import EDGES
from pcapdiag.inference.bracket import Survived
from pcapdiag.inference.types import Loss, Step

#: 95 % of a normal distribution lie within so many standard deviations.
_Z = 1.959963984540054

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
    """The estimate for one service. A survivor counts at its bucket's lower edge, as it was at least so long; the longest, and
    every failure that is no mere lower bound, at its own length."""
    counts = dict(enumerate(survived.histogram))
    samples: list[Sample] = [(x.silence.length, 1, 1) for x in losses if x.telling and not x.silence.lower_bound]
    if survived.longest is not None:
        length = survived.longest.length
        bucket = max((i for i in counts if i == 0 or EDGES[i] <= length), default=None)
        if bucket is not None and counts[bucket]:
            counts[bucket] -= 1
        samples.append((length, 0, 1))
    samples += [(EDGES[i] if i else 0, 0, n) for i, n in counts.items() if n]
    return isotonic(samples)
