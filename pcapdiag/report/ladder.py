"""One connection's packets, with relative numbers, as many as a person can read.

Fed segment by segment in the order of the capture, so that a connection of any length takes little memory: kept are its
beginning, its end, and what lies around everything that is not plain traffic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint, Seen, Traced


class Sizes(NamedTuple):
    """How many segments are kept of the beginning, before and after something of interest, and at the end; and however much
    happens, no more than ``most``."""

    beginning: int
    before: int
    after: int
    end: int
    most: int


_SYN, _RST, _ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True, slots=True)
class Step:
    """One segment of a ladder.

    ``seq`` and ``ack`` are relative to what its side first sent, as Wireshark counts them (SYN is 0); None where nothing is
    known to count from, and ``ack`` without the ACK flag. ``after`` is ns since the segment before (0 if the clock went back).
    ``omitted`` is how many segments before it are not shown.
    """

    segment: Traced
    seq: int | None
    ack: int | None
    after: int
    omitted: int


class Ladder:
    """Collects the segments of one incarnation; ``steps`` gives those to be shown."""

    def __init__(self, interesting: Callable[[Traced, int], bool], sizes: Sizes | None) -> None:
        """``interesting`` is asked with a segment and the ns since the one before; without ``sizes``, all are kept."""
        self._interesting, self._sizes = interesting, sizes
        self._bases: dict[Endpoint, int] = {}
        self._kept: list[tuple[int, Step]] = []
        self._waiting: deque[tuple[int, Step]] = deque(maxlen=max(sizes.before, sizes.end) if sizes else None)
        self._number, self._after, self._last = 0, sizes.beginning if sizes else 0, 0

    def add(self, segment: Traced) -> None:
        """Take the connection's next segment."""
        after = max(0, segment.ref.time - self._last) if self._number else 0
        if segment.seen is not Seen.ICMP:
            self._learn(segment)
            self._last = segment.ref.time
        step = Step(segment, self._relative(segment.source, segment.seq), self._acknowledged(segment), after, 0)
        self._number += 1
        sizes = self._sizes
        if sizes is None:
            self._kept.append((self._number, step))
            return
        interesting = self._interesting(segment, after)
        if len(self._kept) < sizes.most and (interesting or self._after > 0):
            before = list(self._waiting)[-sizes.before :] if interesting else ()
            self._kept += [*before, (self._number, step)]
            self._waiting.clear()
            self._after = sizes.after if interesting else self._after - 1
        else:
            self._waiting.append((self._number, step))

    @property
    def segments(self) -> int:
        """All that were taken."""
        return self._number

    def steps(self) -> tuple[Step, ...]:
        """What is shown, in the order of the capture, each with the number of those left out before it."""
        end = self._sizes.end if self._sizes else 0
        return tuple(_counted([*self._kept, *(list(self._waiting)[-end:] if end else ())]))

    def _learn(self, segment: Traced) -> None:
        """As Wireshark does: a side's numbers count from its SYN, else from one before what is first known of them."""
        syn = bool(segment.flags & _SYN)
        if segment.flags & _RST and not segment.flags & _ACK:
            return  # the number of a bare RST is that of another's ACK
        self._bases.setdefault(segment.source, segment.seq if syn else segment.seq - 1)
        if segment.flags & _ACK:
            self._bases.setdefault(segment.target, segment.ack - 1)

    def _relative(self, side: Endpoint, number: int) -> int | None:
        base = self._bases.get(side)
        return None if base is None else _near(number - base)

    def _acknowledged(self, segment: Traced) -> int | None:
        return self._relative(segment.target, segment.ack) if segment.flags & _ACK else None


def _near(difference: int) -> int:
    """A difference modulo 2^32; what is a little before the beginning is negative, not huge."""
    whole = difference & 0xFFFFFFFF
    return whole - (1 << 32) if whole >= 0xFFFF0000 else whole


def _counted(numbered: Iterable[tuple[int, Step]]) -> Iterable[Step]:
    last = 0
    for number, step in numbered:
        omitted, last = number - last - 1, number
        yield Step(step.segment, step.seq, step.ack, step.after, omitted) if omitted else step
