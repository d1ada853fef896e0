"""Timelines and gap plots as inline SVG for an HTML page: no script, no link, no colour that a page could not change.

Each shape has its light colour as an attribute and a class ``pd-…``; ``CSS`` holds the rules, to be put into the page's own style
sheet once, that follow the reader's dark mode.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pcapdiag.report.drawing import Box, Drawing, Glyph, Line, Shape, Text
from pcapdiag.report.gaps import GapPlot
from pcapdiag.report.gaps_drawing import gaps_drawing
from pcapdiag.report.lanes import Align, lanes
from pcapdiag.report.looks import CLOSED, LOOKS, outline
from pcapdiag.report.model import Report
from pcapdiag.report.timeline_drawing import timeline_drawing

_FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def _rules() -> Iterator[str]:
    roles = sorted(LOOKS)
    light = " ".join(f"--pd-{role}: {LOOKS[role].light};" for role in roles)
    dark = " ".join(f"--pd-{role}: {LOOKS[role].dark};" for role in roles)
    yield f".pd {{ {light} max-width: 100%; height: auto; }}"
    yield f"@media (prefers-color-scheme: dark) {{ .pd {{ {dark} }} }}"
    yield f"@media print {{ .pd {{ {light} }} }}"
    for role in roles:
        yield f".pd .pd-{role} {{ fill: var(--pd-{role}); }} .pd .pd-s-{role} {{ stroke: var(--pd-{role}); }}"


#: Put once into the style sheet of a page that holds these drawings. The variables may be set anew.
CSS = "\n".join(_rules()) + "\n"


def timeline_svg(report: Report, *, align: Align = "time", most: int = 12) -> str:
    """The timeline of a report, without its headline: the page has one."""
    return _svg(timeline_drawing(lanes(report, align=align, most=most), heading=False), f"timeline-{align}")


def gaps_svg(plot: GapPlot, *, name: str = "gaps") -> str:
    """Gap length against outcome for one service (see `pcapdiag.report.gaps.gaps`); ``name`` is unique in the page."""
    return _svg(gaps_drawing((plot,)), name)


def _svg(drawing: Drawing, name: str) -> str:
    title, told = f"pd-{name}-title", f"pd-{name}-desc"
    head = (
        f'<svg class="pd" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" '
        f'width="{_n(drawing.width)}" height="{_n(drawing.height)}" role="img" aria-labelledby="{title} {told}" '
        f'font-family="{_FONT}">'
    )
    return "\n".join(
        (
            head,
            f'<title id="{title}">{escape(drawing.title)}</title>',
            f'<desc id="{told}">{escape(drawing.description)}</desc>',
            *(_shape(shape) for shape in drawing.shapes),
            "</svg>",
        )
    )


def _shape(shape: Shape) -> str:
    look = LOOKS[shape.role]
    match shape:
        case Line(x1, y1, x2, y2, role):
            ends = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
            return f'<line class="pd-s-{role}" {ends} stroke="{look.light}"/>'
        case Box(x, y, width, height, role, title):
            at = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            return _titled(f'<rect class="pd-{role}" {at} fill="{look.light}"', "rect", title)
        case Text(x, y, text, size, anchor, role):
            bold = ' font-weight="600"' if look.bold else ""
            at = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}"'
            return f'<text class="pd-{role}" {at}{bold} fill="{look.light}">{escape(text)}</text>'
        case Glyph(x, y, size, role, up, title):
            return _glyph(x, y, size, role, up, title)


def _glyph(x: float, y: float, size: float, role: str, up: bool, title: str) -> str:
    look = LOOKS[role]
    area = look.shape in CLOSED
    strokes = outline(look.shape, x, y, size, up)
    path = " ".join("M" + "L".join(f"{_n(a)} {_n(b)}" for a, b in stroke) + ("Z" if area else "") for stroke in strokes)
    filled = area and not look.hollow
    classes = f"pd-s-{role}" + (f" pd-{role}" if filled else " pd-paper" if area else "")
    fill = look.light if filled else LOOKS["paper"].light if area else "none"
    width = 1.4 if area else 2
    return _titled(
        f'<path class="{classes}" d="{path}" fill="{fill}" stroke="{look.light}" stroke-width="{width}"', "path", title
    )


def _titled(start: str, name: str, title: str) -> str:
    return f"{start}><title>{escape(title)}</title></{name}>" if title else f"{start}/>"


def _n(number: float) -> str:
    """A number with at most two decimals, the same on every machine."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
