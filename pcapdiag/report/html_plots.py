"""Plots in the HTML report, and the same numbers as tables: lanes in time, and all idle periods of a service by length."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pcapdiag.durations import format_duration
from pcapdiag.report.gaps import GapPlot
from pcapdiag.report.markup import Markup, table, tag
from pcapdiag.report.model import Report
from pcapdiag.report.svg import gaps_svg, timeline_svg
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count

#: Connections drawn in one figure; more are too small to be read.
_LANES = 12


def timeline(report: Report) -> Iterator[Markup]:
    """The affected connections on one axis of time, and once more with their wakes below each other."""
    if not report.incidents:
        return
    yield tag("h2", "Timeline")
    yield _figure(timeline_svg(report, most=_LANES))
    if len(report.incidents) > 1:
        aligned = _figure(timeline_svg(report, align="wake", most=_LANES))
        yield tag("details", tag("summary", "The same, aligned on the wakes"), tag("div", aligned, class_="inside"))


def idle_periods(plot: GapPlot, number: int) -> Iterator[Markup]:
    """All idle periods of a service: how long they were, and what became of them."""
    yield _figure(gaps_svg(plot, name=f"gaps-{number}"))
    shown = table(("length of silence", "survived", "failed"), _lengths(plot))
    told = tag("summary", "All silences of ", tag("code", str(plot.endpoint)), " by length")
    yield tag("details", told, tag("div", shown, class_="inside"))


def _lengths(plot: GapPlot) -> Iterator[tuple[str, str, str]]:
    """Rows in order of length: what survived, by bucket, and each length that failed."""
    rows = [(b.start, f"{format_duration(b.start)} to {format_duration(b.end)}", f"{b.survived:,}", "") for b in plot.buckets]
    for length, found in groupby(sorted(plot.failures, key=lambda f: f.length), key=lambda f: f.length):
        failed = list(found)
        rules = ", ".join(sorted({f.rule for f in failed}))
        frames = ", ".join(str(f.ref.frame) for f in failed[:10])
        more = f" and {len(failed) - 10:,} more" if len(failed) > 10 else ""
        told = f"{len(failed):,} ({rules}, {'frame' if len(failed) == 1 else 'frames'} {frames}{more})"
        rows.append((length, seconds(length), "", told))
    rows.sort(key=lambda row: row[0])
    yield from ((what, survived, failed) for _, what, survived, failed in rows)
    survived = sum(bucket.survived for bucket in plot.buckets)
    yield "in all", count(survived, "silence"), count(len(plot.failures), "silence") if plot.failures else ""


def _figure(svg: str) -> Markup:
    """A drawing, which says what it shows, and scrolls where it would be too small to be read."""
    return tag("figure", tag("div", Markup(svg), class_="scroll", tabindex="0"))
