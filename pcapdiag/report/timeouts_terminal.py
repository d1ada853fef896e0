"""Known idle timeouts, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from pcapdiag.durations import format_duration
from pcapdiag.knowledge.timeouts import Timeout, Verified
from pcapdiag.report.canvas import LABEL, Canvas
from pcapdiag.report.text import Span, paint, words
from pcapdiag.report.timeouts import LEGEND, NEAR, Listing, behaviour, default, probes, span, told

#: The column in which names begin, behind the default.
_VALUE = 10


def list_lines(found: Listing, canvas: Canvas) -> Iterator[str]:
    """All of them, two lines each; those that may be set to what was asked for on one."""
    if found.near is not None:
        asked = format_duration(found.near)
        within = f"Defaults within {NEAR * 100:.0f} % of {asked}, nearest first"
        yield from canvas.sentence(within if found.entries else f"No known default is near {asked}.", "heading")
        yield ""
    elif not found.entries:
        yield from canvas.sentence("No known product is called so.")
        return
    for t in found.entries:
        yield from _entry(t, canvas)
    if found.settable and found.near is not None:
        yield ""
        yield from canvas.sentence(
            f"May be set to {format_duration(found.near)}, as may be others whose range is not known", "heading"
        )
        yield ""
        column = 3 + max(len(t.id) for t in found.settable)
        for t in found.settable:
            text = words(f"{span(t)}, {default(t)} by default")
            yield from canvas.lines(text, Span(f"  {t.id}".ljust(column) + " ", "copy"), " " * (column + 1))
    yield ""
    yield from canvas.sentence(LEGEND, "dim")
    yield from canvas.sentence("pcapdiag timeouts ID shows an entry with its setting and its sources.", "dim")


def _entry(t: Timeout, canvas: Canvas) -> Iterator[str]:
    yield from canvas.lines(words(canvas.own(t.name)), Span(f"{default(t):{_VALUE - 1}} ", "gap"), " " * _VALUE)
    spans = [Span(t.id, "copy"), Span(canvas.dot), *words(behaviour(t))]
    for part in (probes(t), "" if t.idle else "no timer of idle connections"):
        spans += [Span(canvas.dot), Span(part)] if part else []
    if t.verified is Verified.UNVERIFIED:
        spans += [Span(canvas.dot), Span("no source", "warn")]
    yield from canvas.lines(spans, Span(" " * _VALUE), " " * _VALUE)


def entry_lines(t: Timeout, canvas: Canvas) -> Iterator[str]:
    """One entry in full."""
    yield from canvas.lines([Span(t.id, "gap"), *words(canvas.own(t.name), "heading")])
    yield ""
    for label, text in told(t):
        yield from canvas.fact(label, text)
    if t.fix:
        yield from _command(t.fix, canvas)
    for i, source in enumerate(t.sources):
        yield from canvas.spans("" if i else "sources", canvas.broken(source, canvas.width - LABEL))


def _command(text: str, canvas: Canvas) -> Iterator[str]:
    """A command on as many lines as it needs, so that all of them pasted together are the command. A word that is longer than a
    line is left to the terminal: cut or broken, it would be another command."""
    lines = wrap(text, canvas.width - LABEL - 2, break_long_words=False, break_on_hyphens=False)
    for i, line in enumerate(lines):
        label = paint(Span(("" if i else "command").ljust(LABEL), "dim"), canvas.color)
        yield label + canvas.own(line) + (" \\" if i + 1 < len(lines) else "")
