"""The pages about rules, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.pages import FAMILIES, Page
from pcapdiag.report.text import Span, words
from pcapdiag.rules.types import Example

#: How far a rule's sentence stands in, in the list of all: behind its code.
_CODE = 9


def list_lines(pages: Iterable[Page], canvas: Canvas) -> Iterator[str]:
    """All rules, a family at a time: code, name, severity, and the first sentence of each page."""
    pages = tuple(pages)
    for beginning, what in FAMILIES:
        family = [page for page in pages if page.code.startswith(beginning)]
        if family:
            yield from canvas.lines([Span(f"{beginning}xx", "heading"), *words(what, "heading")])
            yield ""
        for page in family:
            yield from canvas.lines([Span(page.name), Span(f"({page.severity})", "dim")], Span(f"{page.code:{_CODE}}", "gap"))
            yield from canvas.sentence(page.summary, indent=_CODE)
        yield ""
    yield from canvas.sentence("pcapdiag rule CODE shows a rule's page.", "dim")


def page_lines(page: Page, canvas: Canvas) -> Iterator[str]:
    """One page."""
    yield from canvas.lines([Span(page.code, "gap"), Span(page.name, "heading"), Span(f"({page.severity})", "dim")])
    yield from canvas.sentence(page.summary)
    for section in page.sections:
        yield from _heading(section.heading, canvas)
        for i, paragraph in enumerate(section.paragraphs):
            if i:
                yield ""
            yield from _paragraph(paragraph, canvas)
    if page.conditions:
        yield from _heading("Set when all of", canvas)
        for condition in page.conditions:
            yield from canvas.sentence(f"{canvas.dot} {condition}", indent=2, hang=2)
    if page.yields_to:
        yield from _heading("Yields to", canvas)
        yield from canvas.sentence(", ".join(page.yields_to), indent=2)
    yield from _examples("Shows", page.shows, canvas)
    yield from _examples("Does not show", page.does_not_show, canvas)


def _heading(text: str, canvas: Canvas) -> Iterator[str]:
    yield ""
    yield from canvas.sentence(text, "heading")


def _paragraph(text: str, canvas: Canvas) -> Iterator[str]:
    yield from canvas.lines(canvas.broken(text, canvas.width - 2), Span("  "), "  ")


def _examples(heading: str, examples: tuple[Example, ...], canvas: Canvas) -> Iterator[str]:
    if examples:
        yield from _heading(heading, canvas)
    for i, example in enumerate(examples):
        if i:
            yield ""
        instead = f" ({example.instead})" if example.instead else ""
        yield from canvas.sentence(example.title + instead, indent=2)
        for line in example.conversation.splitlines():
            yield from _said(line, canvas)


def _said(line: str, canvas: Canvas) -> Iterator[str]:
    """One line of a conversation as it is written; what is too long for the terminal goes on below."""
    text = canvas.clean(line)
    if len(text) + 4 <= canvas.width:
        yield f"    {text}".rstrip()
    else:
        yield from canvas.lines(words(text), Span("    "), " " * 8)
