"""HTML out of plain text: what is not markup already is made harmless, so that nothing can be forgotten.

A template language would be one more thing to load and to learn; see `docs/decisions/0008`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from pcapdiag.report.text import Span, clean

#: Elements that have no end tag (HTML 13.1.2).
_VOID = frozenset(("meta", "br", "hr", "wbr"))
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Markup(str):
    """Text that is HTML already: made by :func:`tag`, or by a module that escapes for itself."""

    __slots__ = ()


#: What separates elements, for whoever reads the source.
NEWLINE = Markup("\n")


def text(said: str) -> Markup:
    """Any text, with what could act on a terminal or turn a line around made visible, as in every other report."""
    return said if isinstance(said, Markup) else Markup(escape(clean(said)))


def tag(name: str, *inside: str, **attributes: str | bool | None) -> Markup:
    """One element. Attributes that are Python's words are written with an underscore at their end; None and False leave one out.

    >>> print(tag("p", "1 < 2 ", tag("b", "true"), class_="x"))
    <p class="x">1 &lt; 2 <b>true</b></p>
    """
    parts = [name]
    for key, value in attributes.items():
        written = key.rstrip("_").replace("_", "-")
        assert _NAME.fullmatch(written), written
        if value is True:
            parts.append(written)
        elif value is not None and value is not False:
            parts.append(f'{written}="{text(value)}"')
    start = f"<{' '.join(parts)}>"
    return Markup(start if name in _VOID else f"{start}{''.join(map(text, inside))}</{name}>")


def together(parts: Iterable[str], between: str = "") -> Markup:
    """Pieces one after the other, with the same between them."""
    return Markup(text(between).join(map(text, parts)))


def prose(said: str) -> Markup:
    """Our own words, in which what stands between backticks is code."""
    pieces = said.split("`")
    if len(pieces) % 2 == 0:  # one of them stands for itself
        return text(said)
    return together(tag("code", piece) if i % 2 else piece for i, piece in enumerate(pieces))


def spans(pieces: Iterable[Span]) -> Markup:
    """Pieces of a line with their styles, as classes."""
    runs = ((style, " ".join(p.text for p in run)) for style, run in groupby(pieces, key=lambda piece: piece.style))
    return together((tag("span", said, class_=style) if style else said for style, said in runs), " ")


def facts(rows: Iterable[tuple[str, str]]) -> Markup:
    """Labels and what is said beside each, as a list of terms."""
    made = together((tag("div", tag("dt", label), " ", tag("dd", said)) for label, said in rows), NEWLINE)
    return tag("dl", made) if made else made


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """A table that scrolls by itself where it is too wide for the page."""
    heads = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    lines = [tag("tr", *(tag("td", cell) for cell in cells)) for cells in rows]
    inside = tag("table", tag("thead", heads), tag("tbody", together(lines, NEWLINE)))
    return tag("div", inside, class_="scroll", tabindex="0")
