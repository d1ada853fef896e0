"""A survey of socket tables, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.correlate.keepalive import Group, Keepalive, Survey
from pcapdiag.correlate.types import Source
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.ss import answer, apart, notes, seen, state, where
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso

#: Connections of a group that are listed unless all are asked for.
_FEW = 5


def lines(survey: Survey, canvas: Canvas, every: bool = False) -> Iterator[str]:
    """The whole report."""
    good = survey.connections and survey.count(Keepalive.ON) == survey.connections
    yield from canvas.sentence(
        answer(survey), "answer-good" if good else "answer-bad" if survey.count(Keepalive.NONE) else "heading"
    )
    for note in notes(survey):
        yield from canvas.sentence(note)
    if survey.groups:
        yield ""
        yield from canvas.sentence("Connections", "heading")
    for group in survey.groups:
        yield from _group(group, canvas, every)
    yield ""
    if rest := apart(survey):
        yield from canvas.fact("apart", rest)
    for source in survey.sources:
        yield from _source(source, canvas)
    if survey.snapshots:
        when = "without dates" if survey.span is None else " to ".join(dict.fromkeys(iso(ns, 0) for ns in survey.span))
        yield from canvas.fact("snapshots", f"{survey.snapshots}, {when}")


def _group(group: Group, canvas: Canvas, every: bool) -> Iterator[str]:
    name = [Span(canvas.quote(group.process, 32), "heading")] if group.process is not None else []
    facts = [*name, *words(where(group)), Span(canvas.dot), *words(canvas.own(state(group)))]
    yield from canvas.lines(facts, Span("  "), "    ")
    shown = group.connections if every else group.connections[:_FEW]
    for c in shown:
        client = Span(str(c.local if c.outgoing else c.peer), "gap" if c.keepalive is Keepalive.NONE else "")
        yield from canvas.lines([client, *words(canvas.own(seen(c)), "dim")], Span("    "), "      ")
    if hidden := len(group.connections) - len(shown):
        yield from canvas.sentence(f"and {hidden} more (--all lists them)", "dim", indent=4)


def _source(source: Source, canvas: Canvas) -> Iterator[str]:
    lines = "one line" if source.lines == 1 else f"{source.lines} lines"
    yield from canvas.spans("read", [Span(canvas.path(source.name, canvas.width - 30) + ":"), *words(lines)])
    if source.unread:
        why = f"{source.unread} could not be read; the first is line {source.first_unread}: {source.why}"
        yield from canvas.fact("unread", why, "warn")
    for note in source.notes:
        yield from canvas.fact("", note)
    if source.damage is not None:
        yield from canvas.fact("damaged", source.damage, "bad")
