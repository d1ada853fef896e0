"""Text on a terminal: hostile characters made visible, widths kept, a little colour.

Captured text and file names may hold anything: escape sequences that reprogram the terminal, overrides that
turn a line around, characters of no width or of two cells. Nothing reaches the output but through
:func:`clean`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: SGR parameters (ECMA-48 8.3.117) of the styles in use; only basic colours, which every theme adjusts.
STYLES = {
    "answer-bad": "1;31",
    "answer-good": "1;32",
    "heading": "1",
    "gap": "1;33",
    "bad": "31",
    "warn": "33",
    "copy": "36",
    "dim": "2",
}

_UNITS = frozenset(("s", "ms", "µs", "us", "ns", "min", "h", "%"))
_NUMBERED = frozenset(("frame", "frames", "byte", "tcp.stream", ">=", "<="))


class Span(NamedTuple):
    """A piece of a line that is not broken, and its style (a key of :data:`STYLES`, or "" for none)."""

    text: str
    style: str = ""


NOTHING = Span("")


def clean(text: str, *, ascii_only: bool = False) -> str:
    r"""``text`` on one line, with everything that could act on a terminal written as a visible escape.

    Escaped are controls (C0, C1, DEL), format characters (bidirectional overrides and isolates, zero-width),
    line and paragraph separators, surrogates, unassigned code points, lone combining marks, and letters
    written from right to left, which would reorder their neighbours. With ``ascii_only`` everything outside
    ASCII is escaped.

    >>> print(clean("GET /\x1b[2J\u202etxt.exe"))
    GET /\x1b[2J\u202etxt.exe
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _harmless(c, ascii_only) else _visible(c) for c in unicodedata.normalize("NFC", text))


def _harmless(c: str, ascii_only: bool) -> bool:
    if c.isascii() or ascii_only:
        return c.isascii() and c.isprintable()
    return (
        c.isprintable()
        and not unicodedata.category(c).startswith("M")
        and unicodedata.bidirectional(c) not in ("R", "AL", "AN")
    )


def _visible(c: str) -> str:
    # backslashreplace knows \x1b, \u202e and \U000e0001; ASCII controls are encodable, so they come by hand
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else c.encode("ascii", "backslashreplace").decode("ascii")


def cell_len(text: str) -> int:
    """How many cells of a terminal ``text`` takes: two for each wide (East Asian) character."""
    if text.isascii():
        return len(text)
    from rich import cells  # its table of widths is the one thing wanted of rich here, and seldom

    return cells.cell_len(text)


def cut(text: str, width: int, mark: str = "…") -> str:
    """``text`` in at most ``width`` cells, with ``mark`` at its end if something was cut off."""
    text = text[: 4 * max(width, 0) + 4]  # nothing that survives ``clean`` is narrower than a cell
    if cell_len(text) <= width:
        return text
    room = max(0, width - len(mark))
    while cell_len(text) > room:
        text = text[: min(room, len(text) - 1)]
    return (text.rstrip() + mark)[: max(width, 0)]


def cut_left(text: str, width: int, mark: str = "…") -> str:
    """The end of ``text`` in at most ``width`` cells: of a path, the end says most."""
    if cell_len(text) <= width:
        return text
    keep = text[-width:] if width > 0 else ""
    while keep and cell_len(keep) > width - len(mark):
        keep = keep[1:]
    return mark[:width] + keep


def words(text: str, style: str = "") -> list[Span]:
    """``text`` as spans to be broken apart at its spaces, but not between a number and its unit or name."""
    out: list[str] = []
    for word in text.split():
        before = out[-1] if out else ""
        unit = word.rstrip(",.;:)") in _UNITS and before[-1:].isdigit()
        if unit or before.lstrip("(") in _NUMBERED:
            out[-1] += " " + word
        else:
            out.append(word)
    return [Span(word, style) for word in out]


def flow(
    spans: Iterable[Span],
    width: int,
    *,
    first: Span = NOTHING,
    rest: str = "",
    color: bool = False,
    mark: str = "…",
) -> Iterator[str]:
    """Lines of at most ``width`` cells that hold ``spans`` in order, one space apart.

    Lines are broken only between spans. The first begins with ``first``, the others with ``rest``. A span too
    long for a line of its own is cut. A span may begin with a space to stand further apart; at the beginning
    of a line it does not.
    """
    line, used, empty = paint(first, color), cell_len(first.text), True
    for span in spans:
        size = cell_len(span.text)
        if not empty and used + 1 + size > width:
            yield line
            line, used, empty = rest, cell_len(rest), True
        if not empty:
            line, used = line + " ", used + 1
        text = span.text.lstrip() if empty else span.text
        text = text if used + size <= width else cut(text, width - used, mark)
        line, used, empty = line + paint(Span(text, span.style), color), used + cell_len(text), False
    if not empty:
        yield line


def paint(span: Span, color: bool) -> str:
    """The span's text between SGR sequences, or bare without colour or style."""
    if not color or not span.style or not span.text:
        return span.text
    return f"\x1b[{STYLES[span.style]}m{span.text}\x1b[0m"
