"""Inline SVG: well-formed, inert, readable by a screen reader, coloured by classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from pcapdiag.report.gaps import gaps
from pcapdiag.report.lanes import lanes
from pcapdiag.report.looks import LOOKS
from pcapdiag.report.model import Report
from pcapdiag.report.svg import CSS, gaps_svg, timeline_svg
from tests.report import samples
from tests.report.drawn import SHIPPED, incidents, shipped

SVG = "{http://www.w3.org/2000/svg}"
DRAWN: tuple[Callable[[Report], str], ...] = (
    timeline_svg,
    lambda report: timeline_svg(report, align="wake"),
    lambda report: gaps_svg(gaps(report)[0]),
)
each = pytest.mark.parametrize("draw", DRAWN, ids=("time", "wake", "gaps"))


@each
@pytest.mark.parametrize("text", [*samples.HOSTILE, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]>&lt;"])
def test_nothing_from_the_wire_becomes_markup(draw: Callable[[Report], str], text: str) -> None:
    """Whatever a label holds, the drawing is well-formed XML of a few known elements and attributes; none can act or fetch."""
    root = ElementTree.fromstring(draw(samples.hostile(text)))
    assert {e.tag for e in root.iter()} <= {SVG + name for name in ("svg", "title", "desc", "line", "rect", "path", "text")}
    attributes = {name for e in root.iter() for name in e.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name or name == "style"]


@each
@pytest.mark.parametrize("name", SHIPPED)
def test_it_says_what_it_shows(draw: Callable[[Report], str], name: str) -> None:
    """An image with title and description that its label refers to; every mark that stands for a packet says which."""
    root = ElementTree.fromstring(draw(shipped(name)))
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert root.attrib["role"] == "img"
    assert (
        root.attrib["aria-labelledby"].split()
        == ids
        == [e.attrib["id"] for e in (root.find(SVG + "title"), root.find(SVG + "desc")) if e is not None]
    )
    assert all(e.text for e in root.iter(SVG + "title"))


def test_each_packet_of_a_lane_has_its_title() -> None:
    """A timeline's marks name their frames, so that a pointer finds what the picture has no room to say."""
    report = shipped("reset-after-idle.pcap")
    titles = [e.text for e in ElementTree.fromstring(timeline_svg(report)).iter(SVG + "title")]
    for lane in lanes(report).lanes:
        assert all(titles.count(mark.title) == 1 for mark in lane.marks)


def test_two_timelines_fit_one_page() -> None:
    """No identifier is used twice by the drawings that a page holds."""
    report = samples.everything()
    drawings = [timeline_svg(report), timeline_svg(report, align="wake")]
    drawings += [gaps_svg(plot, name=f"gaps-{i}") for i, plot in enumerate(gaps(report))]
    ids = re.findall(r' id="([^"]*)"', "".join(drawings))
    assert len(ids) == len(set(ids)) == 2 * len(drawings)


def test_every_class_has_a_colour_for_light_and_dark() -> None:
    """Each role's class is in the style sheet, with one variable for its colour, set for the light and for the dark."""
    used = set(re.findall(r"pd-(?:s-)?([a-z-]+)", " ".join(re.findall(r'class="([^"]*)"', timeline_svg(samples.everything())))))
    assert used <= set(LOOKS)
    for role, look in LOOKS.items():
        assert CSS.count(f"--pd-{role}: {look.light};") >= 1
        assert CSS.count(f"--pd-{role}: {look.dark};") == 1 + (look.dark == look.light)
        assert f"fill: var(--pd-{role})" in CSS


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("role", ["text", "heading", "dim", "gap-text"])
@pytest.mark.parametrize("paper", ["paper", "break", "gap"])
def test_words_can_be_read_on_what_they_stand_on(role: str, paper: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), light and dark."""
    for on, off in ((LOOKS[role].light, LOOKS[paper].light), (LOOKS[role].dark, LOOKS[paper].dark)):
        a, b = sorted((luminance(on), luminance(off)))
        assert (b + 0.05) / (a + 0.05) >= 4.5 or (role, paper) == ("dim", "gap")


def test_marks_can_be_told_apart_without_colour() -> None:
    """No two kinds of packets have the same shape and filling, but for the two sides, which point in opposite directions."""
    shapes = [
        (look.shape, look.hollow) for role, look in LOOKS.items() if look.shape and "failed" not in role and "server" not in role
    ]
    assert len(shapes) == len(set(shapes))


@pytest.mark.parametrize("number", [1, 5, 50])
def test_the_same_report_gives_the_same_text(number: int) -> None:
    """Nothing volatile is in it."""
    assert timeline_svg(incidents(number), most=50) == timeline_svg(incidents(number), most=50)
