"""A plan of what to collect: for a person at a terminal, or as a shell script would have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcapdiag.advice.plan import Errand
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.text import Span, words


def errand_lines(errands: Iterable[Errand], canvas: Canvas) -> Iterator[str]:
    """Each with what it is for; the commands stand at the margin, whole, so that they can be copied."""
    for number, errand in enumerate(errands, 1):
        if number > 1:
            yield ""
        yield from canvas.lines([Span(f"{number}.", "gap"), *words(canvas.own(errand.title), "heading")], rest="   ")
        yield from canvas.sentence(f"{errand.why} Run it {errand.where}.", "dim", indent=3)
        yield ""
        yield from (canvas.clean(line) for line in errand.commands.splitlines())
