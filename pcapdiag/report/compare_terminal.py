"""A comparison for a person at a terminal: the answer, the points, and each incident's way along them."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.compare_words import clock, conclusion, headline, passed
from pcapdiag.report.comparison import ComparedIncident, Comparison
from pcapdiag.report.text import Span, cell_len, words
from pcapdiag.report.times import iso
from pcapdiag.report.words import count, origin
from pcapdiag.rules.types import Confidence

#: Incidents that are shown, unless everything is asked for.
SHOWN = 20
#: Widths: of the longest label of a point, and of the column with what is concluded.
_WIDEST, _LABEL = 28, 12


def lines(comparison: Comparison, canvas: Canvas, every: bool) -> Iterator[str]:
    """The whole text."""
    first, *more = headline(comparison)
    yield from canvas.sentence(first, "heading")
    for text in more:
        yield from canvas.sentence(text)
    labels = [canvas.path(point.label, _WIDEST) for point in comparison.points]
    column = max(map(cell_len, labels)) + 2
    yield ""
    for i, (label, point) in enumerate(zip(labels, comparison.points, strict=True)):
        read = f"{count(point.report.records, 'record')}, {count(len(point.report.incidents), 'incident')}"
        yield from canvas.spans(label, words(canvas.own(f"{read}; {clock(point, i == 0)}")), 2, column, "")
    shown = comparison.incidents if every else comparison.incidents[:SHOWN]
    for incident in shown:
        yield ""
        yield from _incident(incident, comparison, labels, column, canvas)
    hidden = len(comparison.incidents) - len(shown)
    if hidden:
        yield ""
        yield from canvas.sentence(f"{canvas.mark} {count(hidden, 'more incident')} (--all lists them)", "dim")
    if comparison.omitted:
        yield ""
        yield from canvas.sentence(f"{count(comparison.omitted, 'more incident')} not compared: --most says how many are.", "dim")


def _incident(
    incident: ComparedIncident, comparison: Comparison, labels: list[str], column: int, canvas: Canvas
) -> Iterator[str]:
    finding, names = incident.finding, [point.label for point in comparison.points]
    connection, reports = finding.period.connection, [point.report for point in comparison.points]
    time = iso(finding.period.wake.first.ref.time, 3)
    head = [Span(time), Span(f" {connection.client} ->", "heading"), Span(str(connection.server), "heading")]
    yield from canvas.lines(head, Span("  "), "    ")
    for place in incident.verdict.places:
        told = words(canvas.own(passed(incident, place, reports)))
        if (place.client, place.server) != (connection.client, connection.server):
            told[-1] = Span(told[-1].text + ";")
            told += [Span(f"as {place.client} ->"), Span(str(place.server))]
        yield from canvas.spans(labels[place.point], told, 4, column)
    sure = "" if finding.confidence is Confidence.CERTAIN else f", {finding.confidence}"
    style = "answer-bad" if incident.verdict.far is not None else ""
    told = words(canvas.own(f"{finding.name}{sure}: {conclusion(incident, names)}"), style)
    yield from canvas.spans(finding.rule, told, 4, _LABEL)
    if finding.origin is not None:
        yield from canvas.spans("RST from", words(canvas.own(origin(finding.origin))), 4, _LABEL)
    for text in incident.why:
        yield from canvas.spans("not known", words(canvas.own(text)), 4, _LABEL)
