"""The clocks of all capture points, from all connections that they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, permutations

from pcapdiag.correlate.clocks import Clock, Difference, clock
from pcapdiag.correlate.matching import Leg, differences
from pcapdiag.correlate.whereabouts import nearness

#: One timeline of a capture point: the point's index, and the timeline's there.
Timeline = tuple[int, int]


class Clocks:
    """How the clocks of any two timelines differ. ``told`` is by how much each point's clock is ahead of that of the first, where
    somebody said so."""

    def __init__(self, connections: Iterable[Sequence[tuple[Timeline, Leg]]], told: Sequence[int | None]) -> None:
        self._told = told
        self._found: Mapping[tuple[Timeline, Timeline], Clock | None] = {
            pair: clock(some) for pair, some in _pooled(connections).items()
        }

    def between(self, one: Timeline, other: Timeline) -> Clock | None:
        """How the clock of the second differs from that of the first; None where nothing tells."""
        if one == other:
            return Clock(told=0)
        here, there = self._told[one[0]], self._told[other[0]]
        if one[0] != other[0] and (here is not None or there is not None):
            return Clock(told=(there or 0) - (here or 0))
        return self._found.get((one, other))

    def of(self, point: int) -> Clock | None:
        """How a point's clock differs from the first point's, by the first of their timelines of which that is known."""
        if point == 0:
            return Clock(told=0)
        pairs = sorted(pair for pair in self._found if (pair[0][0], pair[1][0]) == (0, point))
        return self.between(*pairs[0]) if pairs else self.between((0, 0), (point, 0))


def _pooled(connections: Iterable[Sequence[tuple[Timeline, Leg]]]) -> dict[tuple[Timeline, Timeline], list[Difference]]:
    """Packets that two timelines have in common, as each of them sees it, over all connections."""
    found: dict[tuple[Timeline, Timeline], list[Difference]] = {}
    for legs in connections:
        for (here, one), (there, other) in combinations(sorted(legs, key=lambda leg: leg[0]), 2):
            if here == there:
                continue
            # Of points of which none is known to be nearer to the client, the one that was named first is taken for it.
            outward = one.client if nearness(one, other, by_client=True) >= 0 else one.server
            some = differences(one.packets, other.packets, outward)
            back = [Difference(d.time + d.difference, -d.difference, not d.outward) for d in some]
            for pair, told in zip(permutations((here, there)), (some, back), strict=True):
                found.setdefault((pair[0], pair[1]), []).extend(told)
    return found
