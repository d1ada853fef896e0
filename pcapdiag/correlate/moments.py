"""Times as programs write them into text: ISO 8601, what date prints, seconds since the epoch."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

_SECOND = 1_000_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_UNIX = re.compile(r"(\d{10})(?:\.(\d{1,9}))?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?", re.ASCII)
MONTHS = {
    name: i for i, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
DAYS = frozenset(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
# What date prints for a zone, where only one zone is called so: CST is in America and in China, IST in three places.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "JST": 9,
    "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip


class Moment(NamedTuple):
    """ns since the epoch, cut to ``resolution`` ns. ``zone`` is "" where none was written (it was read as UTC), "?" and its name
    where it is not known by its name alone."""

    ns: int
    resolution: int
    zone: str


@lru_cache(maxsize=1024)
def day(text: str) -> int | None:
    """Days since the epoch of ``2026-11-25``; None if there is no such day."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def decimals(text: str | None) -> tuple[int, int]:
    """ns of the digits behind a point, and the ns to which they were cut."""
    digits = (text or "")[:9]
    return int(digits.ljust(9, "0")) if digits else 0, 10 ** (9 - len(digits))


def offset(zone: str) -> int | None:
    """Seconds east of Greenwich of ``+01:00``, ``-05`` or a name; None if the name is not one zone's alone."""
    found = _OFFSET.fullmatch(zone)
    if found:
        seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60
        return -seconds if found[1] == "-" else seconds
    hours = _ZONES.get(zone.upper())
    return None if hours is None else hours * 3600


def instant(days: int, hour: int, minute: int, second: int, fraction: str | None, zone: str) -> Moment | None:
    """A day and a time of it as a moment; None if there is no such time."""
    if not (hour < 24 and minute < 60 and second < 60):
        return None
    east = offset(zone) if zone else 0
    ns, resolution = decimals(fraction)
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - (east or 0)
    return Moment(seconds * _SECOND + ns, resolution, zone if east is not None else f"?{zone}")


def iso(text: str) -> Moment | None:
    """ISO 8601 with seconds, and with a space for its T or a comma for its point, as ``date -Ins`` and Python write it."""
    found = _ISO.fullmatch(text)
    days = found and day(found[1])
    if found is None or days is None:
        return None
    return instant(days, int(found[2]), int(found[3]), int(found[4]), found[5], found[6] or "")


def moment(text: str) -> Moment | None:
    """A time that is all of ``text``; None if it is none.

    >>> moment("2026-11-25T05:27:37,155+01:00").ns == moment("Wed Nov 25 04:27:37 UTC 2026").ns + 155_000_000
    True
    """
    text = text.strip()
    if found := _UNIX.fullmatch(text):
        ns, resolution = decimals(found[2])
        return Moment(int(found[1]) * _SECOND + ns, resolution, "Z")
    return iso(text) or _words(text)


def _words(text: str) -> Moment | None:
    """What date prints in English, in any order of its parts: each says by itself what it is."""
    words = text.replace(",", " ").split() if len(text) < 64 else []
    if not 4 <= len(words) <= 7:
        return None
    month = days = year = clock = half = None
    zone = ""
    for word in words:
        low = word.lower()
        if month is None and low[:3] in MONTHS and low.isalpha():
            month = MONTHS[low[:3]]
        elif low[:3] in DAYS and low.isalpha():
            continue
        elif clock is None and (found := _CLOCK.fullmatch(word)):
            clock = found
        elif low in ("am", "pm"):
            half = low
        elif re.fullmatch(r"\d{4}", word, re.ASCII):
            year = word
        elif days is None and re.fullmatch(r"\d\d?", word, re.ASCII):
            days = word
        elif not zone and (_OFFSET.fullmatch(word) or re.fullmatch(r"[A-Z]{1,5}", word)):
            zone = word
        else:
            return None
    if month is None or days is None or year is None or clock is None:
        return None
    number = day(f"{year}-{month:02d}-{int(days):02d}")
    hour = int(clock[1])
    if half is not None:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return None if number is None else instant(number, hour, int(clock[2]), int(clock[3]), clock[4], zone)
