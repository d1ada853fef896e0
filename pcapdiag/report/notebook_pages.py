"""How a verification, a comparison and the cures show themselves in a notebook: as `notebook` does it for an analysis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pcapdiag.advice.types import Advice
from pcapdiag.inference.verification import Standing, Verified
from pcapdiag.report.compare_words import clock, conclusion, headline, passed
from pcapdiag.report.comparison import Comparison
from pcapdiag.report.markup import Markup, table, tag, together
from pcapdiag.report.times import iso
from pcapdiag.report.verification import answer, measured
from pcapdiag.report.words import count

#: Incidents whose way is shown.
_SHOWN = 5


def verification(services: Sequence[Verified], standing: Standing) -> Markup:
    """The answer, then what was measured of each service and what follows from it."""
    parts = [tag("p", tag("b", answer(standing)))]
    for one in services:
        parts.append(tag("p", tag("code", str(one.service)), f": {one.standing.replace('-', ' ')}"))
        parts.append(table(("measured", ""), measured(one)))
    return together(parts)


def comparison(compared: Comparison) -> Markup:
    """Where it happened, the points with their clocks, and the way of the first incidents along them."""
    first, *more = headline(compared)
    heads = ("point", "records", "incidents", "clock")
    points = (
        (point.label, f"{point.report.records:,}", f"{len(point.report.incidents):,}", clock(point, i == 0))
        for i, point in enumerate(compared.points)
    )
    ways = list(_ways(compared))
    hidden = len(compared.incidents) - len(compared.incidents[:_SHOWN]) + compared.omitted
    return together([
        tag("p", tag("b", first)),
        *(tag("p", sentence) for sentence in more),
        table(heads, points),
        *ways,
        *([tag("p", f"… {count(hidden, 'more incident')}")] if hidden else []),
    ])  # fmt: skip


def _ways(compared: Comparison) -> Iterator[Markup]:
    labels, reports = [p.label for p in compared.points], [p.report for p in compared.points]
    for incident in compared.incidents[:_SHOWN]:
        finding = incident.finding
        told = f"{finding.rule} {finding.name}, {finding.confidence}: {conclusion(incident, labels)}"
        yield tag("p", iso(finding.period.wake.first.ref.time, 3), " ", told)
        rows = (
            (labels[place.point], f"{place.client} → {place.server}", passed(incident, place, reports))
            for place in incident.verdict.places
        )
        yield table(("point", "connection there", "shows"), rows)
        if incident.why:
            yield tag("ul", *(tag("li", f"not known: {why}") for why in incident.why))


def cures(advice: Iterable[Advice]) -> Markup:
    """One row a cure, those that help most first; their texts are in the data."""
    rows = [
        (str(one.target.service), str(cure.place), str(cure.effect), cure.id, cure.title, cure.applies)
        for one in advice
        for cure in one.cures
    ]
    return table(("server", "where", "by", "id", "cure", "applies"), rows) if rows else tag("p", "None.")
