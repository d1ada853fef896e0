"""START_TIME's argument read backwards: from a strftime format to a pattern and a clock.

Envoy formats times with absl and adds ``%f``, ``%1f`` to ``%9f``; ``%s`` with them is how nanoseconds are logged.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pcapdiag.correlate.moments import MONTHS, Moment, day, decimals, instant, iso

_DIRECTIVE = re.compile(r"%(?:E(\d*|\*)([SfYz])|E?([1-9]f|[A-Za-z%]))")
#: Directives that stand for several.
_SHORT = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%c": "%a %b %e %H:%M:%S %Y", "%h": "%b"}
_TWO = r"\d{2}"
#: What a directive may stand for, and the part of the time that it is. None: nothing that the others do not say.
_PARTS: dict[str, tuple[str, str | None]] = {
    "Y": (r"\d{4}", "year"), "m": (_TWO, "month"), "d": (_TWO, "day"), "e": (r"[ \d]\d", "day"), "y": (_TWO, "short year"),
    "b": (r"[A-Za-z]{3}", "name"), "B": (r"[A-Za-z]{3,9}", "name"), "a": (r"[A-Za-z]{3}", None), "A": (r"[A-Za-z]{6,9}", None),
    "H": (_TWO, "hour"), "I": (_TWO, "half hour"), "p": (r"[AaPp][Mm]", "half"), "M": (_TWO, "minute"), "S": (_TWO, "second"),
    "z": (r"Z|[+-]\d{2}:?\d{2}", "zone"), "Z": (r"[A-Za-z+\-\d]{1,6}", "zone"), "s": (r"\d{1,11}", "epoch"),
    "f": (r"\d{1,9}", "fraction"),
    "j": (r"\d{3}", None), "u": (r"\d", None), "w": (r"\d", None), "n": (r"\s", None), "t": (r"\s", None),
}  # fmt: skip


class Clock:
    """Reads times that were written by ``spec``, START_TIME's argument ("" is its default). ``pattern`` is what it writes, as a
    regular expression without groups. Raises ValueError for a directive that is not known."""

    def __init__(self, spec: str) -> None:
        self._parts: list[str | None] = []
        self._regex: re.Pattern[str] | None = None
        if not spec:
            self.pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
            return
        for short, long in _SHORT.items():
            spec = spec.replace(short, long)
        plain, grouped, at = "", "", 0
        for found in _DIRECTIVE.finditer(spec):
            literal = re.escape(spec[at : found.start()])
            pattern, part = self._directive(found)
            plain, grouped, at = f"{plain}{literal}(?:{pattern})", f"{grouped}{literal}({pattern})", found.end()
            self._parts.append(part)
        rest = re.escape(spec[at:])
        if "%" in rest:
            raise ValueError(f"START_TIME({spec}): a directive that is not known")
        self.pattern, self._regex = plain + rest, re.compile(grouped + rest, re.ASCII)

    def read(self, text: str) -> Moment | None:
        """The moment, None if ``text`` was not written so or does not say when."""
        if self._regex is None:
            start = _minute(text[:17])
            return None if start is None or len(text) != 24 else _within(start, text)
        found = self._regex.fullmatch(text)
        return None if found is None else _moment({p: v for p, v in zip(self._parts, found.groups(), strict=True) if p})

    @staticmethod
    def _directive(found: re.Match[str]) -> tuple[str, str | None]:
        extended, kind, plain = found.groups()
        if kind == "S":  # absl's seconds with a fraction of so many digits
            digits = r"\d+" if extended in ("*", "") else rf"\d{{{extended}}}"
            return rf"\d{{2}}(?:\.{digits})?", "second"
        if kind == "f":
            return (r"\d{1,9}" if extended in ("*", "") else rf"\d{{{extended}}}"), "fraction"
        if plain == "%":
            return "%", None
        if plain is not None and plain.endswith("f") and len(plain) == 2:
            return rf"\d{{{plain[0]}}}", "fraction"
        name = kind or plain or ""
        if name not in _PARTS:
            raise ValueError(f"START_TIME: %{name} is not known")
        return _PARTS[name]


@lru_cache(maxsize=256)
def _minute(text: str) -> int | None:
    """ns of ``2026-11-25T05:27:``: a log has many lines of one minute."""
    found = iso(f"{text}00Z")
    return None if found is None else found.ns


def _within(start: int, text: str) -> Moment | None:
    seconds, ms = text[17:19], text[20:23]
    if not (text[19] == "." and text[23] == "Z" and f"{seconds}{ms}".isdecimal() and seconds.isascii() and ms.isascii()):
        return None
    return Moment(start + int(seconds) * 1_000_000_000 + int(ms) * 1_000_000, 1_000_000, "Z") if int(seconds) < 60 else None


def _moment(parts: dict[str, str]) -> Moment | None:
    if "epoch" in parts:
        ns, resolution = decimals(parts.get("fraction"))
        return Moment(int(parts["epoch"]) * 1_000_000_000 + ns, resolution, "Z")
    year = parts.get("year") or ("20" + parts["short year"] if "short year" in parts else "")
    month = int(parts["month"]) if "month" in parts else MONTHS.get(parts.get("name", "")[:3].lower(), 0)
    days = day(f"{year}-{month:02d}-{int(parts.get('day', '0')):02d}")
    hour = int(parts.get("hour", "0"))
    if "half hour" in parts:
        hour = int(parts["half hour"]) % 12 + (12 if parts.get("half", "am").lower() == "pm" else 0)
    second, _, fraction = parts.get("second", "0").partition(".")
    if days is None:
        return None
    return instant(
        days, hour, int(parts.get("minute", "0")), int(second), fraction or parts.get("fraction"), parts.get("zone", "")
    )
