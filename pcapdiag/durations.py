"""Durations as people write them: ``500ms``, ``2m``, ``1h30m``; kept as integer nanoseconds."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_UNITS |= {"m": 60 * _UNITS["s"], "min": 60 * _UNITS["s"], "h": 3600 * _UNITS["s"], "d": 86400 * _UNITS["s"]}
_PART = re.compile(r"(\d+)(?:\.(\d+))?(ns|us|µs|ms|min|s|m|h|d)")


def parse_duration(text: str | int | float | timedelta) -> int:
    """Nanoseconds of ``text``; a bare number is seconds. Raises ValueError with an example if it cannot be read.

    >>> parse_duration("1h30m"), parse_duration("500ms"), parse_duration(2), parse_duration("1.5s")
    (5400000000000, 500000000, 2000000000, 1500000000)
    """
    if isinstance(text, timedelta):
        return ((text.days * 86400 + text.seconds) * 1_000_000 + text.microseconds) * 1000
    if not isinstance(text, str):
        text = f"{text:.9f}s" if isinstance(text, float) else f"{int(text)}s"
    text = text.strip().replace(" ", "")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        text += "s"
    total, at = 0, 0
    while match := _PART.match(text, at):
        whole, fraction, unit = match.groups()
        total += int(whole) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
        at = match.end()
    if at == 0 or at != len(text):
        raise ValueError(f"not a duration: {text!r} (write it like 500ms, 2s, 1m30s, 1h)")
    return total


def format_duration(ns: int) -> str:
    """``ns`` for people, about four significant digits: ``4.012 s``, ``5 min 50.1 s``, ``1 h 02 min``, ``312 µs``.

    >>> [format_duration(n) for n in (0, 800, 312_000, 20_500_000, 4_012_300_000, 350_104_000_000, 3_725_000_000_000)]
    ['0 s', '800 ns', '312 µs', '20.5 ms', '4.012 s', '350.104 s', '1 h 02 min 05 s']
    """
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns == 0:
        return "0 s"
    for limit, unit in ((1_000, "ns"), (1_000_000, "µs"), (1_000_000_000, "ms")):
        if ns < limit:
            scaled = ns * 1000 // limit
            digits = ns * 1_000_000 // limit % 1000
            return f"{sign}{f'{scaled}.{digits:03d}'.rstrip('0').rstrip('.')} {unit}"
    # Wireshark and every timeout table write seconds: minutes only where seconds stop being readable.
    if ns < 3_600_000_000_000:
        text = f"{ns // 1_000_000_000}.{ns // 1_000_000 % 1000:03d}".rstrip("0").rstrip(".")
        return f"{sign}{text} s"
    seconds = ns // 1_000_000_000
    return f"{sign}{seconds // 3600} h {seconds // 60 % 60:02d} min {seconds % 60:02d} s"
