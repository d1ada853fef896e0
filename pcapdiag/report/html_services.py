"""Services in the HTML report: what their silences say, and their incidents, worst first; then those that lost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.engine.types import Endpoint
from pcapdiag.report.blocks import placed
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.gaps import gaps
from pcapdiag.report.grouping import Affected, affected, folded, quiet, quiet_heading
from pcapdiag.report.headline import told
from pcapdiag.report.html_incident import incident
from pcapdiag.report.html_plots import idle_periods
from pcapdiag.report.markup import NEWLINE, Markup, facts, spans, tag, together
from pcapdiag.report.model import Report
from pcapdiag.report.services import longest_first, quiet_text, service_rows, size
from pcapdiag.report.words import count
from pcapdiag.rules.types import Finding

#: Up to so many findings are all shown; of more, the first and the last few of each rule of a service. A page of 10,000 incidents
#: is one that no phone opens.
SHOWN, FIRST, LAST = 200, 10, 3
#: Services in full, and quiet ones, unless everything is asked for.
SERVICES_SHOWN, QUIET_SHOWN = 50, 20


class Incidents:
    """Makes the incidents of one report; the first one is open, so that a reader sees what opening shows."""

    def __init__(self, report: Report, canvas: Canvas, *, payload: bool, every: bool) -> None:
        self.report, self.canvas, self.payload = report, canvas, payload
        self.brief = not every and len(report.incidents) > SHOWN
        self.plots = {plot.endpoint: (n, plot) for n, plot in enumerate(gaps(report, SERVICES_SHOWN + QUIET_SHOWN), 1)}
        self._opened = False

    def silences(self, endpoint: Endpoint) -> Iterator[Markup]:
        """All idle periods of a service."""
        number, plot = self.plots.get(endpoint, (0, None))
        return idle_periods(plot, number) if plot is not None else iter(())

    def of(self, found: Sequence[Finding]) -> Iterator[Markup]:
        """All of them, or the first and the last few."""
        first, hidden, last = folded(found, FIRST, LAST) if self.brief else (found, 0, ())
        yield from map(self._one, first)
        if hidden:
            yield tag("p", f"… {hidden:,} more like these (--all lists them)", class_="dim")
        yield from map(self._one, last)

    def _one(self, finding: Finding) -> Markup:
        made = incident(finding, self.report, self.canvas, payload=self.payload, is_open=not self._opened)
        self._opened = True
        return made


def services(report: Report, canvas: Canvas, incidents: Incidents, every: bool) -> Iterator[Markup]:
    """Everything about the services."""
    order = affected(report)
    shown = order[:SERVICES_SHOWN] if incidents.brief else order
    for number, service in enumerate(shown, 1):
        yield tag("section", *_service(service, report, canvas, incidents), id=anchor(number))
    hidden = order[len(shown) :]
    if hidden:
        n = sum(service.incidents for service in hidden)
        more = f"… {count(n, 'more incident')} of {count(len(hidden), 'more service')} (--all lists them)"
        yield tag("p", more, class_="dim")
    calm = longest_first(quiet(report))
    if calm:
        listed = calm if every else calm[:QUIET_SHOWN]
        yield tag("h2", quiet_heading(report))
        for view in listed:
            told = tag("summary", tag("code", str(view.endpoint)), " · ", quiet_text(view))
            silences = together(incidents.silences(view.endpoint), NEWLINE)
            yield tag("details", told, tag("div", silences, class_="inside"))
        if len(calm) > len(listed):
            yield tag("p", f"… {len(calm) - len(listed):,} more (--all lists them)", class_="dim")


def anchor(number: int) -> str:
    """By what a service is linked to."""
    return f"service-{number}"


def _service(service: Affected, report: Report, canvas: Canvas, incidents: Incidents) -> Iterator[Markup]:
    yield tag("h2", str(service.endpoint))
    view, names = service.view, report if len(report.files) > 1 else None
    if view is not None:
        yield tag("p", size(view), class_="dim")
        rows = service_rows(view, service.cause, canvas, placed(canvas, names), every=True)
        yield facts((row.label, spans(row.spans)) for row in rows)
        yield from incidents.silences(service.endpoint)
    for code, found in service.rules.items():
        yield tag("h3", f"{told(code, found)} ({code})")
        yield from incidents.of(found)
