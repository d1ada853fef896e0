"""Why the verdicts on one connection are what they are: the capture is read a second time, for this connection alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pcapdiag.capture import CaptureError, expand, open_source
from pcapdiag.durations import parse_duration
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, IdlePeriod, Outcome, Seen, Traced
from pcapdiag.points import Points
from pcapdiag.reading import Progress, read
from pcapdiag.report.explanation import Explanation, Incarnation, Judged
from pcapdiag.report.ladder import Ladder, Sizes
from pcapdiag.rules.catalogue import judge, why

Path = str | os.PathLike[str]

#: As many packets as a person can read: the beginning and the end, and what lies around everything that is not plain traffic.
SHOWN = Sizes(beginning=12, before=4, after=8, end=6, most=400)
_PLAIN = frozenset((Seen.PAYLOAD, Seen.ACK, Seen.COPY))


def explain(
    paths: Path | Sequence[Path],
    *,
    frame: int | None = None,
    stream: int | None = None,
    min_idle: str | int | float | timedelta = "1s",
    max_connections: int = 1_000_000,
    every: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Explanation:
    """Tell everything about one connection: roles, packets, idle periods, and how each rule read them.

    Args:
        paths: the capture, or several files of one capture. ``frame`` and ``stream`` count in the first of them.
        frame: a packet of the connection, by its frame number; an ICMP error that quotes one will do.
        stream: the connection, by Wireshark's ``tcp.stream``. Just one of ``frame`` and ``stream`` is given.
        min_idle: as for `pcapdiag.analyze`.
        max_connections: as for `pcapdiag.analyze`.
        every: keep every packet of the connection, however many; else its beginning, its end, and all that is not plain
            traffic with what lies around it.
        progress: called about ten times a second while reading.

    Returns:
        An Explanation, of the incarnation that was asked for and of those before and after it on the same 4-tuple.

    Raises:
        CaptureError: the capture could not be read, or holds no such frame or stream.
        ValueError: not just one of ``frame`` and ``stream``, or a duration that is none.
    """
    if (frame is None) == (stream is None):
        raise ValueError("give either frame or stream")
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    first = _only(paths)
    idle = parse_duration(min_idle)
    ends = _find(first, frame, stream, progress)
    watch = _Watch(first, frame, stream, idle, every)

    def engine(point: int) -> Engine:
        return Engine(min_idle=idle, max_connections=max_connections, point=point, watch=[ends])

    watch.points = points = Points(engine, watch.fed)
    points.read(paths, progress)
    if watch.asked is None:
        raise CaptureError(first, "changed while it was read")
    return watch.result(points.engines[watch.asked[0]])


def _only(paths: Sequence[Path]) -> str:
    """The file in which frames and streams are counted."""
    files = expand([os.fspath(paths[0])]) if paths else []
    if len(files) != 1:
        raise CaptureError(os.fspath(paths[0]) if paths else "nothing", "name the one file in which to count first")
    if files[0] == "-":
        raise CaptureError("standard input", "is gone once it is read, and this reads twice: save it to a file")
    return files[0]


def _find(
    path: str, frame: int | None, stream: int | None, progress: Callable[[Progress], None] | None
) -> tuple[Endpoint, Endpoint]:
    """Whose frame or stream it is."""
    engine = Engine()
    engine.begin_file(0)
    engine.spot(frame=frame or 0, stream=stream or 0)
    with open_source(path) as source:
        read(source, engine, lambda _: None, progress)
    if engine.spotted is not None:
        return engine.spotted
    if stream is not None:
        raise CaptureError(path, f"there is no tcp.stream {stream}")
    if frame is not None and not 1 <= frame <= engine.records:
        raise CaptureError(path, f"there is no frame {frame}: the capture has {engine.records}")
    raise CaptureError(path, f"frame {frame} holds no TCP segment")


@dataclass
class _Watch:
    """What is collected of the watched 4-tuple, by capture point and connection."""

    path: str
    frame: int | None
    stream: int | None
    idle: int
    every: bool
    points: Points | None = None
    ladders: dict[tuple[int, int], Ladder] = field(default_factory=dict)
    periods: dict[tuple[int, int], list[Judged]] = field(default_factory=dict)
    asked: tuple[int, int] | None = None

    def fed(self, engine: Engine) -> None:
        """Take what the engine traced and settled by now."""
        assert self.points is not None
        here = self.points.file_name(len(self.points.files)) == self.path
        for segment in engine.trace():
            key = engine.point, segment.connection
            self.ladders.setdefault(key, Ladder(self.told, None if self.every else SHOWN)).add(segment)
            meant = segment.ref.frame == self.frame if self.stream is None else segment.stream == self.stream
            if here and meant and self.asked is None:
                self.asked = key
        if engine.settled:
            self.judge(engine.drain())

    def told(self, segment: Traced, after: int) -> bool:
        """Is this segment more than plain traffic?"""
        return segment.seen not in _PLAIN or after >= self.idle

    def judge(self, periods: Sequence[IdlePeriod]) -> None:
        """Keep these with what the rules say."""
        for period in periods:
            quiet = period.outcome in (Outcome.SURVIVED, Outcome.CLOSED)
            judged = Judged(period, None, ()) if quiet else Judged(period, judge(period), why(period))
            self.periods.setdefault((period.connection.point, period.connection.id), []).append(judged)

    def result(self, engine: Engine) -> Explanation:
        """When everything was read."""
        assert self.points is not None
        assert self.asked is not None
        self.judge(engine.finish())
        incarnations = []
        for connection in engine.connections():
            key = engine.point, connection.id
            ladder = self.ladders.get(key)
            if ladder is None:  # known from an ICMP error alone
                continue
            periods = tuple(sorted(self.periods.get(key, ()), key=lambda j: (j.period.ended.file, j.period.ended.frame)))
            incarnations.append((key, Incarnation(connection, ladder.steps(), ladder.segments, periods)))
        asked = [key for key, _ in incarnations].index(self.asked)
        return Explanation(tuple(self.points.files), self.idle, tuple(i for _, i in incarnations), asked)
