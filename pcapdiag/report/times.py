"""Times and gaps as text, from integers alone: no float is ever made of a time."""

from __future__ import annotations

from time import gmtime

_SECOND = 1_000_000_000
_CYCLE = 146_097 * 86_400  # seconds in 400 Gregorian years, after which the calendar repeats


def iso(ns: int, digits: int = 9) -> str:
    """ISO 8601 in UTC of nanoseconds since the epoch, with ``digits`` decimals of the second, never rounded.

    A capture may claim any time at all, so years before 0 and beyond 9999 are written as they come.

    >>> iso(1_700_000_000_123_456_789), iso(1_700_000_000_123_456_789, 3), iso(-1, 3)
    ('2023-11-14T22:13:20.123456789Z', '2023-11-14T22:13:20.123Z', '1969-12-31T23:59:59.999Z')
    """
    seconds, fraction = divmod(ns, _SECOND)
    cycles, rest = divmod(seconds, _CYCLE)
    t = gmtime(rest)
    decimals = f".{fraction:09d}"[: digits + 1] if digits else ""
    year = t.tm_year + 400 * cycles
    return (
        f"{'-' if year < 0 else ''}{abs(year):04d}-{t.tm_mon:02d}-{t.tm_mday:02d}"
        f"T{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}{decimals}Z"
    )


def seconds(ns: int, *, up: bool = False) -> str:
    """A gap in seconds with three decimals, as Wireshark and tables of timeouts write it; ``up`` rounds up.

    >>> seconds(350_104_900_000), seconds(350_104_900_000, up=True), seconds(999), seconds(86_400 * _SECOND)
    ('350.104 s', '350.105 s', '0.000 s', '86400.000 s')
    """
    ms = -(-ns // 1_000_000) if up else ns // 1_000_000
    return f"{ms // 1000}.{ms % 1000:03d} s"


def relative(ns: int) -> str:
    """Time since something, in seconds with six decimals, as in Wireshark's column.

    >>> relative(6_002_047_999), relative(-1_000)
    ('6.002047', '-0.000001')
    """
    us = abs(ns) // 1000
    return f"{'-' if ns < 0 else ''}{us // 1_000_000}.{us % 1_000_000:06d}"


def decimal(ns: int) -> str:
    """A length in seconds to the last nanosecond, as programs read it.

    >>> decimal(350_104_900_001), decimal(0), decimal(-1)
    ('350.104900001', '0.000000000', '-0.000000001')
    """
    whole, fraction = divmod(abs(ns), _SECOND)
    return f"{'-' if ns < 0 else ''}{whole}.{fraction:09d}"
