"""The words that may stand on any line, ``ttl=63``, and which of them say something of what is sent there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .segments import MASK


@dataclass(frozen=True, slots=True)
class Words:
    """What was said beside the segment itself; None where nothing was. ``seq`` and ``ack`` shift the number."""

    win: int | None = None
    ttl: int | None = None
    ipid: int | None = None
    df: bool | None = None
    isn: int | None = None
    seq: int = 0
    ack: int = 0
    ts: bool | None = None
    push: bool | None = None
    via: int = 0
    mac: str | None = None
    dir: str | None = None


def _number(least: int, most: int) -> tuple[Callable[[str], int], str]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return read, f"a number from {least} to {most}"


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _mac(text: str) -> str:
    if not re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", text.lower()):
        raise ValueError
    return text.lower()


def _direction(text: str) -> str:
    return {"in": "in", "out": "out"}[text]


_YES = _yes, "yes or no"
_READ: dict[str, tuple[Callable[[str], Any], str]] = {
    "win": _number(0, 0xFFFF),
    "ttl": _number(1, 255),
    "ipid": _number(0, 0xFFFF),
    "df": _YES,
    "isn": _number(0, MASK),
    "seq": _number(-MASK, MASK),
    "ack": _number(-MASK, MASK),
    "ts": _YES,
    "push": _YES,
    "via": _number(0, 99),  # each makes an interface of the file
    "mac": (_mac, "an address like 02:00:00:00:00:09"),
    "dir": (_direction, "in or out"),
}

_ANY = frozenset({"via", "ttl", "mac", "dir"})
_SEGMENT = _ANY | {"win", "ipid", "df", "seq", "ts"}
#: What says something of each kind; a word that would change nothing is a misunderstanding.
_FITTING: dict[str, frozenset[str]] = {
    "SYN": _SEGMENT | {"isn"},
    "SYN ACK": _SEGMENT | {"isn", "ack"},
    "payload": _SEGMENT | {"ack", "push"},
    "RST": _SEGMENT,
    "again": _SEGMENT | {"ack"},
    "copy": _ANY,
    "ICMP": _ANY,
    "missed": frozenset(),
}


def read_word(key: str, value: str) -> Any:
    """The value of one word. Raises ValueError that says what would be right."""
    if key not in _READ:
        raise ValueError(f"no such word as {key}=; there are {', '.join(f'{k}=' for k in _READ)}")
    read, right = _READ[key]
    try:
        return read(value)
    except (ValueError, KeyError):
        raise ValueError(f"{key}= wants {right}") from None


def unfitting(kind: str, keys: set[str]) -> str | None:
    """The first of the words that says nothing of such a segment, None if all do."""
    fitting = _FITTING.get(kind, _SEGMENT | {"ack"})
    return min(keys - fitting, default=None)
