"""Settings obey their laws for every bracket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.inference.keepalives import WIDE, WRITTEN, client_idle, narrow, recommended, setting
from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import Bracket, Clock, Deaths, FailedSilence, Fit, Helpless, Loss, Setting, Symptom
from tests.report.factory import SERVER, S, extreme, ref

HOUR = 3600 * S
FLOORS = st.one_of(st.integers(0, 20 * HOUR), st.integers(0, 7200).map(lambda s: s * S))


def known(low: int | None, high: int | None, floor: int, fit: Fit = Fit.CONSISTENT) -> Bracket:
    """A bracket from lengths in ns."""
    failed = None if high is None else FailedSilence(high, high, False, ref(9))
    return Bracket(Clock.SEGMENT, fit, None if low is None else extreme(low), failed, floor)


@given(FLOORS)
def test_two_probes_may_be_lost(floor: int) -> None:
    """Three probes in a row do not take as long as what is known to survive, and the first comes after at most a third of it;
    where it is too short for that, the setting is the shortest that kernels know."""
    time, interval, probes = setting(floor)
    assert {time, interval} <= set(WRITTEN)
    assert probes == 4
    if floor > 3 * S:
        assert (time + 2 * interval) * S < floor
        assert time * S * 3 <= floor
        assert interval * 4 <= time or interval == 1
    else:
        assert (time, interval) == (1, 1)


@given(FLOORS, FLOORS)
def test_a_higher_floor_never_means_a_shorter_keepalive(one: int, other: int) -> None:
    """More that survives, no more probes."""
    less, more = setting(min(one, other)), setting(max(one, other))
    assert less.time <= more.time
    assert less.interval <= more.interval


@pytest.mark.parametrize(
    ("floor", "expected"),
    [(349, Setting(90, 20, 4)), (350, Setting(90, 20, 4)), (240, Setting(60, 15, 4)), (60, Setting(20, 5, 4)),
     (3600, Setting(1200, 300, 4)), (20_000, Setting(3600, 900, 4)), (2.745, Setting(1, 1, 4)), (0, Setting(1, 1, 4))],
)  # fmt: skip
def test_what_people_write(floor: float, expected: Setting) -> None:
    """The settings for timeouts that are common."""
    assert setting(int(floor * S)) == expected


def test_a_wide_bracket_is_said_so() -> None:
    """The setting follows from the low end; where nothing survived, from a fraction of the shortest that failed."""
    assert recommended(known(340 * S, 360 * S, 340 * S)) == (Setting(90, 20, 4), False)
    assert recommended(known(10 * S, 360 * S, 10 * S)) == (Setting(3, 1, 4), True)
    assert recommended(known(None, 360 * S, 0, Fit.OPEN)) == (Setting(10, 2, 4), True)


def test_none_is_recommended_that_would_not_help() -> None:
    """Nothing failed that a keepalive cures; the timer counts payload; longer silences fail no more often than short ones."""
    assert recommended(known(340 * S, None, 340 * S, Fit.OPEN)) == (None, False)
    payload = Bracket(Clock.PAYLOAD, Fit.CONSISTENT, extreme(40 * S), FailedSilence(60 * S, 60 * S, False, ref(9)), 40 * S)
    assert recommended(payload) == (None, False)
    assert recommended(known(340 * S, 20 * S, 0, Fit.CROSSING), rises=False) == (None, False)
    assert recommended(known(340 * S, 60 * S, 50 * S, Fit.CROSSING), rises=True) == (Setting(15, 3, 4), False)


@given(st.integers(S, 10 * HOUR), st.integers(101, 100_000))
def test_a_silence_that_halves_the_bracket_lies_well_inside(low: int, percent: int) -> None:
    """Whichever way it ends, what is left is smaller by a quarter at least, by length or, where the ends are far apart, by ratio."""
    high = low * percent // 100
    wait = narrow(known(low, high, low))
    if high * 100 <= low * PLAY:
        assert wait is None
        return
    assert wait is not None
    assert low < wait < high
    if high <= WIDE * low:
        assert max(wait - low, high - wait) * 4 <= (high - low) * 3 + 4
    else:
        assert max(wait / low, high / wait) < high / low


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(2.745, 5.748, 4), (60, 600, 180), (340, 360, 350), (300, 900, 600), (0, 600, 300), (345, 348, None)],
)
def test_what_people_wait(low: float, high: float, expected: int | None) -> None:
    """Silences that would tell more, as people say them."""
    found = known(int(low * S) or None, high * S if isinstance(high, int) else int(high * S), int(low * S))
    assert narrow(found) == (None if expected is None else expected * S)


def closed(gap: int, *, lower: bool = False) -> Loss:
    """A request that crossed a FIN after so many seconds."""
    silence = FailedSilence(gap * S, gap * S, lower, ref(9))
    return Loss(SERVER, "10.0.0.1", "client", Symptom.FIN_AT_EXPIRY, silence, gap * S, lower, Helpless.FIN, ref(9))


def test_clients_give_up_before_what_ends_their_connections() -> None:
    """Before the server's FIN where that is regular, else before the shortest that met a request; or before a timer that counts
    payload; None where nothing ends them so, 0 where no whole second is safely shorter."""
    open_ended = known(30 * S, None, 30 * S, Fit.OPEN)
    regular = Deaths(Symptom.FIN_AT_EXPIRY, 12, 75 * S, 76 * S, (ref(1), ref(2)), regular=True)
    assert client_idle(open_ended, [closed(75)], [regular]) == 60
    assert client_idle(open_ended, [closed(62), closed(75)], []) == 45
    assert client_idle(open_ended, [closed(5, lower=True)], []) is None
    assert client_idle(open_ended, [closed(62)], [replace(regular, shortest=3 * S, regular=False)]) == 45
    assert client_idle(open_ended, [], []) is None
    assert [client_idle(open_ended, [closed(n)], []) for n in (1, 2, 3)] == [0, 1, 2]
