"""Durations and selections, as people write them."""

from __future__ import annotations

import doctest
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag import durations
from pcapdiag.durations import format_duration, parse_duration
from pcapdiag.selection import parse_host, parse_service


def test_the_examples_in_the_docstrings() -> None:
    """What the documentation shows is what happens."""
    assert doctest.testmod(durations).failed == 0


@pytest.mark.parametrize("text", ["", "abc", "5x", "1h30", "-1s", "1..5s", "s", "1 s m"])
def test_what_is_no_duration(text: str) -> None:
    """What cannot be read is refused with an example of what can."""
    with pytest.raises(ValueError, match="write it like 500ms, 2s, 1m30s, 1h"):
        parse_duration(text)


@given(st.integers(0, 10**6))
def test_numbers_and_timedeltas_are_seconds(seconds: int) -> None:
    """A bare number is seconds, as text, number or timedelta."""
    ns = seconds * 10**9
    assert parse_duration(seconds) == parse_duration(str(seconds)) == parse_duration(timedelta(seconds=seconds)) == ns


@given(st.integers(0, 10**15))
def test_a_duration_shown_is_one_read_within_its_digits(ns: int) -> None:
    """What is shown, read again, is never more and hardly less: it is cut off at the last digit shown."""
    unit = next(u for u in (1, 10**3, 10**6, 10**9, 10**12) if ns < u * 1000 or u == 10**12)
    assert 0 <= ns - parse_duration(format_duration(ns)) < max(unit, 10**6 if ns >= 10**9 else 1)


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "x:1", "::1:443", "[::1]", "[10.0.0.1]:1"])
def test_what_is_no_service(text: str) -> None:
    """An address and a port, IPv6 in brackets; the error shows how."""
    with pytest.raises(ValueError, match="is no service"):
        parse_service(text)


def test_selections_are_normalised() -> None:
    """However an address is written, it is the one in the capture."""
    assert str(parse_service("[2001:DB8:0::1]:443")) == "[2001:db8::1]:443"
    assert str(parse_host("10.1.2.3/16")) == "10.1.0.0/16"
    with pytest.raises(ValueError, match="is no address or network"):
        parse_host("example.org")
