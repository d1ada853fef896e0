"""Timelines and gap plots as pictures, by matplotlib: PNG, SVG and PDF, the same bytes for the same report.

No pyplot and none of its global state: a figure belongs to who asked for it, and no window opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any, BinaryIO, ClassVar, Literal

try:
    import matplotlib
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import findfont, get_font
    from matplotlib.lines import Line2D
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("plots need matplotlib: pip install 'pcapdiag[plot]'", name=error.name) from error

from pcapdiag.report.drawing import Box, Drawing, Glyph, Line, Text
from pcapdiag.report.gaps import gaps
from pcapdiag.report.gaps_drawing import gaps_drawing
from pcapdiag.report.headline import headline
from pcapdiag.report.lanes import REPLACED, Align, lanes
from pcapdiag.report.looks import CLOSED, LOOKS, outline
from pcapdiag.report.model import Report
from pcapdiag.report.pictures import PictureKind
from pcapdiag.report.timeline_drawing import timeline_drawing

#: Pixels of a drawing to an inch of paper; PNGs have twice as many, for screens that show them.
DPI, SHARP = 100, 200
#: Comes with matplotlib, so that a picture is the same on every machine.
_FONT = "DejaVu Sans"
#: Whatever would make two runs differ: the date, matplotlib's own version.
_METADATA: dict[PictureKind, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


class Picture(Figure):
    """A figure that shows itself in a notebook, without any magic."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        write(self, out, "png")
        return out.getvalue()


class Timeline:
    """Writes a report's timeline as a picture."""

    name: ClassVar[str] = "timeline"
    suffix: ClassVar[str] = ".png"

    def __init__(self, align: Align = "time") -> None:
        self._align = align

    def render_binary(self, report: Report, out: BinaryIO, kind: PictureKind = "png") -> None:
        """Write the whole picture."""
        write(timeline_figure(report, align=self._align), out, kind)


def timeline_figure(report: Report, *, align: Align = "time") -> Figure:
    """A lane for each affected connection, from first packet to RST."""
    return figure(timeline_drawing(lanes(report, align=align)))


def gaps_figure(report: Report) -> Figure:
    """For each service, how long silences were that survived, and those that did not."""
    return figure(gaps_drawing(gaps(report), headline(report), REPLACED if report.anonymized else ""))


def write(made: Figure, out: BinaryIO, kind: PictureKind) -> None:
    """The figure's bytes, the same for the same figure."""
    with _settings():
        made.savefig(out, format=kind, dpi=SHARP, metadata=_METADATA[kind])


def figure(drawing: Drawing) -> Figure:
    """The drawing on matplotlib's paper: one axes in pixels, no ticks, every shape an artist of its own."""
    with _settings():
        made = Picture(figsize=(drawing.width / DPI, drawing.height / DPI), dpi=DPI, facecolor=LOOKS["paper"].light)
        FigureCanvasAgg(made)
        axes = made.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, drawing.width)
        axes.set_ylim(drawing.height, 0)
        for order, shape in enumerate(drawing.shapes):
            look = LOOKS[shape.role]
            match shape:
                case Line(x1, y1, x2, y2):
                    axes.add_line(Line2D((x1, x2), (y1, y2), color=look.light, linewidth=0.8, zorder=order))
                case Box(x, y, width, height, _, title):
                    box = Rectangle((x, y), width, height, facecolor=look.light, linewidth=0, zorder=order, label=title)
                    axes.add_patch(box)
                case Glyph():
                    axes.add_patch(_glyph(shape, order))
                case Text(x, y, text, size, anchor):
                    axes.text(
                        x, y, _printable(text), size=size * 72 / DPI, color=look.light, zorder=order, family=_FONT,
                        ha=_ANCHORS[anchor], va="baseline", weight="bold" if look.bold else "normal",
                        parse_math=False,  # a dollar in a request is a dollar
                    )  # fmt: skip
        return made


_ANCHORS: dict[str, Literal["left", "center", "right"]] = {"start": "left", "middle": "center", "end": "right"}


def _glyph(glyph: Glyph, order: int) -> PathPatch:
    look = LOOKS[glyph.role]
    area = look.shape in CLOSED
    points: list[tuple[float, float]] = []
    codes: list[Any] = []  # Any: matplotlib's own code type is a numpy scalar
    for stroke in outline(look.shape, glyph.x, glyph.y, glyph.size, glyph.up):
        points += stroke
        codes += [Path.MOVETO, *[Path.LINETO] * (len(stroke) - 1)]
        if area:
            points.append(stroke[0])
            codes.append(Path.CLOSEPOLY)
    face = "none" if not area else LOOKS["paper"].light if look.hollow else look.light
    return PathPatch(
        Path(points, codes), facecolor=face, edgecolor=look.light, linewidth=1 if area else 1.4, zorder=order, label=glyph.title
    )


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    return frozenset(get_font(findfont(_FONT)).get_charmap())


def _printable(text: str) -> str:
    """What the font has no picture of is written as its number, rather than as an empty box."""
    if text.isascii():
        return text
    known = _known()
    return "".join(c if ord(c) in known else c.encode("ascii", "backslashreplace").decode("ascii") for c in text)


@contextmanager
def _settings() -> Iterator[None]:
    """Matplotlib as it comes, whatever this user's own settings are, and ids in SVG that do not change."""
    with style.context("default"), matplotlib.rc_context({"svg.hashsalt": "pcapdiag"}):
        yield
