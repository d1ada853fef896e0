"""Reasons and cures for a person at a terminal. What is to be pasted stands flush left, as it is: not broken, cut or coloured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pcapdiag.advice.notes import notes
from pcapdiag.advice.recipe import Recipe
from pcapdiag.advice.types import Advice, Cure, Snippet
from pcapdiag.inference.types import Cause
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.cause import candidate_rows, cure_rows, evidence_rows
from pcapdiag.report.services import LABEL, service_rows
from pcapdiag.report.text import Span, words

#: Width of the column with the labels of a cure.
_LABEL = 12
#: And of that with the ids in a list.
_ID = 24


def advice_lines(
    advice: Advice, cause: Cause | None, canvas: Canvas, where: Where, shown: Collection[str] | None = None
) -> Iterator[str]:
    """One service: the reason, then each cure. ``shown`` are the ids of those whose texts are shown (None: of all)."""
    yield from canvas.lines([Span(str(advice.target.service), "heading"), *_named(advice, canvas)])
    if cause is not None:
        yield from canvas.rows(reason_rows(cause, canvas, where), 2, LABEL)
        for text in notes(cause, advice.target.setting):
            yield from canvas.sentence(text, indent=2)
    if not advice.cures:
        yield from canvas.sentence("No setting is known that would have helped.", indent=2)
    chosen = [cure for cure in advice.cures if shown is None or cure.id in shown]
    if advice.cures and not chosen:
        yield from canvas.sentence("None of those that were asked for is a cure here.", indent=2)
    for cure in chosen:
        yield ""
        yield from cure_lines(cure, canvas)
    others = [cure for cure in advice.cures if cure not in chosen]
    if others:
        yield ""
        yield from canvas.sentence("Other cures (--for ID shows the texts)", "heading")
        yield from brief_lines(others, canvas, 2)


def reason_rows(cause: Cause, canvas: Canvas, where: Where) -> Iterator[Row]:
    """What the advice rests on, and what it comes to."""
    yield from service_rows(cause.view, cause, canvas, where, every=False)
    yield from evidence_rows(cause, canvas, where, every=False)
    yield from candidate_rows(cause, canvas, every=False)
    yield from cure_rows(cause, canvas)


def cure_lines(cure: Cure, canvas: Canvas) -> Iterator[str]:
    """A cure in full: what it is, when it applies, what it does not cover, how to check it, and the texts."""
    name = [*words(canvas.own(cure.title), "heading"), Span(f"({cure.id}),"), *words(str(cure.place), "dim")]
    yield from canvas.lines(name, rest="  ")
    for label, text in (("applies", cure.applies), ("limits", cure.limits), ("check", cure.check)):
        yield from canvas.spans(label, words(canvas.own(text)), 2, _LABEL)
    for snippet in cure.snippets:
        yield from snippet_lines(snippet, canvas)


def snippet_lines(snippet: Snippet, canvas: Canvas) -> Iterator[str]:
    """A text to paste, between empty lines. It is our own, filled with names that were checked: nothing in it needs escaping."""
    yield from canvas.spans("paste", words(canvas.own(f"{snippet.name}:"), "dim"), 2, _LABEL)
    yield ""
    yield from snippet.text.splitlines()
    yield ""


def brief_lines(cures: Iterable[Cure | Recipe], canvas: Canvas, indent: int = 0) -> Iterator[str]:
    """Each cure in a line or two: its id, and what it is."""
    for cure in cures:
        yield from canvas.spans(cure.id, words(canvas.own(f"{cure.title} ({cure.place})")), indent, _ID, "heading")


def _named(advice: Advice, canvas: Canvas) -> list[Span]:
    """What the texts are filled with besides the address."""
    setting, host = advice.target.setting, advice.target.host
    said = f"keepalive {setting.time} s, every {setting.interval} s, {setting.probes} probes" if setting else ""
    name = "" if host == advice.target.service.address else host
    return [Span(f"{canvas.dot} {canvas.own(text)}") for text in (name, said) if text]
