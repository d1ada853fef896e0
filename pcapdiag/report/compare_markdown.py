"""A comparison for a ticket: the answer, a table of the points, and one of each incident's way along them."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.report.compare_words import clock, conclusion, headline, passed
from pcapdiag.report.comparison import Comparison
from pcapdiag.report.markdown_text import code, prose, table
from pcapdiag.report.times import iso
from pcapdiag.report.words import count, origin

#: Incidents that are shown: a tracker takes a bounded text.
SHOWN = 50


def text(comparison: Comparison) -> str:
    """The whole document."""
    return "\n\n".join(_parts(comparison)) + "\n"


def _parts(comparison: Comparison) -> Iterator[str]:
    points = comparison.points
    labels, reports = [point.label for point in points], [point.report for point in points]
    first, *more = headline(comparison)
    yield f"**{prose(first)}**"
    for sentence in more:
        yield prose(sentence)
    rows = (
        [code(point.label), f"{point.report.records:,}", f"{len(point.report.incidents):,}", prose(clock(point, i == 0))]
        for i, point in enumerate(points)
    )
    yield table(["point", "records", "incidents", "clock"], rows)
    for incident in comparison.incidents[:SHOWN]:
        finding = incident.finding
        connection = finding.period.connection
        ends = code(f"{connection.client} -> {connection.server}")
        yield f"### {finding.rule} {code(iso(finding.period.wake.first.ref.time, 3))} {ends}"
        rows = (
            [code(labels[p.point]), code(f"{p.client} -> {p.server}"), prose(passed(incident, p, reports))]
            for p in incident.verdict.places
        )
        yield table(["point", "connection there", "shows"], rows)
        told = [f"- {prose(finding.name)}, {finding.confidence}: {prose(conclusion(incident, labels))}"]
        if finding.origin is not None:
            told.append(f"- RST from {prose(origin(finding.origin))}")
        told += [f"- not known: {prose(why)}" for why in incident.why]
        yield "\n".join(told)
    hidden = len(comparison.incidents) - len(comparison.incidents[:SHOWN]) + comparison.omitted
    if hidden:
        yield prose(f"{count(hidden, 'more incident')} not shown.")
