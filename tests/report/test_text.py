"""Text for a terminal: nothing acts on it, nothing is wider than it should be, nothing is lost in wrapping."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.report import text as module
from pcapdiag.report import times
from pcapdiag.report.text import Span, cell_len, clean, cut, cut_left, flow, words


@given(st.text())
def test_clean_text_is_printable_and_stays_clean(text: str) -> None:
    """What was made harmless is printable, without newlines, and does not change when cleaned again."""
    harmless = clean(text)
    assert harmless.isprintable()
    assert clean(harmless) == harmless


@given(st.text())
def test_ascii_only_means_ascii(text: str) -> None:
    """For a terminal without Unicode, nothing outside ASCII is left."""
    assert clean(text, ascii_only=True).isascii()


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_ordinary_text_is_left_alone(text: str) -> None:
    """Printable ASCII is shown as it was captured."""
    assert clean(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2066b", "a\\u2066b"),
        ("\u05d0", "\\u05d0"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\r\n\tb", "a\\x0d\\x0a\\x09b"),
        ("e\u0301", "\u00e9"),
        ("x\u0301", "x\\u0301"),
        ("\u8868", "\u8868"),
    ],
)
def test_what_could_act_is_shown_as_an_escape(hostile: str, shown: str) -> None:
    """Controls, overrides, surrogates, tags and lone accents are written out; ordinary letters stay."""
    assert clean(hostile) == shown


@given(st.text().map(clean), st.integers(1, 50))
def test_cut_text_fits(text: str, width: int) -> None:
    """Cut at either end, text fits; what fits already is not touched."""
    for short in (
        cut(text, width),
        cut_left(text, width),
        cut(text, width, "..."),
        cut_left(text, width, "..."),
    ):
        assert cell_len(short) <= width
        assert short == text or cell_len(text) > width


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)), st.integers(10, 60))
def test_wrapping_loses_nothing(texts: list[str], width: int) -> None:
    """Lines are within the width and hold every word in order."""
    lines = list(flow([Span(clean(t)[:8]) for t in texts], width, first=Span("> "), rest="  "))
    assert all(cell_len(line) <= width for line in lines)
    if all(cell_len(clean(t)[:8]) <= width - 2 for t in texts):
        assert " ".join(lines).replace("> ", "").split() == " ".join(clean(t)[:8] for t in texts).split()


def test_numbers_stay_with_their_units() -> None:
    """A line is not broken between a number and its unit, or between frame and its number."""
    assert [s.text for s in words("idle 350.104 s (frame 14): >= 3 min")] == [
        "idle",
        "350.104 s",
        "(frame 14):",
        ">= 3 min",
    ]


@pytest.mark.parametrize("documented", [module, times])
def test_examples_in_docstrings_are_true(documented: object) -> None:
    """The examples in the docstrings give what they say."""
    result = doctest.testmod(documented)  # type: ignore[arg-type]  # a module is an object here
    assert result.attempted
    assert not result.failed
