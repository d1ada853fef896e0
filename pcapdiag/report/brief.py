"""Findings in a line or two: while a capture grows, and those that are only context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.engine.types import WakeKind
from pcapdiag.report.blocks import ends, in_file, stream
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.filters import proof
from pcapdiag.report.headline import by_rule, told, whole
from pcapdiag.report.model import FileNames, Report
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso
from pcapdiag.report.words import answer, count, gap, sent
from pcapdiag.rules.types import Finding

#: Context of one rule that is shown unless everything is asked for.
CONTEXT_SHOWN = 3


def finding_line(finding: Finding, canvas: Canvas, names: FileNames | None) -> str:
    """A finding on one line, however long, for output that is still growing."""
    period = finding.period
    said = finding.sent.label if period.wake.kind is WakeKind.PAYLOAD else None
    label = f" ({canvas.quote(said, 60)})" if said else ""
    sure = str(finding.confidence) if finding.proved else "not proved"
    came = "" if period.wake.kind is WakeKind.RST else f", {canvas.own(answer(period))}"
    return (
        f"{iso(period.wake.first.ref.time, 3)} {ends(period)} idle {gap(period)}, "
        f"{period.sender} sent {sent(finding)}{label}{came}; "
        f"{sure} ({finding.rule}); {frames(finding)} in {stream(period)}"
        f"{in_file(period.file, ' of', canvas, names)}"
    )


def context(report: Report, canvas: Canvas, names: FileNames | None, every: bool) -> Iterator[str]:
    """What is easily mistaken for the failure: of each rule how often, and the first few."""
    for code, found in by_rule(report.context).items():
        yield ""
        yield from canvas.sentence(context_heading(report, code, found), "heading", hang=2)
        shown = found if every else found[:CONTEXT_SHOWN]
        for finding in shown:
            yield from _context_line(finding, canvas, names)
        if len(found) > len(shown):
            yield from canvas.sentence(f"{canvas.mark} {len(found) - len(shown):,} more (--all lists them)", "dim", 2)


def context_heading(report: Report, code: str, found: Sequence[Finding]) -> str:
    """How often something happened that is easily mistaken for the failure, and of how much of it nothing is listed."""
    unsure = [f for f in report.unproved if f.rule == code]
    more = whole(code, report) - sum(1 + len(f.twins) for f in (*found, *unsure))
    rest = f", {len(unsure):,} more not proved" if unsure else ""
    rest += f", and {more:,} more of which nothing was kept" if more > 0 else ""
    return f"Not this failure: {told(code, found)} ({code}){rest}."


def _context_line(finding: Finding, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
    period = finding.period
    seen = f" (seen {1 + len(finding.twins)} times)" if finding.twins else ""
    first, *rest = words(f"{frames(finding)}{in_file(period.file, ' of', canvas, names)}{seen}")
    yield from canvas.lines(
        [
            Span(iso(period.wake.first.ref.time, 3)),
            Span(f" {period.connection.client} ->"),
            Span(str(period.connection.server)),
            Span(f" {first.text}"),  # stands further apart, unless it begins a line
            *rest,
        ],
        Span("  "),
        " " * 4,
    )


def frames(finding: Finding) -> str:
    """The numbers of the frames that prove it."""
    numbers = [str(p.ref.frame) for p in proof(finding.period)]
    return f"frame{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def apart(report: Report) -> str | None:
    """What is only counted, in one sentence; None if nothing is."""
    texts = [f"{told(code, found)} ({code})" for code, found in by_rule(report.harmless).items()]
    if report.heartbeats:
        texts.append(f"{count(len(report.heartbeats), 'heartbeat')} lost after idle")
    hidden = texts and not report.options.show_harmless
    if report.dropped_findings:
        texts.append(f"{count(report.dropped_findings, 'more finding')} beyond what is kept")
    if not texts:
        return None
    return "Counted apart: " + "; ".join(texts) + (" (--show-harmless lists them)" if hidden else "") + "."
