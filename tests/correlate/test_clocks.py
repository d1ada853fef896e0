"""Clocks of two capture points: the true difference lies within what is told, whatever the drift and the time on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.correlate.clocks import GRAIN, MOST_DELAY, Clock, Difference, clock, nearer

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND

times = st.lists(
    st.tuples(st.integers(0, 4 * 3600 * SECOND), st.booleans(), st.integers(0, 300_000_000)), min_size=1, max_size=30
)
offsets = st.integers(-400 * 86400 * SECOND, 400 * 86400 * SECOND)
rates = st.floats(-4e-4, 4e-4)


def seen(passed: list[tuple[int, bool, int]], offset: int, rate: float, grain: int = 1) -> list[Difference]:
    """What both points recorded of packets: when each passed the first, in which direction, and how long it was on the way."""
    out = []
    for at, outward, delay in passed:
        second = at + delay if outward else at - delay  # true time at the second point
        shown = (START + second + offset + int(rate * second)) // grain * grain
        first = (START + at) // grain * grain
        out.append(Difference(first, shown - first, outward))
    return out


@given(times, offsets, rates, st.sampled_from((1, 1000)), st.integers(-3600 * SECOND, 8 * 3600 * SECOND))
def test_the_truth_lies_within(passed: list[tuple[int, bool, int]], offset: int, rate: float, grain: int, at: int) -> None:
    """Offset and drift of the second clock, packets at any time in any direction: the true difference is within the
    uncertainty, at any time, also before the first packet and after the last."""
    found = clock(seen(passed, offset, rate, grain))
    assert found is not None
    assert found.slack == 0
    moment, truth = found.at(START + at), offset + int(rate * at)
    assert abs(moment.ahead - truth) <= moment.uncertainty + abs(rate) * MOST_DELAY
    assert found.drift is not None
    assert found.drift[0] - 1e-6 <= rate * 1e6 <= found.drift[1] + 1e-6


@given(times, offsets, rates)
def test_the_round_trip_bounds_the_uncertainty(passed: list[tuple[int, bool, int]], offset: int, rate: float) -> None:
    """Two packets that pass at the same moment in both directions leave no more uncertain than half their times on the way."""
    pair = [(10 * SECOND, True, 30_000_000), (10 * SECOND, False, 10_000_000)]
    found = clock(seen([*passed, *pair], offset, rate))
    assert found is not None
    assert found.at(START + 10 * SECOND).uncertainty <= 20_000_000 + GRAIN + 40_000
    assert found.round_trip is not None
    assert found.round_trip <= 40_000_000 + 40_000


@given(times, offsets, rates, st.booleans())
def test_which_is_nearer_is_never_wrong(passed: list[tuple[int, bool, int]], offset: int, rate: float, far: bool) -> None:
    """Times on the way tell which point is nearer to the sender, or they do not tell, but never the wrong one."""
    assert nearer(seen([(at, out, -delay if far else delay) for at, out, delay in passed], offset, rate)) in (0, -1 if far else 1)


@given(offsets, st.integers(100_000, 10**9), st.integers(100_000, 10**9))
def test_two_packets_at_once_tell_which_is_nearer(offset: int, out: int, back: int) -> None:
    """One packet of each direction at about the same time is enough, whatever the clocks show."""
    assert nearer(seen([(0, True, out), (SECOND // 1000, False, back)], offset, 0.0)) == 1


def test_a_clock_that_was_set_is_told() -> None:
    """Where no straight line fits, the estimate is uncertain by how much it does not, and says that."""
    passed = 10
    before = seen([(i * SECOND, i % 2 == 0, 1_000_000) for i in range(passed)], 0, 0.0)
    after = seen([((passed + i) * SECOND, i % 2 == 0, 1_000_000) for i in range(passed)], 60 * SECOND, 0.0)
    found = clock([*before, *after])
    assert found is not None
    assert found.slack > SECOND
    for time, truth in ((START, 0), (START + 2 * passed * SECOND, 60 * SECOND)):
        moment = found.at(time)
        assert abs(moment.ahead - truth) <= moment.uncertainty


@given(times)
def test_one_direction_alone_leaves_a_second(passed: list[tuple[int, bool, int]]) -> None:
    """With packets of one direction only, the other bound is a long time for a packet on its way."""
    one = [(at, True, delay) for at, _, delay in passed]
    found = clock(seen(one, 0, 0.0))
    assert found is not None
    assert found.round_trip is None
    assert found.homeward == 0
    assert found.at(START + one[0][0]).uncertainty <= MOST_DELAY


def test_nothing_in_common_is_no_clock() -> None:
    """Without packets that both recorded nothing is told; what a person said is taken as it is."""
    assert clock([]) is None
    assert nearer([]) == 0
    assert Clock(told=5).at(START) == (5, 0)
    assert Clock(told=5).drift is None
