"""The captures read a second time, for the packets around what was found: the engine keeps none while it reads the first time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from pcapdiag.capture import CaptureError
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Connection, IdlePeriod, RecordRef, Traced
from pcapdiag.points import Points
from pcapdiag.reading import Progress
from pcapdiag.report.excerpt import AROUND, NEXT, Excerpt, Successor
from pcapdiag.report.grouping import spread
from pcapdiag.report.ladder import Ladder
from pcapdiag.report.model import CaptureFile, Report

_Key = tuple[int, int]


def excerpts(
    paths: Sequence[str],
    periods: Iterable[IdlePeriod],
    engines: Sequence[Engine],
    max_connections: int,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Excerpt, ...]:
    """The packets around these periods, one excerpt for each connection, in order of the first wake.

    ``paths`` are those that were analysed, and ``engines`` what tracked them: of these, the next connection of the same client
    to the same server. Memory is bounded by the number of periods, time is that of one more reading. Raises CaptureError if the
    captures are gone.
    """
    wanted = _Wanted.of(periods, engines)
    ends = [[(c.client, c.server) for c in wanted.connections(point)] for point in range(len(engines))]

    def engine(point: int) -> Engine:
        watch = ends[point] if point < len(ends) else []
        return Engine(max_connections=max_connections, point=point, watch=watch, records=True)

    if not any(ends):
        return ()
    if "-" in paths:
        why = "is gone once it is read, and packets are fetched by reading again: save it to a file"
        raise CaptureError("standard input", why)
    Points(engine, wanted.fed).read(paths, progress)
    return wanted.result()


def chosen(report: Report, most: int) -> list[IdlePeriod]:
    """The periods that a report shows in detail: of each service and rule the first, then of each the second, and so on; what is
    lost and proved before the rest."""
    found = [finding for group in report.weighed for finding in spread(group, most)]
    return [finding.period for finding in found[:most]]


def digested(files: Sequence[CaptureFile]) -> tuple[CaptureFile, ...]:
    """The files, each with its SHA-256 as it is stored; without it where it cannot be read again (standard input)."""
    return tuple(replace(file, sha256=_sha256(file.name)) for file in files)


def _sha256(name: str) -> str | None:
    try:
        with open(name, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


@dataclass
class _Affected:
    """One affected connection: which frames are of interest, and the next connection."""

    connection: Connection
    frames: set[RecordRef]
    wakes: list[RecordRef]
    successor: Connection | None
    found: _Key | None = None


@dataclass
class _Wanted:
    """What is looked for, and what was collected of it. ``beginnings`` are the first records of connections of which only the
    beginning is wanted: the next ones, unless they are affected themselves."""

    affected: list[_Affected]
    frames: dict[RecordRef, _Affected]
    beginnings: set[RecordRef]
    ladders: dict[_Key, Ladder] = field(default_factory=dict)
    begun: dict[RecordRef, _Key] = field(default_factory=dict)

    @classmethod
    def of(cls, periods: Iterable[IdlePeriod], engines: Sequence[Engine]) -> _Wanted:
        """From the periods of the first reading."""
        affected: dict[tuple[int, RecordRef], _Affected] = {}
        for period in periods:
            c = period.connection
            frames = _frames(period)
            one = affected.get((c.point, c.first))
            if one is None:
                after = engines[c.point].successor(c.client.address, c.server, _last(period))
                one = affected[c.point, c.first] = _Affected(c, set(), [], after)
            one.frames |= frames
            one.wakes.append(period.wake.first.ref)
        every = list(affected.values())
        frames_of = {frame: one for one in every for frame in one.frames}
        beginnings = {one.successor.first for one in every if one.successor} - {one.connection.first for one in every}
        return cls(every, frames_of, beginnings)

    def connections(self, point: int) -> Iterable[Connection]:
        """Those of a capture point whose packets are wanted."""
        for one in self.affected:
            if one.connection.point == point:
                yield one.connection
                if one.successor:
                    yield one.successor

    def fed(self, engine: Engine) -> None:
        """Take what the engine traced by now."""
        for segment in engine.trace():
            key = engine.point, segment.connection
            if key not in self.ladders:
                sizes = NEXT if segment.ref in self.beginnings else AROUND
                self.ladders[key] = Ladder(self.asked_for, sizes)
                self.begun[segment.ref] = key
            self.ladders[key].add(segment)
            one = self.frames.get(segment.ref)
            if one is not None and one.found is None:
                one.found = key
        engine.drain()

    def asked_for(self, segment: Traced, _: int) -> bool:
        """Does this segment prove something?"""
        return segment.ref in self.frames

    def result(self) -> tuple[Excerpt, ...]:
        """When everything was read."""
        made = []
        for one in self.affected:
            if one.found is not None:
                ladder = self.ladders[one.found]
                wakes = tuple(sorted(one.wakes, key=lambda wake: wake.place))
                made.append(Excerpt(one.connection, wakes, ladder.steps(), ladder.segments, self.next(one.successor)))
        return tuple(sorted(made, key=lambda e: e.wakes[0].place))

    def next(self, connection: Connection | None) -> Successor | None:
        """The next connection, if it was met."""
        key = None if connection is None else self.begun.get(connection.first)
        if connection is None or key is None:
            return None
        ladder = self.ladders[key]
        return Successor(connection, ladder.steps()[: NEXT.most], ladder.segments)


def _frames(period: IdlePeriod) -> set[RecordRef]:
    """The records of a period that say something."""
    answer, wake = period.answer, period.wake
    refs = [period.start, period.last_before, period.peer_fin, wake.first.ref, wake.last_sent, wake.own_fin, period.heard,
            period.ended]  # fmt: skip
    if answer is not None:
        refs += [answer.first.ref, answer.went_on]
    return {ref for ref in refs if ref is not None}


def _last(period: IdlePeriod) -> RecordRef:
    """The last record of a period that is the connection's own: what ends it without an answer may be the SYN of the next one."""
    told = {period.wake.first.ref, *([] if period.answer is None else [period.answer.first.ref])}
    return max((r for r in _frames(period) if r != period.ended or r in told), key=lambda r: (r.file, r.frame))
