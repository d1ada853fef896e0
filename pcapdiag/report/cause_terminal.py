"""Cause and cure in the terminal report: what there is to say, one short text to paste, and where the others are."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.advice.types import Advice, Snippet
from pcapdiag.inference.types import Cause
from pcapdiag.report.advice_terminal import brief_lines
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cause import cause_rows
from pcapdiag.report.services import LABEL
from pcapdiag.report.text import Span, cell_len, paint
from pcapdiag.report.words import count

#: Text to paste stands under the block's labels; what is wider than the terminal is not shown, because it is never cut.
INDENT = 4


def cause_lines(cause: Cause, advice: Advice | None, canvas: Canvas, where: Where, *, every: bool, paste: bool) -> Iterator[str]:
    """What lies behind the losses of a service, ending with what cures them: if ``paste``, with a text."""
    yield from canvas.rows(cause_rows(cause, canvas, where, every, " (--all)"), 2, LABEL)
    if advice is not None and advice.cures:
        yield from _cures(advice, canvas, every, paste)


def _cures(advice: Advice, canvas: Canvas, every: bool, paste: bool) -> Iterator[str]:
    if paste and advice.first is not None:
        cure, snippet = advice.first
        lines = text_lines(snippet, canvas)
        if max(map(cell_len, lines), default=0) <= canvas.width - INDENT:
            yield from canvas.rows([canvas.told("to paste", cure.title, "heading")], 2, LABEL)
            yield from (" " * INDENT + paint(Span(line, "copy"), canvas.color) if line else "" for line in lines)
    ways = len(advice.cures)
    if every:
        yield from brief_lines(advice.cures, canvas, 2)
    told = "their texts" if every else f"all {count(ways, 'way')}" if ways > 1 else "all that belongs to it"
    yield from canvas.sentence(f"pcapdiag advise FILE prints {told}", "dim", 2, 2)


def text_lines(snippet: Snippet, canvas: Canvas) -> list[str]:
    """A text line by line, harmless, with spaces for tabs, as a terminal shows it."""
    return [canvas.clean(line.expandtabs(4)) for line in snippet.text.splitlines()]
