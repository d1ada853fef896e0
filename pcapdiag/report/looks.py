"""What the roles of a drawing look like: colours of Okabe and Ito, which colour-blind people tell apart, and a shape for each
kind of packet, so that nothing depends on colour alone."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """Colours on light and on dark paper; ``shape`` for glyphs, ``hollow`` if only its outline is drawn."""

    light: str
    dark: str
    shape: str = ""
    hollow: bool = False
    bold: bool = False


_INK = ("#222222", "#e6e6e6")
_BLUE, _GREEN = ("#0072b2", "#56b4e9"), ("#00805c", "#2cc295")
_RED, _PURPLE, _ORANGE = ("#d55e00", "#ff8a3c"), ("#b0578f", "#e59cc8"), ("#a86f00", "#e69f00")

LOOKS = {
    "paper": Look("#ffffff", "#16181d"),
    "text": Look(*_INK),
    "heading": Look(*_INK, bold=True),
    "dim": Look("#5f6368", "#a0a6ad"),
    "warn": Look(*_RED, bold=True),
    "line": Look("#b4b8bd", "#555b63"),
    "axis": Look("#5f6368", "#a0a6ad"),
    "break": Look("#f0f1f3", "#23262c"),
    "gap": Look("#f6e9a0", "#5c5218"),
    "gap-edge": Look("#a08a00", "#d8c04a"),
    "gap-text": Look(*_INK, bold=True),
    "survived": Look("#8fc7ea", "#2f6d94"),
    "bracket": Look("#f6e9a0", "#5c5218"),
    "bracket-edge": Look("#a08a00", "#d8c04a"),
    "keepalive": Look(*_GREEN),
    "rate": Look(*_RED),
    "rate-band": Look("#fbe3d3", "#4a2a14"),
    "client-payload": Look(*_BLUE, "triangle"),
    "server-payload": Look(*_GREEN, "triangle"),
    "client-retransmission": Look(*_BLUE, "triangle", hollow=True),
    "server-retransmission": Look(*_GREEN, "triangle", hollow=True),
    "ack": Look("#5f6368", "#a0a6ad", "bar"),
    "probe": Look(*_PURPLE, "diamond", hollow=True),
    "syn": Look(*_INK, "square", hollow=True),
    "fin": Look(*_ORANGE, "square"),
    "rst": Look(*_RED, "cross"),
    "icmp": Look(*_RED, "plus"),
    "failed": Look(*_RED, "cross"),
    "failed-otherwise": Look(*_ORANGE, "diamond", hollow=True),
}


def outline(shape: str, x: float, y: float, size: float, up: bool) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The strokes of a glyph as points; a single closed one if it has an area (see ``CLOSED``)."""
    s, sign = size, -1 if up else 1
    if shape == "triangle":
        return (((x - s, y - sign * s * 0.8), (x + s, y - sign * s * 0.8), (x, y + sign * s)),)
    if shape == "square":
        k = s * 0.8
        return (((x - k, y - k), (x + k, y - k), (x + k, y + k), (x - k, y + k)),)
    if shape == "diamond":
        return (((x, y - s), (x + s, y), (x, y + s), (x - s, y)),)
    if shape == "cross":
        return ((x - s, y - s), (x + s, y + s)), ((x - s, y + s), (x + s, y - s))
    if shape == "plus":
        return ((x - s, y), (x + s, y)), ((x, y - s), (x, y + s))
    return (((x, y - s * 0.6), (x, y + s * 0.6)),)


CLOSED = ("triangle", "square", "diamond")
