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
    fitting_end,
    inside,
    text_width,
    wrapped,
)
from pcapdiag.report.excerpt import Side
from pcapdiag.report.lanes import GapBar, Lane, Lanes
from pcapdiag.report.marks import Mark, MarkKind
from pcapdiag.report.timeline_axis import MARGIN, WIDTH, Scale, axis_lines, break_bands, slashes
from pcapdiag.report.times import iso
from pcapdiag.report.words import count

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
_PLAIN = _Style(False, 36, 18, 9, 10, 4, 10, MARGIN + 160, WIDTH - MARGIN - 256)
_TIGHT = _Style(False, 17, 8.5, 4, 6, 2.6, 9.5, MARGIN + 140, WIDTH - MARGIN - 212)


def timeline_drawing(lanes: Lanes, *, heading: bool = True) -> Drawing:
    """The drawing of a timeline; without ``heading`` its title is left to what it stands in."""
    number = len(lanes.lanes)
    style = _WORDY if number <= WORDY else _PLAIN if number <= 20 else _TIGHT
    scale = Scale(lanes.axis, style.left, style.right, lanes.origin is None)
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
            body += _lane(lane, scale, style, y)
            y += style.height
        shapes += break_bands(scale, top, y)
        shapes += body
        below = list(axis_lines(scale, y))
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


def _said(lanes: Lanes, style: _Style) -> str:
    """What the drawing is measured in, and what it leaves out."""
    if not lanes.lanes:
        return f"No affected connection to draw. {lanes.note}".strip()
    how = (
        "Aligned on the wakes: times count from each connection's first wake."
        if lanes.origin is None
        else (f"Times count from {iso(lanes.origin, 3)}.")
    )
    breaks = "Each piece of the axis has its own scale, its length stands below it; // leaves out the time above it."
    parts = [how, breaks if lanes.axis.breaks else ""]
    if lanes.note:
        parts.append(lanes.note)
    if not style.words:
        parts.append("With so many lanes, frames and requests are not named.")
    omitted = sum(lane.omitted for lane in lanes.lanes)
    if omitted:
        parts.append(f"{count(omitted, 'packet')} of plain traffic between not drawn.")
    return " ".join(part for part in parts if part)


def _lane(lane: Lane, scale: Scale, style: _Style, top: float) -> Iterator[Shape]:
    middle = top + style.middle
    if style.words:
        about = fitting(lane.about, 10.5, WIDTH - 2 * MARGIN - text_width(lane.label, 11.5) - 12)
        yield Text(MARGIN, top + 12, lane.label, 11.5, "start", "heading")
        yield Text(WIDTH - MARGIN, top + 12, about, 10.5, "end", "dim")
    else:
        yield Text(
            MARGIN, middle + 4, fitting_end(lane.client, style.size, style.left - MARGIN - 10), style.size, "start", "text"
        )
        if lane.bars:
            more = f" (+{len(lane.bars) - 1})" if len(lane.bars) > 1 else ""
            text = fitting(lane.bars[0].summary + more, style.size, WIDTH - MARGIN - style.right - 12)
            yield Text(WIDTH - MARGIN, middle + 4, text, style.size, "end", "text")
    yield Line(style.left - 6, middle, style.right + 6, middle, "line")
    for bar in lane.bars:
        yield from _bar(bar, scale, style, middle)
    # What proves is drawn last, above its neighbours.
    for mark in sorted(lane.marks, key=lambda m: bool(m.role)):
        covered = any(bar.start < mark.at < bar.end for bar in lane.bars)
        yield from _mark(mark, scale, style, middle, style.bar / 2 if covered else 0.0)
    if style.words:
        room = Rows(1)
        lengths = (_length(bar, scale, middle) for bar in lane.bars)
        yield from (text for text in lengths if room.place(text) is not None)
        yield from _notes(lane, scale, style, middle)


def _bar(bar: GapBar, scale: Scale, style: _Style, middle: float) -> Iterator[Shape]:
    left, right = scale.x(bar.start), scale.x(bar.end)
    height = style.bar
    yield Box(left, middle - height / 2, max(right - left, 1), height, "gap", f"idle {bar.summary}")
    yield Line(right, middle - height / 2, right, middle + height / 2, "gap-edge")
    if not bar.open:
        yield Line(left, middle - height / 2, left, middle + height / 2, "gap-edge")
    covered = extent(_length(bar, scale, middle)) if style.words else (0.0, 0.0)
    for piece in scale.axis.breaks:
        a, b = piece.left, piece.right
        places = [scale.part(a + (b - a) * part) for part in (0.5, 0.8, 0.2)]
        free = [x for x in places if left < x < right and not covered[0] - 6 < x < covered[1] + 6]
        if free:
            yield from slashes(free[0], middle, height / 2, "gap-edge")


def _length(bar: GapBar, scale: Scale, middle: float) -> Text:
    """The gap's length, in the middle of its bar."""
    left, right = scale.x(bar.start), scale.x(bar.end)
    text = Text((left + right) / 2, middle + 4, f"idle {bar.text}", 11, "middle", "gap-text")
    if text_width(text.text, text.size) + 8 > right - left:
        text = text._replace(text=bar.text, size=10)
    return inside(text, MARGIN, WIDTH - MARGIN)


def _mark(mark: Mark, scale: Scale, style: _Style, middle: float, edge: float) -> Iterator[Shape]:
    """A mark on its stem, which begins at the ``edge`` of a bar that it would cross, for the words there."""
    x, up = scale.x(mark.at), mark.side == "client"
    y = middle - style.off if up else middle + style.off
    role = role_of(mark.kind, mark.side)
    if mark.kind not in (MarkKind.ACK, MarkKind.SYN):
        yield Line(x, middle - edge if up else middle + edge, x, y, role)
    size = style.glyph * (1.3 if mark.role else 1)
    yield Glyph(x, y, size, role, up, mark.title)


def role_of(kind: MarkKind, side: Side) -> str:
    """What a mark looks like: payload by its side too, the rest by its kind."""
    return _ROLES.get(kind, f"{side}-{kind}")


def _notes(lane: Lane, scale: Scale, style: _Style, middle: float) -> Iterator[Shape]:
    """Notes above and below, in two rows each; what has no room is left to the marks' own titles."""
    rows: dict[Side, Rows] = {"client": Rows(1, 10), "server": Rows(2, 10)}
    for note in lane.notes:
        x, up = scale.x(note.at), note.side == "client"
        right = x > (style.left + style.right) / 2
        text = Text(x + 6 if right else x - 6, 0, note.text, 10.5, "end" if right else "start", "text")
        text = inside(text, MARGIN, WIDTH - MARGIN)
        row = rows[note.side].place(text)
        if row is not None:
            yield text._replace(y=middle - 30 if up else middle + 37 + 13 * row)


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
