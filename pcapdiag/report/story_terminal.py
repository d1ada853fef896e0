"""The story in the terminal report: each step as a sentence, its evidence by source, and the commands for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.model import Report
from pcapdiag.report.story import Proof, Step, plan_command
from pcapdiag.report.text import Span, words

#: Pieces of evidence of one source that are shown unless everything is asked for, and the longest commands.
FEW, LONGEST = 2, 4


def story_lines(report: Report, canvas: Canvas, every: bool) -> Iterator[str]:
    """All stories."""
    for story in report.story:
        yield ""
        yield from canvas.lines([Span("The whole story of", "heading"), Span(str(story.service), "heading")])
        for number, step in enumerate(story.steps, 1):
            yield from _step(number, step, canvas, every)
        if not story.complete:
            yield from canvas.sentence(f"{plan_command(story)} prints all that there is to collect", "dim", 2, 2)


def _step(number: int, step: Step, canvas: Canvas, every: bool) -> Iterator[str]:
    title = [Span(f"{number}."), *words(f"{step.title}:", "heading")]
    said = words(canvas.own(step.sentence), "" if step.known else "warn")
    yield from canvas.lines([*title, *said], Span("  "), " " * 5)
    for source, proofs in groupby(step.evidence, key=lambda proof: proof.source):
        yield from _evidence(source, list(proofs), canvas, every)
    for errand in step.missing:
        commands = errand.commands.splitlines()
        if len(commands) <= LONGEST or every:
            yield from canvas.sentence(f"To know it: {errand.title[0].lower()}{errand.title[1:]}, {errand.where}:", "dim", 5, 2)
            yield from (f"       {canvas.clean(line)}" for line in commands)


def _evidence(source: str | None, proofs: Sequence[Proof], canvas: Canvas, every: bool) -> Iterator[str]:
    if source is not None:
        yield from canvas.lines([Span(canvas.path(source, canvas.width - 6) + ":", "dim")], Span("     "))
    shown = proofs if every else proofs[:FEW]
    for proof in shown:
        yield from canvas.sentence(f"- {proof.text}", "", 5, 2)
    if len(proofs) > len(shown):
        yield from canvas.sentence(f"{canvas.mark} {len(proofs) - len(shown):,} more (--all lists them)", "dim", 5, 2)
