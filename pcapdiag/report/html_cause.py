"""Timeout and cure in the HTML report: for each service what lies behind its losses, known products, and all cures with their
texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pcapdiag.advice.types import Advice, Cure, Snippet
from pcapdiag.inference.types import Cause, Family
from pcapdiag.report import candidates
from pcapdiag.report.blocks import placed
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cause import cure_rows, evidence_rows, percent, risk_rows, together
from pcapdiag.report.grouping import Affected, affected
from pcapdiag.report.html_services import SERVICES_SHOWN
from pcapdiag.report.markup import NEWLINE, Markup, facts, prose, spans, table, tag, text
from pcapdiag.report.markup import together as joined
from pcapdiag.report.model import Report
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count

#: As an entity, because the page itself holds nothing that cannot be printed.
_TAB = Markup("&#9;")


def causes(report: Report, canvas: Canvas, every: bool) -> Iterator[Markup]:
    """Everything about causes and cures, service by service."""
    known = [service for service in affected(report) if service.cause is not None]
    if not known:
        return
    where = placed(canvas, report if len(report.files) > 1 else None)
    yield tag("h2", "Timeout and cure")
    said = together(report, where)
    if said:
        yield tag("p", said)
    shown = known if every else known[:SERVICES_SHOWN]
    for service in shown:
        yield from _service(service, canvas, where, every)
    if len(known) > len(shown):
        yield tag("p", f"… {count(len(known) - len(shown), 'more service')} (--all lists them)", class_="dim")


def _service(service: Affected, canvas: Canvas, where: Where, every: bool) -> Iterator[Markup]:
    cause = service.cause
    assert cause is not None  # only these are shown
    yield tag("h3", tag("code", str(service.endpoint)))
    rows = [*cure_rows(cause, canvas), *evidence_rows(cause, canvas, where, every=True), *risk_rows(cause, canvas, every)]
    yield facts((row.label, spans(row.spans)) for row in rows)
    if len(cause.estimate) > 1:
        yield _details("Failure rate by length of silence", _estimate(cause))
    if cause.families:
        yield _details("Known products with such a timeout", _products(cause))
    if service.advice is not None:
        yield from _cures(service.advice)


def _estimate(cause: Cause) -> Markup:
    """All steps of the estimate."""
    rows = ((f"from {seconds(s.start)}", percent(s), f"{s.failed:,} of {s.total:,}") for s in cause.estimate)
    return table(("length of silence", "fails (95 % band)", "failed"), rows)


def _products(cause: Cause) -> Markup:
    """All candidates, those that disagree included."""
    rows = (cells for family in cause.families for cells in _family(family))
    told = "Candidates, no verdicts: what each does by default."
    head = ("timeout", "product", "the next packet", "at expiry", "a TCP keepalive restarts it", "agrees")
    return joined((tag("p", told), table(head, rows)))


def _family(family: Family) -> Iterator[tuple[str, ...]]:
    for one in family.products:
        name = candidates.products((one,), every=True)
        at_expiry = candidates.EXPIRY[one.at_expiry] if one.at_expiry else ""
        yield (
            f"{family.seconds:,} s", name, candidates.does_next(one), at_expiry, candidates.refreshes(one),
            {True: "yes", False: "no", None: "not known"}[family.agrees],
        )  # fmt: skip


def _cures(advice: Advice) -> Iterator[Markup]:
    """By where they are set, each with its texts; the first short one is open, so that a reader sees what opening shows."""
    first = advice.first[0] if advice.first else None
    for place, cures in groupby(advice.cures, key=lambda cure: cure.place):
        yield tag("h4", str(place).capitalize())
        for cure in cures:
            yield tag("details", tag("summary", cure.title), tag("div", *_cure(cure), class_="inside"), open=cure is first)


def _cure(cure: Cure) -> Iterator[Markup]:
    told = (("applies", cure.applies), ("does not cover", cure.limits), ("check", cure.check))
    yield facts((label, prose(said)) for label, said in told)
    for snippet in cure.snippets:
        if len(cure.snippets) > 1:
            yield tag("p", snippet.name)
        yield tag("pre", _lines(snippet), tabindex="0")


def _lines(snippet: Snippet) -> Markup:
    """The text as it is: what could act is made visible line by line, tabs and line ends stay."""
    lines = snippet.text.splitlines()
    return joined((joined(map(text, line.split("\t")), _TAB) for line in lines), NEWLINE)


def _details(summary: str, inside: Markup) -> Markup:
    return tag("details", tag("summary", summary), tag("div", inside, class_="inside"))
