"""Times as text are exact, at any distance from today."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.report.times import iso, seconds

SECOND = 10**9
ANY_TIME = st.integers(-(2**63), 2**63 - 1)


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, SECOND - 1))
def test_iso_is_what_the_calendar_says(whole: int, fraction: int) -> None:
    """Within the years that datetime knows, the text is datetime's, with all nine decimals."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    expected = f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%S") + f".{fraction:09d}Z"
    assert iso(whole * SECOND + fraction) == expected


@given(st.integers(-(2**80), 2**80))
def test_any_number_is_some_time(ns: int) -> None:
    """A capture may claim any time: none fails, and all have the same form."""
    assert re.fullmatch(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", iso(ns))


@given(ANY_TIME, st.integers(0, 9))
def test_fewer_digits_are_cut_off(ns: int, digits: int) -> None:
    """A shorter time is the beginning of the longer one, so that it never lies in the future."""
    assert iso(ns).startswith(iso(ns, digits)[:-1])


@given(st.integers(0, 2**63))
def test_seconds_never_round_the_wrong_way(ns: int) -> None:
    """What is at least so long is never overstated, what is at most so long never understated."""
    low = int(seconds(ns)[:-2].replace(".", "")) * 1_000_000
    high = int(seconds(ns, up=True)[:-2].replace(".", "")) * 1_000_000
    assert low <= ns <= high < low + 1_000_001
