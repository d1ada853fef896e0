"""The broken time axis: what is earlier stands further left, pieces are to scale, and what is left out is said."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.report.axis import MOST_PIECES, RATIO, Span, axis

US, MS, S = 1_000, 1_000_000, 1_000_000_000
#: From nanoseconds to centuries, also before the origin: any packets that a capture can hold.
times = st.lists(
    st.one_of(st.integers(-(2**62), 2**62), st.integers(-1000, 1000), st.integers(0, 900 * S)), min_size=1, max_size=60
)
spans = st.lists(st.builds(lambda a, b: Span(min(a, b), max(a, b)), st.integers(0, 900 * S), st.integers(0, 900 * S)), max_size=5)


@given(times, spans, st.lists(st.integers(-(2**63), 2**63), max_size=30))
def test_later_is_never_further_left(drawn: list[int], legible: list[Span], asked: list[int]) -> None:
    """The mapping from time to place is monotone and stays on the paper, whatever was drawn and whatever is asked for."""
    made = axis(drawn, legible)
    places = [made.x(at) for at in sorted([*drawn, *asked])]
    assert places == sorted(places)
    assert all(0 <= x <= 1 for x in places)


@given(times, spans)
def test_every_time_lies_in_a_piece_and_every_break_says_its_length(drawn: list[int], legible: list[Span]) -> None:
    """Nothing that is drawn falls into a break; pieces and breaks together are the whole time, in order, without overlap."""
    made = axis(drawn, legible)
    assert all(any(p.start <= at <= p.end for p in made.pieces) for at in drawn)
    whole = sum(p.end - p.start for p in made.pieces) + sum(b.length for b in made.breaks)
    assert whole == max(drawn) - min(drawn)
    assert all(b.length > 0 and b.left < b.right for b in made.breaks)
    assert all(a.right <= b.left for a, b in pairwise(made.pieces))
    assert 1 <= len(made.pieces) <= MOST_PIECES


@given(times, spans)
def test_a_piece_is_to_scale(drawn: list[int], legible: list[Span]) -> None:
    """Inside a piece, equal times take equal room."""
    made = axis(drawn, legible)
    for piece in made.pieces:
        if piece.start < piece.end:
            middle = (piece.start + piece.end) // 2
            part = (middle - piece.start) / (piece.end - piece.start)
            assert abs(made.x(middle) - (piece.left + part * (piece.right - piece.left))) < 1e-9


@given(times, spans)
def test_what_is_left_out_is_longer_than_what_is_drawn_beside_it(drawn: list[int], legible: list[Span]) -> None:
    """A break stands only where the silence outweighs every gap inside the pieces next to it."""
    made = axis(drawn, legible)
    moments = sorted(set(drawn))
    for before, after in pairwise(made.pieces):
        inside = [
            b - a for a, b in pairwise(moments) if (before.start <= a and b <= before.end) or (after.start <= a and b <= after.end)
        ]
        assert all(after.start - before.end >= RATIO * gap for gap in inside)


def test_a_quarter_of_an_hour_and_a_tenth_of_a_millisecond_are_both_readable() -> None:
    """Exchange, 15 minutes of silence, request, RST after 0.1 ms: the silence is a break, and the answer has its own scale."""
    wake = 900 * S
    made = axis([0, 20 * MS, 45 * MS, wake, wake + 100 * US], [Span(wake, wake + 100 * US)])
    assert [p.end - p.start for p in made.pieces] == [45 * MS, 100 * US]
    assert [b.length for b in made.breaks] == [wake - 45 * MS]
    assert made.x(wake + 100 * US) - made.x(wake) > 0.1


def test_an_answer_that_would_not_be_seen_gets_a_piece_of_its_own() -> None:
    """A next packet seconds after the answer would squeeze it: then that silence is left out too; if nobody asks, it stays."""
    drawn = [0, 50 * MS, 600 * S, 600 * S + 70 * US, 605 * S]
    assert len(axis(drawn).pieces) == 2
    made = axis(drawn, [Span(600 * S, 600 * S + 70 * US)])
    assert [p.end - p.start for p in made.pieces] == [50 * MS, 70 * US, 0]


def test_even_times_need_no_break() -> None:
    """Where no silence stands out, time is one line."""
    assert len(axis(range(0, 100 * S, S)).pieces) == 1
    assert len(axis([5]).pieces) == 1
    assert axis([]).x(0) == axis([]).x(5)
