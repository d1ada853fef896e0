"""What a keepalive would have done: its laws, for any losses and any time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.engine.objects import BUCKETS, EDGES
from pcapdiag.engine.types import Service
from pcapdiag.inference.bracket import Survived, bracket
from pcapdiag.inference.counterfactual import counterfactual, late
from pcapdiag.inference.types import Bracket, Clock, FailedSilence, Helpless, Loss, Symptom
from tests.report.factory import SERVER, S, extreme, ref, service

HOUR = 3600 * S


def loss(after: float, length: float | None = None, *, lower: bool = False, helpless: Helpless | None = None) -> Loss:
    """A request that was reset after so many seconds, or by then."""
    silence = FailedSilence(int(after * S), int((after if length is None else length) * S), lower, ref(9))
    return Loss(SERVER, "10.0.0.1", "client", Symptom.RESET, silence, silence.length, lower, helpless, ref(9))


def survivors(*seconds: float) -> Service:
    """A service on which such silences survived."""
    histogram = [0] * BUCKETS
    for length in seconds:
        histogram[max(i for i in range(BUCKETS) if EDGES[i] <= length * S)] += 1
    longest = extreme(int(max(seconds) * S)) if seconds else None
    return service(histogram=tuple(histogram), longest_survived=longest, survived=len(seconds))


LENGTHS = st.floats(1, 5000).map(lambda s: round(s, 3))
LOSSES = st.lists(
    st.builds(
        lambda pair, lower, helpless: loss(min(pair), max(pair), lower=lower, helpless=helpless),
        st.one_of(LENGTHS.map(lambda s: (s, s)), st.tuples(LENGTHS, LENGTHS)), st.booleans(),
        st.sampled_from((None, None, None, Helpless.FIN, Helpless.ABORTED, Helpless.EVENT)),
    ),
    max_size=12,
)  # fmt: skip
TIMES = st.integers(1, 7200).map(lambda s: s * S)


@given(LOSSES, st.lists(LENGTHS, max_size=80), TIMES, TIMES)
def test_more_probes_keep_no_fewer_alive(losses: list[Loss], lengths: list[float], one: int, other: int) -> None:
    """Every loss is counted once. A shorter keepalive keeps at least as many alive, leaves no more to die, and costs no less; what
    none can help does not depend on it."""
    facts = survivors(*lengths)
    found = bracket(Survived.of(facts), losses)
    short, long = (counterfactual(losses, found, facts, HOUR, time) for time in sorted((one, other)))
    assert short.losses == long.losses == len(losses)
    assert short.kept >= long.kept
    assert short.not_kept <= long.not_kept
    assert short.helpless == long.helpless
    assert short.probes_an_hour >= long.probes_an_hour
    assert list(short.helpless) == [why for why in Helpless if why in short.helpless]
    if short.kept:
        assert late(min(one, other)) <= found.floor


def test_the_four_ways() -> None:
    """A request after 400 s, one after 50 s, one that crossed a FIN, one of which only a lower bound is known; 45 s survived."""
    losses = [loss(400), loss(50), loss(70, helpless=Helpless.FIN), loss(12, lower=True)]
    facts = survivors(45, 10)
    found = bracket(Survived.of(facts), losses)
    told = {t: counterfactual(losses, found, facts, HOUR, t * S) for t in (5, 10, 30, 45, 50)}
    assert {t: (c.kept, c.perhaps, c.not_kept) for t, c in told.items()} == {
        5: (3, 0, 0),  # even the lower bound is longer than a probe takes
        10: (3, 0, 0),
        30: (2, 1, 0),  # whether a probe had come in time for the third is not known
        45: (0, 3, 0),  # a probe may come later than it is due
        50: (0, 0, 3),  # the timer, if it is one, has run out by then
    }
    assert all(c.helpless == {Helpless.FIN: 1} for c in told.values())


def test_unanswered_probes_make_it_uncertain() -> None:
    """Probes at 200 s and 300 s got no answer, the request at 350 s a RST: a keepalive of 200 s is what there was."""
    losses, facts = [loss(200, 350)], survivors(190)
    found = bracket(Survived.of(facts), losses)
    told = [counterfactual(losses, found, facts, HOUR, t * S) for t in (150, 180, 200)]
    assert [(c.kept, c.perhaps, c.not_kept) for c in told] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_a_timer_that_counts_payload_is_not_helped() -> None:
    """Whatever its length, and beside other reasons."""
    failed = FailedSilence(60 * S, 60 * S, False, ref(9))
    found = Bracket(Clock.PAYLOAD, bracket(Survived(None), ()).fit, extreme(40 * S), failed, 40 * S)
    told = counterfactual([loss(9), loss(10, helpless=Helpless.FIN)], found, survivors(10), HOUR, S)
    assert (told.kept, told.perhaps, told.not_kept) == (0, 0, 0)
    assert told.helpless == {Helpless.FIN: 1, Helpless.PAYLOAD_TIMER: 1}


def test_what_it_costs() -> None:
    """Silences that there were, by the time between probes, for an hour of capture; those at its end as well."""
    facts = replace(survivors(100, 100, 30), silent_at_end=200 * S)
    found = bracket(Survived.of(facts), [loss(400)])
    middle = next((a + b) // 2 for a, b in pairwise(EDGES) if a <= 100 * S < b)
    an_hour = counterfactual([loss(400)], found, facts, HOUR, 60 * S).probes_an_hour
    assert an_hour == 2 * (middle // (60 * S)) + 0 + 400 // 60 + 200 // 60
    assert counterfactual([loss(400)], found, facts, HOUR // 4, 60 * S).probes_an_hour == 4 * an_hour
    assert counterfactual([loss(400)], found, facts, 0, 60 * S).probes_an_hour == 0


def test_without_a_time_only_the_helpless_are_told() -> None:
    """Where no keepalive is recommended, what none could help is told all the same."""
    told = counterfactual([loss(400), loss(9, helpless=Helpless.ABORTED)], bracket(Survived(None), ()), survivors(), HOUR, 0)
    assert (told.kept, told.perhaps, told.not_kept, told.helpless) == (0, 1, 0, {Helpless.ABORTED: 1})
    assert told.probes_an_hour == 0
