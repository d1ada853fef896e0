"""The story in the HTML report: each step with its evidence by source, and the commands for what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.joined import beside_rows
from pcapdiag.report.markup import NEWLINE, Markup, facts, spans, tag, text, together
from pcapdiag.report.model import Report
from pcapdiag.report.story import Step

#: Pieces of evidence in a step, unless everything is asked for.
_SHOWN = 20


def stories(report: Report, every: bool) -> Iterator[Markup]:
    """All of them."""
    for story in report.story:
        yield tag("h2", "The whole story of ", tag("code", str(story.service)))
        steps = (tag("li", *_step(step, every)) for step in story.steps)
        yield tag("ol", together(steps, NEWLINE), class_="story")


def _step(step: Step, every: bool) -> Iterator[Markup]:
    yield tag("p", tag("b", f"{step.title}: "), tag("span", step.sentence, class_="" if step.known else "warn"))
    shown = step.evidence if every else step.evidence[:_SHOWN]
    for source, proofs in groupby(shown, key=lambda proof: proof.source):
        if source is not None:
            yield tag("p", source, class_="dim")
        yield tag("ul", together((tag("li", proof.text) for proof in proofs), NEWLINE))
    if len(step.evidence) > len(shown):
        yield tag("p", f"… {len(step.evidence) - len(shown):,} more (--all lists them)", class_="dim")
    for errand in step.missing:
        what = tag("summary", f"To know it: {errand.title}, {errand.where}")
        commands = tag("pre", together(map(text, errand.commands.splitlines()), NEWLINE), tabindex="0")
        yield tag("details", what, tag("div", tag("p", errand.why), commands, class_="inside"))


def beside(report: Report, canvas: Canvas, every: bool) -> Iterator[Markup]:
    """What was given beside the captures, and what became of it."""
    rows = list(beside_rows(report, canvas, every))
    if rows:
        yield tag("h2", "Beside the captures")
        yield facts((row.label, spans(row.spans)) for row in rows)
