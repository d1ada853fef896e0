"""A time axis on which 0.1 ms and 15 minutes are both readable: stretches of activity to scale, long silences broken.

It stays honest by what it never does: order is kept, no piece is drawn to another scale than the one it states, and every break
states the time that it leaves out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

#: A gap is left out only where it is at least this many times as long as any that is drawn beside it.
RATIO = 8
#: More pieces than this are no axis any more, but a row of breaks: then time is drawn as one line.
MOST_PIECES = 12
#: An interval that must be seen is legible if it takes this share of its piece.
LEGIBLE = 0.03
#: The part of the axis that a break takes, and that all take together at most.
BREAK, BREAKS = 0.1, 0.4


class Span(NamedTuple):
    """A stretch of time, both ends included, in ns."""

    start: int
    end: int


class Piece(NamedTuple):
    """A stretch that is drawn to scale from ``left`` to ``right``, which are parts of the axis; if it is a single moment, that
    stands in the middle."""

    start: int
    end: int
    left: float
    right: float

    def x(self, at: int) -> float:
        """Where ``at`` is drawn, if it lies inside."""
        if self.start == self.end:
            return (self.left + self.right) / 2
        return min(self.right, self.left + (self.right - self.left) * ((at - self.start) / (self.end - self.start)))


class Break(NamedTuple):
    """A stretch of ``length`` ns between two pieces that is not drawn to scale."""

    length: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Axis:
    """Pieces in order of time; between each two there is a break. Times are ns, positions go from 0 to 1."""

    pieces: tuple[Piece, ...]

    @property
    def breaks(self) -> tuple[Break, ...]:
        """What lies between the pieces."""
        return tuple(Break(b.start - a.end, a.right, b.left) for a, b in pairwise(self.pieces))

    def x(self, at: int) -> float:
        """Where a time is drawn. Never left of an earlier time; what lies outside is drawn at the border."""
        i = bisect_right(self.pieces, at, key=lambda p: p.start) - 1
        if i < 0:
            return self.pieces[0].x(self.pieces[0].start)
        piece = self.pieces[i]
        if at <= piece.end or i + 1 == len(self.pieces):
            return piece.x(min(at, piece.end))
        after = self.pieces[i + 1]
        left, right = piece.x(piece.end), after.x(after.start)
        return min(right, left + (right - left) * ((at - piece.end) / (after.start - piece.end)))


def axis(times: Iterable[int], legible: Iterable[Span] = (), most: int = MOST_PIECES) -> Axis:
    """The axis for these times. Where a span of ``legible`` would be too short to be seen, its piece is broken further, as
    long as there is something to be left out and there are no more than ``most`` pieces."""
    moments = sorted(set(times)) or [0]
    wanted = [span for span in legible if span.start < span.end]
    pieces = [moments]
    again = True
    while again:
        again = False
        for i, piece in enumerate(pieces):
            if len(pieces) > 1 and not _illegible(piece, wanted):
                continue
            parts = _broken(piece, most - len(pieces))
            if len(parts) > 1:
                pieces[i : i + 1] = parts
                again = True
                break
    return Axis(tuple(_placed(pieces)))


def _illegible(piece: Sequence[int], wanted: Sequence[Span]) -> bool:
    least = (piece[-1] - piece[0]) * LEGIBLE
    return any(piece[0] <= s.start and s.end <= piece[-1] and s.end - s.start < least for s in wanted)


def _broken(moments: list[int], most: int) -> list[list[int]]:
    """These moments in pieces, by the longest gaps between them, if those stand out from the rest; ``most`` breaks."""
    order = sorted(range(1, len(moments)), key=lambda i: moments[i - 1] - moments[i])
    gaps = [moments[i] - moments[i - 1] for i in order]
    number = next((k for k in range(1, min(most, len(gaps) - 1) + 1) if gaps[k - 1] >= RATIO * gaps[k]), 0)
    cuts = [0, *sorted(order[:number]), len(moments)]
    return [moments[a:b] for a, b in pairwise(cuts)]


def _placed(pieces: Sequence[Sequence[int]]) -> Iterable[Piece]:
    """A piece is as wide as there is to be seen in it: nothing else could be seen of both 0.1 ms and 10 s."""
    breaks = len(pieces) - 1
    room = min(BREAK, BREAKS / breaks) if breaks else 0.0
    weights = [1 if len(piece) == 1 else 1 + min(len(piece), 12) for piece in pieces]
    unit = (1 - room * breaks) / sum(weights)
    left = 0.0
    for piece, weight in zip(pieces, weights, strict=True):
        right = min(1.0, left + weight * unit)  # the sum of so many roundings may be a hair too much
        yield Piece(piece[0], piece[-1], min(left, right), right)
        left += weight * unit + room
