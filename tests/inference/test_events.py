"""Failures that come together: an event, or a burst of requests into what a timer has cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.engine.types import Endpoint, Extreme, IdlePeriod, Outcome, WakeKind
from pcapdiag.inference.events import EVENT_LEAST, events, sentence
from tests.report.factory import MS, SERVER, T0, S, connection, extreme, period

OTHER, ELSEWHERE = Endpoint(SERVER.address, 8443), Endpoint("10.0.0.9", 443)


def lost(at: float, gap: float, server: Endpoint = SERVER) -> IdlePeriod:
    """A request at this second that was reset after so many seconds of silence."""
    length = int(gap * S)
    p = period(length, T0 + int(at * S), conn=connection(server=server))
    return replace(p, silence=length, silence_first=length, silence_answered=length)


def survived(seconds: float, *servers: Endpoint) -> dict[Endpoint, Extreme | None]:
    """What survives on each of these services."""
    return {server: extreme(int(seconds * S)) for server in servers or (SERVER,)}


def test_different_silences_at_one_moment_are_an_event() -> None:
    """Failures within a second, after very different silences of which some are shorter than what survived."""
    (event,) = events([lost(0, 30), lost(0.5, 200), lost(0.8, 550)], survived(400))
    assert (event.start, event.end, event.failures) == (T0, T0 + 800 * MS, 3)
    assert (event.shortest, event.longest, event.services) == (30 * S, 550 * S, (SERVER,))
    assert event.holds(SERVER, T0 + S // 2)
    assert not event.holds(SERVER, T0 + S)
    assert not event.holds(OTHER, T0)
    assert sentence(event) == (
        "3 failures within 800 ms, after silences from 30 s to 550 s: an event (restart, failover, flush), not a timer"
    )


def test_a_burst_after_a_timer_is_no_event() -> None:
    """Requests may come together too: if every failed silence is longer than what survives, a timer explains them all."""
    assert events([lost(0, 70), lost(0.5, 200), lost(0.8, 550)], survived(60)) == ()


def test_where_nothing_is_known_to_survive_being_together_tells() -> None:
    """Without a survivor to compare with, very different silences at one moment are an event, or a pool of connections that a
    timer shorter than all of them had cut: both are said."""
    pool = [lost(0, 70), lost(0.1, 95), lost(0.2, 200), lost(0.3, 310), lost(0.4, 550)]
    (event,) = events(pool, {})
    assert event.or_timer
    assert sentence(event) == (
        "5 failures within 400 ms, after silences from 70 s to 550 s: an event (restart, failover, flush), or one burst into what "
        "a timer had cut: each measured silence was at least 70 s, and none that long is known to survive"
    )
    (sure,) = events(pool, survived(400))
    assert not sure.or_timer


def test_resets_in_silence_need_no_survivor() -> None:
    """A RST out of silence comes at a time of its own: many at once after different silences are no timer's."""
    silent = [lost(0, 70), lost(0.5, 200), lost(0.8, 550)]
    ended = [replace(p, outcome=Outcome.RESET_IN_SILENCE, wake=replace(p.wake, kind=WakeKind.RST)) for p in silent]
    assert events(silent, survived(60)) == ()
    assert len(events(ended, survived(60))) == 1


@pytest.mark.parametrize(
    "failures",
    [
        [lost(0, 30), lost(0.5, 550)],
        [lost(0, 300), lost(0.5, 301), lost(0.8, 302)],
        [lost(0, 30), lost(20, 200), lost(40, 350)],
        [lost(0, 10), lost(1, 11), lost(4, 20)],
    ],
    ids=["too few", "alike", "apart", "as far apart as their silences"],
)
def test_what_is_no_event(failures: list[IdlePeriod]) -> None:
    """Two, or alike, or at different times, or as far apart in time as in silence: no event."""
    assert events(failures, survived(400)) == ()


def test_an_event_takes_all_services_of_an_address_and_of_the_capture() -> None:
    """Where something speaks against a timer on each address, it is one event over all of them."""
    failures = [lost(0, 30), lost(0.2, 300, OTHER), lost(0.5, 40, ELSEWHERE), lost(0.9, 90, ELSEWHERE)]
    (event,) = events(failures, survived(400, SERVER, OTHER, ELSEWHERE))
    assert event.services == (SERVER, OTHER, ELSEWHERE)
    assert event.failures == 4


def test_a_timer_elsewhere_is_not_drawn_in() -> None:
    """A failure on another address that a timer explains stays out of the event."""
    failures = [lost(0, 30), lost(0.2, 200), lost(0.5, 500), lost(0.6, 900, ELSEWHERE)]
    (event,) = events(failures, {**survived(400), **survived(350, ELSEWHERE)})
    assert event.services == (SERVER,)
    assert event.failures == 3


def test_where_failures_go_on_and_on_none_is_an_event() -> None:
    """Any few seconds of a steady stream hold very different silences; an event stands out from what is around it."""
    steady = [lost(i, 30 + 37 * (i % 11)) for i in range(200)]
    assert events(steady, survived(400)) == ()
    standing_out = [*(lost(i, 30 + 37 * (i % 11)) for i in range(0, 200, 20)), *(lost(100.1 + i / 20, 20 + 25 * i) for i in range(15))]
    (event,) = events(standing_out, survived(400))
    assert event.failures >= 15


def test_only_exact_silences_say_how_different_they_are() -> None:
    """A silence that was at least so long may have been as long as the others; it is still one of the failures."""
    first_seen = replace(lost(0.3, 5), last_before=None)
    assert events([lost(0, 300), lost(0.2, 310), first_seen], survived(400)) == ()
    (event,) = events([lost(0, 30), lost(0.2, 310), lost(0.4, 200), first_seen], survived(400))
    assert (event.failures, event.shortest) == (4, 30 * S)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.floats(1, 1000), st.sampled_from((SERVER, OTHER, ELSEWHERE))), max_size=40))
def test_events_hold_what_they_say(failures: list[tuple[float, float, Endpoint]]) -> None:
    """Whatever failed: each event counts the failures that it holds, no failure is in two, and order does not matter."""
    periods = [lost(*f) for f in failures]
    found = events(periods, survived(300, SERVER, OTHER, ELSEWHERE))
    assert found == events(periods[::-1], survived(300, SERVER, OTHER, ELSEWHERE))
    holders = [[e for e in found if e.holds(p.connection.server, p.wake.first.ref.time)] for p in periods]
    assert all(len(h) <= 1 for h in holders)
    for event in found:
        assert event.failures == sum(event in h for h in holders) >= EVENT_LEAST
