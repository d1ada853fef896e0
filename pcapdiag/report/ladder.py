"""One connection's packets, with relative numbers, as many as a person can read.

Fed segment by segment in the order of the capture, so that a connection of any length takes little memory: kept are its
beginning, its end, and what lies around everything that is not plain traffic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from pcapdiag.engine.types import Endpoint, Seen, Traced

#: How many segments are kept of the beginning, before and after something of interest, and at the end.
BEGINNING, BEFORE, AFTER, END = 12, 4, 8, 6
#: However much happens, no more than this is kept, unless everything is asked for.
MOST = 400
_PLAIN = frozenset((Seen.PAYLOAD, Seen.ACK, Seen.COPY))
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

    def __init__(self, pause: int, *, every: bool = False) -> None:
        """``pause`` is the ns without a segment that are of interest; ``every`` keeps all."""
        self._pause, self._every = pause, every
        self._bases: dict[Endpoint, int] = {}
        self._kept: list[tuple[int, Step]] = []
        self._waiting: deque[tuple[int, Step]] = deque(maxlen=END)
        self._number, self._after, self._last = 0, BEGINNING, 0

    def add(self, segment: Traced) -> None:
        """Take the connection's next segment."""
        after = max(0, segment.ref.time - self._last) if self._number else 0
        if segment.seen is not Seen.ICMP:
            self._learn(segment)
            self._last = segment.ref.time
        step = Step(segment, self._relative(segment.source, segment.seq), self._acknowledged(segment), after, 0)
        interesting = segment.seen not in _PLAIN or after >= self._pause
        self._number += 1
        if self._every or (len(self._kept) < MOST and (interesting or self._after > 0)):
            self._kept += [*list(self._waiting)[-BEFORE:], (self._number, step)]
            self._waiting.clear()
            self._after = AFTER if interesting else self._after - 1
        else:
            self._waiting.append((self._number, step))

    @property
    def segments(self) -> int:
        """All that were taken."""
        return self._number

    def steps(self) -> tuple[Step, ...]:
        """What is shown, in the order of the capture, each with the number of those left out before it."""
        return tuple(_counted([*self._kept, *self._waiting]))

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
