"""Which files are one capture point's, in which order, and where a stretch between two of them is missing.

A ring of files (``tcpdump -C/-G/-W``, dumpcap) is one timeline, and connections go on across its files. Files
that overlap in time were captured at different points and are analysed apart: a packet in both is no
duplicate, it was seen twice. Nothing in a file says which it is. It follows from times, and where times leave
a choice, from names.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .inputs import natural
from .preview import Preview

OVERLAP = 10_000_000
"""How much, in ns, a file may begin before its predecessor ends. Records of several CPUs are written slightly
out of order, so that the last of one file and the first of the next may be swapped; two points that see the
same traffic overlap by far more."""

USUAL = 2
"""How many times the longest pause seen inside files one between files may last."""

LEAST_HOLE = 1_000_000_000
"""Shortest stretch, in ns, called a hole between files: a shorter one hides no idle period of the default
`min_idle`."""

_COMPRESSION = re.compile(r"\.(gz|gzip|zst|zstd|xz|bz2|lz4)$", re.IGNORECASE)
_FORMAT = re.compile(r"\.(pcap|pcapng|cap|dmp|ntar)$", re.IGNORECASE)
_DIGITS = re.compile("[0-9]+")


def order(files: Sequence[tuple[str, Preview]]) -> list[tuple[str, Preview]]:
    """``files`` by the time of their first packet, equal ones in natural order of their names; last those
    without."""

    def key(file: tuple[str, Preview]) -> tuple[bool, int, tuple[list[str | int], str]]:
        first = file[1].first_time
        return first is None, first or 0, natural(file[0])

    return sorted(files, key=key)


def stem(path: str) -> str:
    """What names of one ring have in common: the basename without digits, suffixes of compression and of
    format.

    >>> stem("/tmp/client_00012_20240101.pcap.gz"), stem("podA.pcap7"), stem("podA.pcapng")
    ('client', 'podA', 'podA')
    """
    name = _DIGITS.sub("", _COMPRESSION.sub("", os.path.basename(path)))
    return _FORMAT.sub("", name).rstrip("._-")


_Ring = tuple[str, str]  # directory and stem


def _ring(path: str) -> _Ring:
    return os.path.dirname(path), stem(path)


@dataclass(slots=True)
class _Point:
    """A capture point so far."""

    file: str  # the latest
    last: int | None = None  # time of its last record, ns
    pause: int = 0  # longest between two records inside one file, ns
    rings: set[_Ring] = field(default_factory=set)  # of all its files

    def goes_on_at(self, first: int | None) -> bool:
        return self.last is None or first is None or first >= self.last - OVERLAP


class Timelines:
    """Groups files into capture points while they are read, since when a file ends is known only then.

    For each file in `order`: ``assign``, ``hole``, read it, ``done``. ``names`` are all files to come: with
    them a file of another ring, that happens to begin between two files of a ring, is not taken for the
    second of these.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._points: list[_Point] = []
        self._to_come = Counter(map(_ring, names))

    def assign(self, name: str, first_time: int | None, *, alone: bool = False) -> int:
        """The index of the capture point of file ``name``, whose first record is at ``first_time`` ns (None:
        no record).

        A file goes on a point if it does not begin before that point's end (`OVERLAP`). If there are points
        of its own ring (same directory and stem), only these are asked: a file that overlaps its own ring is
        a namesake captured elsewhere. The first file of a ring goes on a point whose rings are over: one of
        the same stem if there are such (a folder per day), else any. Among several, the one whose latest file
        has most numbers of the name in common (``pod1-0007`` goes on ``pod1-0006``, not ``pod2-0006``), then
        the one that ended last. What fits nowhere is a new point, and so is what is ``alone``: a stream, of
        whose times nothing is known yet.
        """
        ring = _ring(name)
        self._to_come[ring] -= 1
        fits = [index for index in self._candidates(ring) if self._points[index].goes_on_at(first_time)]
        if fits and not alone:
            best = max(fits, key=lambda index: _likeness(self._points[index], name))
        else:
            best = len(self._points)
            self._points.append(_Point(name))
        self._points[best].file = name
        self._points[best].rings.add(ring)
        return best

    def hole(self, point: int, first_time: int | None) -> int | None:
        """Time in ns between the last record of ``point`` and the next file's first, at ``first_time``, if it
        is a hole.

        Nothing in the files says whether a ring went on or a capture was stopped and started again. But one
        that was never silent for half as long while it certainly ran was hardly silent for so long just
        between two files. (Half: in quiet captures every other cut would lie in the longest pause so far.)
        Stretches between files do not count as such silences: else the first hole would hide all later ones.
        """
        before = self._points[point]
        if before.last is None or first_time is None:
            return None
        gap = first_time - before.last
        return gap if gap > max(LEAST_HOLE, USUAL * before.pause) else None

    def done(self, point: int, name: str, last_time: int | None, longest_pause: int) -> None:
        """File ``name`` of ``point`` was read: its last record is at ``last_time`` ns (None: it has none),
        and the longest time between two of its records is ``longest_pause`` ns."""
        at = self._points[point]
        at.file = name
        at.pause = max(at.pause, longest_pause)
        if last_time is not None:
            at.last = last_time if at.last is None else max(at.last, last_time)

    def _candidates(self, ring: _Ring) -> list[int]:
        """Points of the same ring; else of its namesakes in other directories, else all, that are over."""
        points = list(enumerate(self._points))
        if same := [index for index, point in points if ring in point.rings]:
            return same
        namesakes = [index for index, point in points if any(ring[1] == other[1] for other in point.rings)]
        over = [index for index, point in points if not any(self._to_come[other] > 0 for other in point.rings)]
        return [index for index in over if index in namesakes or not namesakes]


def _likeness(point: _Point, name: str) -> tuple[int, int]:
    """How much a point's latest file is like the file before ``name``: equal numbers in the name, then when
    it ended."""
    pairs = zip(_DIGITS.findall(os.path.basename(name)), _DIGITS.findall(os.path.basename(point.file)), strict=False)
    return sum(a == b for a, b in pairs), -1 if point.last is None else point.last
