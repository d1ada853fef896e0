"""Where a report for the terminal is laid out: a width, colour or none, Unicode or ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pcapdiag.report.text import NOTHING, Span, clean, cut, cut_left, flow, words

#: Below this, lines would be broken between every two words.
MIN_WIDTH = 40
#: The column in which the values of a list of facts begin.
LABEL = 14


class Row(NamedTuple):
    """A label and what is said beside it, in pieces that are not broken; ``style`` is the label's. Every report for people
    shows the same rows, each in its own way."""

    label: str
    spans: list[Span]
    style: str = "dim"

    @property
    def text(self) -> str:
        """What is said, in one line."""
        return " ".join(span.text for span in self.spans)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Makes lines of at most ``width`` cells."""

    width: int = 80
    color: bool = False
    unicode: bool = True

    @property
    def dot(self) -> str:
        """What separates facts of equal rank."""
        return "·" if self.unicode else "-"

    @property
    def mark(self) -> str:
        """What stands where something was cut off."""
        return "…" if self.unicode else "..."

    def clean(self, text: str) -> str:
        """Hostile text made harmless, in the characters this terminal has."""
        return clean(text, ascii_only=not self.unicode)

    def own(self, text: str) -> str:
        """Our own words, in the characters this terminal has. Names within them are made harmless too."""
        return self.clean(text if self.unicode else text.replace("µ", "u"))

    def lines(self, spans: Iterable[Span], first: Span = NOTHING, rest: str = "") -> Iterator[str]:
        """The spans as lines; see :func:`pcapdiag.report.text.flow`."""
        return flow(spans, self.width, first=first, rest=rest, color=self.color, mark=self.mark)

    def sentence(self, text: str, style: str = "", indent: int = 0, hang: int = 0) -> Iterator[str]:
        """Our own words as lines, broken at spaces; lines after the first hang further in."""
        return self.lines(words(self.own(text), style), Span(" " * indent), " " * (indent + hang))

    def told(self, label: str, text: str, style: str = "") -> Row:
        """A label and what is said of it in our own words."""
        return Row(label, words(self.own(text), style))

    def broken(self, text: str, room: int) -> list[Span]:
        """Our own words as spans. An address of the web that is longer than ``room`` is broken behind a slash, and not cut."""
        spans = []
        for word in words(self.own(text)):
            rest = word.text
            while len(rest) > room:
                at = rest.rfind("/", 1, room) + 1 or room
                spans.append(Span(rest[:at]))
                rest = rest[at:]
            spans.append(Span(rest))
        return spans

    def fact(self, label: str, text: str, style: str = "") -> Iterator[str]:
        """The same in its column."""
        return self.spans(*self.told(label, text, style)[:2])

    def rows(self, rows: Iterable[Row], indent: int = 0, column: int = LABEL) -> Iterator[str]:
        """Rows, their labels in a column of that width."""
        for row in rows:
            yield from self.spans(row.label, row.spans, indent, column, row.style)

    def spans(
        self, label: str, spans: Iterable[Span], indent: int = 0, column: int = LABEL, style: str = "dim"
    ) -> Iterator[str]:
        """A label in a column of that width and spans beside it."""
        first = " " * indent + label.ljust(column - 1) + " "
        return self.lines(spans, Span(first, style), " " * (indent + column))

    def quote(self, text: str, room: int) -> str:
        """Captured text, made harmless and cut at its end to ``room`` cells."""
        # Cut before cleaning as well: a label may be very long, and one character becomes ten at most.
        more = self.mark if len(text) > self.width else ""
        return cut(self.clean(text[: self.width]) + more, room, self.mark)

    def path(self, name: str, room: int) -> str:
        """A file name, made harmless and cut at its beginning to ``room`` cells."""
        return cut_left(self.clean(name), room, self.mark)
