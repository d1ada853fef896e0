"""Gap plots: what the report holds of each service's silences, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.types import Bound
from pcapdiag.report.drawing import Box, Glyph, Text
from pcapdiag.report.gaps import MOST, gaps
from pcapdiag.report.gaps_drawing import gaps_drawing
from pcapdiag.report.text import clean
from pcapdiag.report.times import seconds
from tests.report import kinds, samples
from tests.report.drawn import SHIPPED, incidents, overlaps, shipped, words_of

each = pytest.mark.parametrize("name", SHIPPED)


@each
def test_survivors_and_failures_are_those_of_the_report(name: str) -> None:
    """Buckets add up to the survived silences of each service, and each failure is an incident's, with its frame."""
    report = shipped(name)
    plots = gaps(report)
    assert [p.endpoint for p in plots] == [v.endpoint for v in report.services if v.service.survived or v.incidents]
    for plot in plots:
        view = next(v for v in report.services if v.endpoint == plot.endpoint)
        assert sum(bucket.survived for bucket in plot.buckets) == view.service.survived
        failed = [f.period.wake.first.ref for f in report.incidents if f.period.connection.server == plot.endpoint]
        assert sorted(f.ref for f in plot.failures) == sorted(failed)


@each
def test_the_bracket_is_that_of_the_inference(name: str) -> None:
    """The ends of the bracket are the longest that survived and the shortest that failed, which is also the first mark."""
    for plot, view in zip(gaps(shipped(name)), shipped(name).services, strict=False):
        assert plot.survived == (view.longest_survived.length if view.longest_survived else None)
        assert plot.failed == (view.shortest_failed.length if view.shortest_failed else None)
        lost = [f.length for f in plot.failures if f.in_silence and f.bound is Bound.EXACT]
        if plot.failed is not None:
            assert plot.failed == min(lost)
            assert seconds(plot.failed) in plot.text
        if plot.survived is not None:
            assert seconds(plot.survived) in plot.text
            assert plot.buckets[-1].end == plot.survived  # no bar reaches into the bracket


def test_the_keepalive_and_the_rate_are_those_of_the_cause() -> None:
    """Where a keepalive is recommended its time is a line with its name, within the paper; where the share that fails is estimated
    each step has its band."""
    report = samples.everything()
    plots = {plot.endpoint: plot for plot in gaps(report)}
    for cause in report.causes:
        plot = plots[cause.service]
        assert cause.setting is not None
        assert plot.keepalive == cause.setting.time * 10**9
        assert plot.start < plot.keepalive < plot.end
        assert plot.rate == cause.estimate
        drawing = gaps_drawing((plot,))
        assert f"keepalive {seconds(plot.keepalive)}" in words_of(drawing.shapes)
        bands = [s for s in drawing.shapes if isinstance(s, Box) and s.role == "rate-band"]
        assert len(bands) == len(cause.estimate)
        assert all(s.y <= s.y + s.height <= drawing.height for s in bands)


@given(st.lists(st.integers(0, 2**63), min_size=2))
def test_longer_is_never_further_left(lengths: list[int]) -> None:
    """The axis is monotone and stays on the paper."""
    (plot, *_) = gaps(samples.report())
    places = [plot.x(length) for length in sorted(lengths)]
    assert places == sorted(places)
    assert all(0 <= x <= 1 for x in places)


@each
def test_numbers_are_readable(name: str) -> None:
    """The service, the sentence with both ends, and the number in each bucket are named, and no words cover each other."""
    plots = gaps(shipped(name))
    drawing = gaps_drawing(plots, "title")
    said = words_of(drawing.shapes)
    assert overlaps(drawing) == []
    for plot in plots:
        assert {plot.title, *(f"{b.survived:,}" for b in plot.buckets)} <= set(said)
        assert plot.text in drawing.description
        if plot.failed is not None:
            assert f"failed {seconds(plot.failed)}" in said


def test_failures_close_together_are_one_mark_with_their_number() -> None:
    """Very many failures stay countable: the numbers beside the marks add up to all of them."""
    (plot, *_) = gaps(incidents(120))
    drawing = gaps_drawing((plot,))
    marks = [s for s in drawing.shapes if isinstance(s, Glyph) and s.role == "failed" and s.title]
    groups = [int(text[1:]) for text in words_of(drawing.shapes) if text.startswith("×")]
    assert sum(groups) + len(marks) - len(groups) == 120
    assert overlaps(drawing) == []


def test_what_is_no_loss_in_silence_has_a_mark_of_its_own() -> None:
    """A request after a FIN failed after a gap too, but its length says nothing of a timeout: another shape."""
    report = samples.report(findings=(*samples.report().findings, kinds.after_fin()))
    roles = [s.role for s in gaps_drawing(gaps(report)).shapes if isinstance(s, Glyph) and s.title]
    assert roles.count("failed-otherwise") == 1


def test_ends_that_contradict_each_other_are_no_bracket() -> None:
    """Where a longer silence survived than one that failed, nothing is shaded as if the timeout lay between."""
    plots = gaps(samples.everything())
    crossed = [plot for plot in plots if plot.crossed]
    assert [plot.survived for plot in crossed] == [7_300_000_000_000]
    shaded = [s for s in gaps_drawing(crossed).shapes if isinstance(s, Box) and s.role == "bracket" and s.title]
    assert shaded == []
    words = {s.text: s for s in gaps_drawing(crossed).shapes if isinstance(s, Text)}
    assert [words[said].anchor for said in (f"survived {seconds(7_300 * 10**9)}", f"failed {seconds(crossed[0].failed or 0)}")] == [
        "start", "end",
    ]  # fmt: skip
    assert "the timeout lies between" not in words  # the legend names only what is drawn
    assert "the timeout lies between" in words_of(gaps_drawing(plots).shapes)
    assert overlaps(gaps_drawing(plots)) == []


def test_many_services_are_bounded_and_none_is_said() -> None:
    """Of very many services the first are drawn; without any the picture says so."""
    report = samples.crowd(60, 30)
    assert len(gaps(report)) == MOST
    nothing = gaps_drawing(gaps(replace(report, services=(), findings=())))
    assert words_of(nothing.shapes) == ["No service with a silence to draw."]


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_every_word_is_harmless(text: str) -> None:
    """Whatever stands in the capture, the drawing's words are harmless."""
    drawing = gaps_drawing(gaps(samples.hostile(text)))
    assert all(said == clean(said) for said in words_of(drawing.shapes))
