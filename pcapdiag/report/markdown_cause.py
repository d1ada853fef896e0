"""Cause and cure in a ticket: what there is to say as a table, the first texts to paste in fences, the other ways by name."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.advice.types import Advice
from pcapdiag.report.advice_markdown import cure_blocks
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cause import cause_rows
from pcapdiag.report.grouping import Affected
from pcapdiag.report.markdown_text import code, prose, table


def cause_paragraphs(service: Affected, canvas: Canvas, where: Where, texts: int) -> Iterator[str]:
    """What lies behind the losses of one service; ``texts`` of the ways to cure them in full."""
    if service.cause is None:
        return
    yield f"### {code(str(service.endpoint))}"
    rows = [[row.label, prose(row.text)] for row in cause_rows(service.cause, canvas, where, every=False)]
    if rows:
        yield table(("", ""), rows)
    if service.advice is not None and service.advice.cures:
        yield from cures(service.advice, texts)


def cures(advice: Advice, texts: int) -> Iterator[str]:
    """A few of them with their texts, and all by name."""
    for cure in advice.few(texts):
        yield from cure_blocks(cure, 4)
    ways = "; ".join(prose(cure.title) for cure in advice.cures)
    yield f"All ways, which `pcapdiag advise FILE` prints: {ways}."
