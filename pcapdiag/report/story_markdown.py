"""The story in a ticket: each step as a numbered sentence, its evidence below it, and the commands for what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.joined import beside_rows
from pcapdiag.report.markdown_text import code, fence, prose, table
from pcapdiag.report.model import Report
from pcapdiag.report.story import Proof, Step, Story


def story(of: Story, *, evidence: int, commands: bool) -> Iterator[str]:
    """One story, with so many pieces of evidence in a step; ``commands`` with those for what is missing."""
    yield f"## The whole story of {code(str(of.service))}"
    for number, step in enumerate(of.steps, 1):
        yield f"{number}. **{step.title}:** {prose(step.sentence, 2_000)}" + "".join(_evidence(step, evidence))
    for step in of.steps if commands else ():
        for errand in step.missing:
            yield f"To know it: {prose(errand.title)} ({prose(errand.where)}). {prose(errand.why)}"
            yield fence(errand.commands, "sh")


def _evidence(step: Step, most: int) -> Iterator[str]:
    yield from (f"\n   - {_proof(proof)}" for proof in step.evidence[:most])
    if len(step.evidence) > most:
        yield f"\n   - … {len(step.evidence) - most:,} more in the HTML and JSON reports"


def _proof(proof: Proof) -> str:
    return prose(proof.text) + (f" ({code(proof.source, 60)})" if proof.source is not None else "")


def beside(report: Report, canvas: Canvas) -> Iterator[str]:
    """What was given beside the captures, and what became of it."""
    rows = [[row.label, prose(row.text)] for row in beside_rows(report, canvas, every=False)]
    if rows:
        yield "## Beside the captures"
        yield table(("", ""), rows)
