"""The axis of a timeline as shapes: pieces with their lengths, breaks with what they leave out, where the lanes stand between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pcapdiag.report.axis import Axis, Piece
from pcapdiag.report.drawing import Box, Line, Rows, Shape, Text, inside
from pcapdiag.report.times import seconds

WIDTH, MARGIN = 960.0, 16.0
#: A piece as wide as this has ticks inside.
TICKED = 300.0
_SECOND = 1_000_000_000
#: Between ticks: 1, 2, 5 of each power of ten below a minute; then as clocks are divided.
_STEPS = [factor * 10**n for n in range(11) for factor in (1, 2, 5) if factor * 10**n <= 30 * _SECOND]
_STEPS += [minutes * 60 * _SECOND for minutes in (1, 2, 5, 10, 20, 30, 60, 120, 360, 720, 1440)]
_STEPS += [days * 86_400 * _SECOND for days in (2, 5, 10, 30, 100, 365, 3650, 36500)]


class Scale(NamedTuple):
    """An axis on paper, between ``left`` and ``right``; ``aligned`` on wakes, or from one clock."""

    axis: Axis
    left: float
    right: float
    aligned: bool

    def x(self, at: int) -> float:
        """Where a time stands."""
        return self.part(self.axis.x(at))

    def part(self, part: float) -> float:
        """Where that part of the axis ends."""
        return self.left + (self.right - self.left) * part


def short(ns: int) -> str:
    """A length with about three digits, for an axis."""
    for unit, name in ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")):
        if ns < 999.5 * unit:
            return f"{ns / unit:.3g} {name}"
    minutes = ns / 60_000_000_000
    return f"{minutes:.3g} min" if minutes < 120 else f"{minutes / 60:.3g} h" if minutes < 48 * 60 else f"{minutes / 1440:.4g} d"


def slashes(x: float, y: float, size: float, role: str) -> Iterator[Shape]:
    """The mark of a break."""
    for shift in (-2.0, 2.0):
        yield Line(x + shift - size * 0.3, y + size, x + shift + size * 0.3, y - size, role)


def break_bands(scale: Scale, top: float, bottom: float) -> Iterator[Shape]:
    """Bands behind the lanes where time is left out, each with its length above."""
    rows = Rows(2, 4)
    if scale.aligned:
        x = scale.x(0)
        text = Text(x, top - 7, "wake", 9.5, "middle", "text")
        rows.place(text)
        yield text
        yield Line(x, top - 2, x, bottom + 2, "line")
    for piece in scale.axis.breaks:
        left, right = scale.part(piece.left), scale.part(piece.right)
        yield Box(left + 3, top - 2, right - left - 6, bottom - top + 4, "break", f"{short(piece.length)} left out")
        text = Text((left + right) / 2, top - 7, short(piece.length), 9.5, "middle", "dim")
        row = rows.place(text)
        if row is not None:
            yield text._replace(y=top - 7 - 11 * row)


def axis_lines(scale: Scale, y: float) -> Iterator[Shape]:
    """Under the lanes: a bracket for each piece with its length, and below that when it begins."""
    base = y + 8
    lengths, starts = Rows(2, 5), Rows(3, 8)
    for piece in scale.axis.pieces:
        left, right = scale.part(piece.left), scale.part(piece.right)
        single = piece.start == piece.end
        a, b = ((left + right) / 2,) * 2 if single else (left, right)
        yield Line(a, base, b, base, "axis")
        for x in (a,) if single else (a, b):
            yield Line(x, base - 4, x, base + 4, "axis")
        ticked = not single and right - left >= TICKED
        length = Text(b if ticked else (a + b) / 2, base, short(piece.end - piece.start), 10, "middle", "text")
        length = inside(length, MARGIN, WIDTH - MARGIN)
        row = None if single else lengths.place(length)
        if row is not None:
            yield length._replace(y=base + 14 + 11 * row)
        if ticked:
            yield from _ticks(piece, scale, base, lengths)
        begins = inside(Text(a, base, _offset(piece.start, scale), 9.5, "start", "dim"), MARGIN, WIDTH - MARGIN)
        row = starts.place(begins)
        if row is not None:
            yield begins._replace(y=base + 38 + 11 * row)
    for gap in scale.axis.breaks:
        yield from slashes(scale.part((gap.left + gap.right) / 2), base, 5, "axis")


def _ticks(piece: Piece, scale: Scale, base: float, rows: Rows) -> Iterator[Shape]:
    """Round times inside a wide piece, counted from its beginning; where there is no room for a number, the tick alone."""
    length = piece.end - piece.start
    pixel = length / (scale.part(piece.right) - scale.part(piece.left))
    step = next((s for s in _STEPS if s >= 80 * pixel), length)
    for after in range(step, int(length - 8 * pixel), step):
        x = scale.x(piece.start + after)
        yield Line(x, base - 2, x, base + 4, "axis")
        text = Text(x, base + 14, short(after), 9.5, "middle", "dim")
        if rows.place(text) == 0:
            yield text


def _offset(at: int, scale: Scale) -> str:
    if at == 0:
        return "wake" if scale.aligned else "0 s"
    return ("−" if at < 0 else "+") + seconds(abs(at))
