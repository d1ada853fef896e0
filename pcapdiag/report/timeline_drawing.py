"""Where everything of a timeline stands: lanes from top to bottom, what the client sent above each lane's line, what the server
sent below, idle gaps as bars with their length, and under all of them the axis with its pieces and breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pcapdiag.report.drawing import (
    Box,
    Drawing,
    Glyph,
    Line,
    Rows,
    Shape,
    Text,
    extent,
    fitting,
    inside,
    text_width,
    wrapped,
)
from pcapdiag.report.lanes import GapBar, Lane, Lanes, Mark, MarkKind, Side
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import count

WIDTH, MARGIN = 960.0, 16.0
#: Up to this many lanes there is room for words beside the marks; beyond, each lane is one line.
WORDY = 6
_ROLES = {
    MarkKind.ACK: "ack", MarkKind.PROBE: "probe", MarkKind.SYN: "syn", MarkKind.FIN: "fin", MarkKind.RST: "rst",
    MarkKind.ICMP: "icmp",
}  # fmt: skip


class _Style(NamedTuple):
    """Sizes of a lane: its line stands ``middle`` below its top; marks stand ``off`` above and below it."""

    words: bool
    height: float
    middle: float
    off: float
    bar: float
    glyph: float
    size: float
    left: float
    right: float


_WORDY = _Style(True, 118, 62, 17, 18, 5, 11, MARGIN + 8, WIDTH - MARGIN - 8)
_PLAIN = _Style(False, 36, 18, 9, 10, 4, 11, MARGIN + 160, WIDTH - MARGIN - 236)
_TIGHT = _Style(False, 17, 8.5, 4, 6, 2.6, 9.5, MARGIN + 140, WIDTH - MARGIN - 212)


def timeline_drawing(lanes: Lanes, *, heading: bool = True) -> Drawing:
    """The drawing of a timeline; without ``heading`` its title is left to what it stands in."""
    number = len(lanes.lanes)
    style = _WORDY if number <= WORDY else _PLAIN if number <= 20 else _TIGHT
    shapes: list[Shape] = []
    y = MARGIN
    if heading:
        for line in wrapped(lanes.title, 13, WIDTH - 2 * MARGIN):
            y += 16
            shapes.append(Text(MARGIN, y - 3, line, 13, "start", "heading"))
        y += 4
    for line in wrapped(_said(lanes, style), 10.5, WIDTH - 2 * MARGIN):
        y += 14
        shapes.append(Text(MARGIN, y - 3, line, 10.5, "start", "dim"))
    if number:
        y += 24
        top = y
        body: list[Shape] = []
        for lane in lanes.lanes:
            body += _lane(lane, lanes, style, y)
            y += style.height
        shapes += _breaks(lanes, style, top, y)
        shapes += body
        below = list(_axis(lanes, style, y))
        shapes += below
        y = max(y + 30, *(s.y for s in below if isinstance(s, Text)))
        legend = list(_legend(lanes, y + 20))
        shapes += legend
        y = max(s.y for s in legend if isinstance(s, Text))
    return Drawing(WIDTH, y + MARGIN, lanes.title, description(lanes), tuple(shapes))


def description(lanes: Lanes) -> str:
    """The timeline in words, for who cannot see it."""
    told = [f"{lane.label}: {lane.about}; " + ", ".join(f"idle {bar.summary}" for bar in lane.bars) for lane in lanes.lanes]
    return ". ".join([f"{count(len(lanes.lanes), 'connection')} drawn", *told]) + "."


def short(ns: int) -> str:
    """A length with about three digits, for an axis."""
    for unit, name in ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")):
        if ns < 999.5 * unit:
            return f"{ns / unit:.3g} {name}"
    minutes = ns / 60_000_000_000
    return f"{minutes:.3g} min" if minutes < 120 else f"{minutes / 60:.4g} h" if minutes < 48 * 60 else f"{minutes / 1440:.4g} d"


def _said(lanes: Lanes, style: _Style) -> str:
    """What the drawing is measured in, and what it leaves out."""
    if not lanes.lanes:
        return "No affected connection to draw."
    how = (
        "Aligned on the wakes: times count from each connection's first wake."
        if lanes.origin is None
        else (f"Times count from {iso(lanes.origin, 3)}.")
    )
    breaks = "Each piece of the axis has its own scale, its length stands below it; // leaves out the time above it."
    parts = [how, breaks if lanes.axis.breaks else ""]
    if lanes.note:
        parts.append(f"{lanes.note}.")
    if not style.words:
        parts.append("With so many lanes, frames and requests are not named.")
    omitted = sum(lane.omitted for lane in lanes.lanes)
    if omitted:
        parts.append(f"{count(omitted, 'packet')} of plain traffic between not drawn.")
    return " ".join(part for part in parts if part)


def _x(lanes: Lanes, style: _Style, at: int) -> float:
    return style.left + (style.right - style.left) * lanes.axis.x(at)


def _lane(lane: Lane, lanes: Lanes, style: _Style, top: float) -> Iterator[Shape]:
    middle = top + style.middle
    if style.words:
        about = fitting(lane.about, 10.5, WIDTH - 2 * MARGIN - text_width(lane.label, 11.5) - 12)
        yield Text(MARGIN, top + 12, lane.label, 11.5, "start", "heading")
        yield Text(WIDTH - MARGIN, top + 12, about, 10.5, "end", "dim")
    else:
        yield Text(MARGIN, middle + 4, fitting(lane.client, style.size, style.left - MARGIN - 10), style.size, "start", "text")
        if lane.bars:
            more = f" (+{len(lane.bars) - 1})" if len(lane.bars) > 1 else ""
            text = fitting(lane.bars[0].summary + more, style.size, WIDTH - MARGIN - style.right - 12)
            yield Text(WIDTH - MARGIN, middle + 4, text, style.size, "end", "text")
    yield Line(style.left - 6, middle, style.right + 6, middle, "line")
    for bar in lane.bars:
        yield from _bar(bar, lanes, style, middle)
    # What proves is drawn last, above its neighbours.
    for mark in sorted(lane.marks, key=lambda m: bool(m.role)):
        yield from _mark(mark, lanes, style, middle)
    if style.words:
        yield from _notes(lane, lanes, style, middle)


def _bar(bar: GapBar, lanes: Lanes, style: _Style, middle: float) -> Iterator[Shape]:
    left, right = _x(lanes, style, bar.start), _x(lanes, style, bar.end)
    height = style.bar
    yield Box(left, middle - height / 2, max(right - left, 1), height, "gap", f"idle {bar.summary}")
    yield Line(right, middle - height / 2, right, middle + height / 2, "gap-edge")
    if not bar.open:
        yield Line(left, middle - height / 2, left, middle + height / 2, "gap-edge")
    text = inside(Text((left + right) / 2, middle + 4, f"idle {bar.text}", 11, "middle", "gap-text"), style.left, style.right)
    covered = extent(text) if style.words else (0.0, 0.0)
    for piece in lanes.axis.breaks:
        x = style.left + (style.right - style.left) * (piece.left + piece.right) / 2
        if left < x < right and not covered[0] - 6 < x < covered[1] + 6:
            yield from _slashes(x, middle, height / 2, "gap-edge")
    if style.words:
        yield text


def _slashes(x: float, y: float, size: float, role: str) -> Iterator[Shape]:
    for shift in (-2.0, 2.0):
        yield Line(x + shift - size * 0.3, y + size, x + shift + size * 0.3, y - size, role)


def _mark(mark: Mark, lanes: Lanes, style: _Style, middle: float) -> Iterator[Shape]:
    x, up = _x(lanes, style, mark.at), mark.side == "client"
    y = middle - style.off if up else middle + style.off
    role = role_of(mark.kind, mark.side)
    if mark.kind not in (MarkKind.ACK, MarkKind.SYN):
        yield Line(x, middle, x, y, role)
    size = style.glyph * (1.3 if mark.role else 1)
    yield Glyph(x, y, size, role, up, mark.title)


def role_of(kind: MarkKind, side: Side) -> str:
    """What a mark looks like: payload by its side too, the rest by its kind."""
    return _ROLES.get(kind, f"{side}-{kind}")


def _notes(lane: Lane, lanes: Lanes, style: _Style, middle: float) -> Iterator[Shape]:
    """Notes above and below, in two rows each; what has no room is left to the marks' own titles."""
    rows: dict[Side, Rows] = {"client": Rows(1, 10), "server": Rows(2, 10)}
    for note in lane.notes:
        x, up = _x(lanes, style, note.at), note.side == "client"
        right = x > (style.left + style.right) / 2
        text = Text(x + 6 if right else x - 6, 0, note.text, 10.5, "end" if right else "start", "text")
        text = inside(text, MARGIN, WIDTH - MARGIN)
        row = rows[note.side].place(text)
        if row is not None:
            yield text._replace(y=middle - 30 if up else middle + 37 + 13 * row)


def _breaks(lanes: Lanes, style: _Style, top: float, bottom: float) -> Iterator[Shape]:
    """Bands behind the lanes where time is left out, each with its length above."""
    rows, wide = Rows(2, 4), style.right - style.left
    for piece in lanes.axis.breaks:
        left, right = style.left + wide * piece.left, style.left + wide * piece.right
        yield Box(left + 3, top - 2, right - left - 6, bottom - top + 4, "break", f"{short(piece.length)} left out")
        text = Text((left + right) / 2, top - 7, short(piece.length), 9.5, "middle", "dim")
        row = rows.place(text)
        if row is not None:
            yield text._replace(y=top - 7 - 11 * row)


def _axis(lanes: Lanes, style: _Style, y: float) -> Iterator[Shape]:
    """Under the lanes: a bracket for each piece with its length, and below that when it begins."""
    wide, base = style.right - style.left, y + 8
    lengths, starts = Rows(2, 5), Rows(3, 8)
    for piece in lanes.axis.pieces:
        left, right = style.left + wide * piece.left, style.left + wide * piece.right
        single = piece.start == piece.end
        a, b = ((left + right) / 2,) * 2 if single else (left, right)
        yield Line(a, base, b, base, "axis")
        for x in {a, b}:
            yield Line(x, base - 4, x, base + 4, "axis")
        text = Text((a + b) / 2, base, short(piece.end - piece.start), 10, "middle", "text")
        row = None if single else lengths.place(text)
        if row is not None:
            yield text._replace(y=base + 14 + 11 * row)
        text = inside(Text(a, base, _offset(piece.start, lanes), 9.5, "start", "dim"), MARGIN, WIDTH - MARGIN)
        row = starts.place(text)
        if row is not None:
            yield text._replace(y=base + 38 + 11 * row)
    for gap in lanes.axis.breaks:
        yield from _slashes(style.left + wide * (gap.left + gap.right) / 2, base, 5, "axis")


def _offset(at: int, lanes: Lanes) -> str:
    if at == 0:
        return "wake" if lanes.origin is None else "0 s"
    return ("−" if at < 0 else "+") + seconds(abs(at))


def _legend(lanes: Lanes, y: float) -> Iterator[Shape]:
    x = MARGIN
    entries = [(role_of(kind, side), side == "client", _named(kind, side)) for kind, side in lanes.kinds]
    seen: set[str] = set()
    for role, up, name in entries:
        if role in seen:
            continue
        seen.add(role)
        width = text_width(name, 10) + 30
        if x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + 16
        yield Glyph(x + 5, y - 4, 4.5, role, up)
        text = Text(x + 15, y, name, 10, "start", "text")
        yield text
        x = extent(text)[1] + 16


def _named(kind: MarkKind, side: Side) -> str:
    return f"{side}'s {kind}" if kind in (MarkKind.PAYLOAD, MarkKind.RETRANSMISSION) else str(kind)
