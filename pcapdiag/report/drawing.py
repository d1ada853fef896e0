"""Drawings as plain data: lines, boxes, glyphs and words at places in pixels, each with a role that says what it looks like.

What is drawn is decided once; inline SVG and matplotlib only put it on their own paper. Text in a drawing is harmless already,
but for what the paper itself must escape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Anchor = Literal["start", "middle", "end"]
#: Width of a character in parts of its size: of DejaVu Sans a little more than the mean, so that estimates err to the safe side.
CHARACTER = 0.6


class Line(NamedTuple):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    role: str


class Box(NamedTuple):
    """A filled rectangle; ``title`` is what it says to who points at it, or reads it aloud."""

    x: float
    y: float
    width: float
    height: float
    role: str
    title: str = ""


class Glyph(NamedTuple):
    """A mark, ``size`` is half its width. ``role`` gives its shape and colour; what points, points up or down."""

    x: float
    y: float
    size: float
    role: str
    up: bool
    title: str = ""


class Text(NamedTuple):
    """Words on one line; ``y`` is their base line."""

    x: float
    y: float
    text: str
    size: float
    anchor: Anchor
    role: str


Shape = Line | Box | Glyph | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of that size. ``title`` and ``description`` are its alternative in words."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]


def text_width(text: str, size: float) -> float:
    """About how wide it is; wide (East Asian) characters count twice."""
    wide = sum(1 for c in text if ord(c) >= 0x1100) if not text.isascii() else 0
    return (len(text) + wide) * size * CHARACTER


def fitting(text: str, size: float, width: float) -> str:
    """As much of the text as has room."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text, size) + size > width:
        text = text[:-1]
    return text.rstrip() + "…"


def fitting_end(text: str, size: float, width: float) -> str:
    """As much of the end of the text as has room: of an address with its port, the end says most."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text, size) + size > width:
        text = text[1:]
    return "…" + text


def wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in lines, broken at spaces; what is too long for one is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fitting(line, size, width) for line in lines]


class Rows:
    """Finds room for words that would cover each other: in the first of some rows where they are free of what is there."""

    def __init__(self, number: int, apart: float = 6) -> None:
        self._taken: list[list[tuple[float, float]]] = [[] for _ in range(number)]
        self._apart = apart

    def place(self, text: Text) -> int | None:
        """The row for it, None if there is no room in any."""
        left, right = extent(text)
        for row, taken in enumerate(self._taken):
            if all(right + self._apart <= a or b + self._apart <= left for a, b in taken):
                taken.append((left, right))
                return row
        return None


def extent(text: Text) -> tuple[float, float]:
    """From where to where it goes."""
    width = text_width(text.text, text.size)
    left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    return left, left + width


def inside(text: Text, left: float, right: float) -> Text:
    """The text moved, and cut if need be, so that it lies between."""
    text = text._replace(text=fitting(text.text, text.size, right - left))
    a, b = extent(text)
    shift = max(0.0, left - a) - max(0.0, b - right)
    return text._replace(x=text.x + shift)
