"""From text to statements: what each line says, before anything is known of the connection it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import Place
from .said import SENT, Line, Said

_LATEST = 10**9  # seconds: 31 years, so that no clock of any file format overflows

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"#]+))')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
_ESCAPED = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", '"': b'"'}
_TIME = re.compile(r"(\d{1,10})(?:\.(\d+))?", re.ASCII)
_SIDE = re.compile(r"([CS])([2-9]|[1-9]\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Header:
    """A line that says something of the whole conversation: ``link ethernet``."""

    place: Place
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextFile:
    """Here the next capture file begins."""

    place: Place


def statements(text: str) -> Iterator[Header | NextFile | Line]:
    """What the lines say, in order. Raises ConversationError at the first that cannot be understood."""
    for number, raw in enumerate(text.splitlines(), 1):
        place = Place(number, raw.strip())
        tokens = _tokens(place, raw)
        if not tokens:
            continue
        first = tokens[0]
        if isinstance(first, bytes):
            raise place.wrong("a line begins with its time in seconds, or with a word as `server`")
        if tokens == ["file"]:
            yield NextFile(place)
        elif first[0].isdigit() or (len(tokens) > 1 and _side(tokens[1])):
            yield _line(place, tokens)
        else:
            values = tuple(t if isinstance(t, str) else t.decode(errors="replace") for t in tokens[1:])
            yield Header(place, first, values)


def _side(token: str | bytes) -> re.Match[str] | None:
    return _SIDE.fullmatch(token) if isinstance(token, str) else None


def _tokens(place: Place, text: str) -> list[str | bytes]:
    """Words as text, what stands in quotes as bytes, without the comment."""
    tokens: list[str | bytes] = []
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        tokens.append(match[2] if match[1] is None else _unescaped(place, match[1]))
    rest = text[at:].strip()
    if rest and rest[0] != "#":
        raise place.wrong("a quote is not closed")
    return tokens


def _unescaped(place: Place, text: str) -> bytes:
    out, at = [], 0
    for match in _ESCAPE.finditer(text):
        out.append(text[at : match.start()].encode())
        name = match[1]
        if name[0] == "x" and len(name) == 3:
            out.append(bytes.fromhex(name[1:]))
        elif name in _ESCAPED:
            out.append(_ESCAPED[name])
        else:
            raise place.wrong(rf'no such escape as \{name}; there are \r \n \t \\ \" and \x with two hex digits')
        at = match.end()
    return b"".join([*out, text[at:].encode()])


def _line(place: Place, tokens: Sequence[str | bytes]) -> Line:
    time, side = tokens[0], tokens[1] if len(tokens) > 1 else ""
    when = _TIME.fullmatch(time) if isinstance(time, str) else None
    if when is None or int(when[1]) >= _LATEST:
        raise place.wrong("a line begins with its time in seconds since the start: 350.100")
    who = _side(side)
    if who is None:
        raise place.wrong("after the time comes a side: C or S; C2 or S2 of a second connection, and so on")
    if len(tokens) == 2:
        raise place.wrong(f"after the side comes what it sends: {SENT}")
    said = Said(place)
    said.read(list(tokens[2:]))
    at = int(when[1]) * 1_000_000_000 + int((when[2] or "")[:9].ljust(9, "0"))  # what is less than 1 ns is cut off
    return said.line(at, who[1], int(who[2] or 1))
