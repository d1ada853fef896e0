"""Pictures by matplotlib: the drawing's shapes as artists, the same bytes each time, inert text, no global state."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.patches import PathPatch, Rectangle

from pcapdiag.report.drawing import Box, Glyph, Line
from pcapdiag.report.gaps import gaps
from pcapdiag.report.gaps_drawing import gaps_drawing
from pcapdiag.report.headline import headline
from pcapdiag.report.lanes import Align, lanes
from pcapdiag.report.model import Report
from pcapdiag.report.pictures import PICTURES, PictureKind
from pcapdiag.report.timeline import Picture, Timeline, gaps_figure, timeline_figure
from pcapdiag.report.timeline_drawing import timeline_drawing
from tests.report import samples
from tests.report.drawn import incidents, shipped, words_of

BEGINNING: dict[PictureKind, bytes] = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}


def written(report: Report, kind: PictureKind, align: Align = "time") -> bytes:
    """The picture's bytes."""
    out = BytesIO()
    Timeline(align).render_binary(report, out, kind)
    return out.getvalue()


@pytest.mark.parametrize("align", ["time", "wake"])
def test_every_shape_is_an_artist(align: Align) -> None:
    """What the drawing holds, the figure holds: every word, box, line and mark, with the title of each frame."""
    report = shipped("full-chain.client.pcapng")
    drawing = timeline_drawing(lanes(report, align=align))
    (axes,) = timeline_figure(report, align=align).axes
    assert [text.get_text() for text in axes.texts] == words_of(drawing.shapes)
    marks = [p for p in axes.patches if isinstance(p, PathPatch)]
    boxes = [p for p in axes.patches if isinstance(p, Rectangle)]
    assert [m.get_label() for m in marks] == [s.title for s in drawing.shapes if isinstance(s, Glyph)]
    assert [(b.get_x(), b.get_width()) for b in boxes] == [(s.x, s.width) for s in drawing.shapes if isinstance(s, Box)]
    assert len(axes.lines) == sum(isinstance(s, Line) for s in drawing.shapes)
    for lane in lanes(report, align=align).lanes:
        assert all([m.get_label() for m in marks].count(mark.title) == 1 for mark in lane.marks)


def test_the_gaps_picture_holds_the_gaps_drawing() -> None:
    """The same for gap length against outcome, under the report's headline."""
    report = shipped("reset-after-idle.pcap")
    (axes,) = gaps_figure(report).axes
    assert [text.get_text() for text in axes.texts] == words_of(gaps_drawing(gaps(report), headline(report)).shapes)


def test_words_take_the_room_that_was_kept_for_them() -> None:
    """Real glyphs are no wider than the estimate by which words were placed, or but a little: nothing leaves the paper."""
    figure = timeline_figure(shipped("reset-after-idle.pcap"))
    canvas = figure.canvas
    canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_report_gives_the_same_bytes(kind: PictureKind) -> None:
    """No date, no version of matplotlib, no random identifier is in the file."""
    report = shipped("reset-after-idle.pcap")
    one = written(report, kind)
    assert one.startswith(BEGINNING[kind])
    assert one == written(report, kind)
    assert matplotlib.__version__.encode() not in one.replace(b"1.1", b"")


def test_a_users_own_settings_change_nothing() -> None:
    """Whatever matplotlibrc says, the picture is the same, and the settings are theirs again afterwards."""
    report = incidents(2)
    plain = written(report, "png")
    with matplotlib.rc_context({"savefig.dpi": 50, "font.size": 30, "savefig.bbox": "tight", "axes.facecolor": "red"}):
        assert written(report, "png") == plain
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("number", [0, 1, 5, 50])
def test_pictures_have_a_size_that_can_be_looked_at(number: int) -> None:
    """1920 pixels wide, and no higher than two screens."""
    data = written(incidents(number), "png")
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1920
    assert 100 < height < 2160


@pytest.mark.parametrize("text", [*samples.HOSTILE, "$\\frac{1}{0}$", "$$", "\\", "表" * 3, "<b>&amp;"])
def test_hostile_labels_are_words(text: str) -> None:
    """No mathematics, no missing glyph, no markup: a label is drawn as text or as its code points, without a warning."""
    base = samples.hostile(text)
    report = samples.report(findings=base.findings[:1], files=base.files)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in PICTURES:
            data = written(report, kind)
            if kind == "svg":
                ElementTree.fromstring(data)


def test_no_pyplot_no_window() -> None:
    """Figures are not registered anywhere, show themselves in a notebook, and are closed by being forgotten."""
    import sys

    figure = timeline_figure(incidents(1))
    assert isinstance(figure, Picture)
    assert figure._repr_png_().startswith(BEGINNING["png"])
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
