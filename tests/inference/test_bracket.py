"""Services whose timers are known: the bracket holds the timer, or says that there is no one timer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.inference.bracket import Survived, bracket
from pcapdiag.inference.counterfactual import late
from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import Cause, Clock, Fit, Helpless, Pattern
from tests.inference.service import DROPS, HELLO, OPENING, RESETS, S, Way, analysed, captured, fixed, the_cause

PAUSES = st.lists(st.lists(st.floats(1.1, 90).map(lambda s: round(s, 3)), min_size=1, max_size=4), min_size=1, max_size=6)
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def holds(cause: Cause, timer: float, play: float = 0.0) -> None:
    """The bracket excludes no true timer: what survived was shorter, but for its play, and what failed was longer."""
    found = cause.bracket
    assert found.fit is not Fit.CROSSING
    # Packets are forged to the microsecond, and the path counts from one as it passed.
    assert found.low is None or found.low.length <= (timer * (1 + play) + 0.002) * S
    assert found.high is not None
    assert not found.high.lower_bound
    assert found.high.length >= (timer - 0.002) * S
    assert found.floor <= (timer * (1 + play) + 0.002) * S
    assert found.floor <= found.high.length


@many
@given(PAUSES, st.floats(1.2, 60), st.sampled_from((RESETS, DROPS)))
def test_a_fixed_timer_lies_in_its_bracket(tmp_path: Path, pauses: list[list[float]], timer: float, late: str | None) -> None:
    """Whatever the pauses, and whether what comes too late is reset or dropped."""
    cause = the_cause(analysed(tmp_path, Way(fixed(timer), late=late), pauses))
    if cause is not None:
        holds(cause, timer)
        assert cause.bracket.clock is Clock.SEGMENT


@many
@given(PAUSES, st.floats(1.2, 60), st.integers(0, 1 << 16))
def test_a_lazy_timer_lies_in_its_bracket(tmp_path: Path, pauses: list[list[float]], timer: float, seed: int) -> None:
    """Tables are swept in turns: each connection lives up to 4 percent longer than its timer."""
    way = Way(lambda n, idle: idle > timer * (1 + (seed * (n + 3) % 41) / 1000))
    cause = the_cause(analysed(tmp_path, way, pauses))
    if cause is not None:
        holds(cause, timer, play=0.04)


@many
@given(PAUSES, st.floats(1.5, 20), st.floats(1.3, 8))
def test_two_backends_are_no_one_timer(tmp_path: Path, pauses: list[list[float]], shorter: float, ratio: float) -> None:
    """Every second connection reaches a backend that waits longer: silences that cross are reported as crossing."""
    samples: dict[bool, list[float]] = {True: [], False: []}

    def too_long(number: int, idle: float) -> bool:
        failed = idle > shorter * (ratio if number % 2 else 1)
        samples[failed].append(idle)
        return failed

    cause = the_cause(analysed(tmp_path, Way(too_long), pauses))
    if cause is None:
        assert not samples[True]
        return
    high = cause.bracket.high
    assert high is not None
    assert high.length == pytest.approx(min(samples[True]) * S, abs=0.002 * S)
    assert cause.bracket.begins is not None
    assert cause.bracket.floor <= cause.bracket.begins.length
    # So few samples do not tell whether what survived had met the backend that forgets sooner.
    assert cause.bracket.fit is not Fit.CROSSING or not cause.counterfactual or cause.counterfactual.kept == 0
    over = max(samples[False], default=0) * 100 / (min(samples[True]) * PLAY)
    assume(abs(over - 1) > 0.001)
    crossing = over > 1
    assert (cause.bracket.fit is Fit.CROSSING) is crossing
    assert bool(cause.estimate) is crossing
    if crossing:
        assert cause.narrow is None
        assert sum(step.failed for step in cause.estimate) <= len(pauses)


@many
@example([[30.0], [30.0, 50.0]], 45.0, 4.0)
@given(PAUSES, st.floats(5, 60), st.floats(1.2, 4))
def test_a_timer_that_counts_payload_is_found_by_its_gaps(
    tmp_path: Path, pauses: list[list[float]], timer: float, keepalive: float
) -> None:
    """Probes are answered and restart nothing. Where silences cannot explain that, idle times without payload do; then no
    keepalive is recommended. Where too little is known for that, nothing is called consistent that excludes the true timer."""
    cause = the_cause(analysed(tmp_path, Way(fixed(timer), payload=True), pauses, keepalive))
    if cause is None:
        return
    found = cause.bracket
    assert cause.counterfactual is not None
    if found.clock is Clock.PAYLOAD:
        holds(cause, timer)
        assert cause.setting is None
        assert set(cause.counterfactual.helpless) == {Helpless.PAYLOAD_TIMER}
        assert cause.client_idle is not None
        assert cause.client_idle < timer or cause.client_idle == 1
    elif found.fit is Fit.CONSISTENT:
        holds(cause, timer)  # no probe came before the timer had run out


def test_a_timer_that_counts_payload(tmp_path: Path) -> None:
    """Probes every 4 s, all answered; idle times of up to 40 s survive and those of 60 s and 70 s do not."""
    way = Way(fixed(45), payload=True)
    cause = the_cause(analysed(tmp_path, way, [[10, 40, 60], [20, 33, 70]], keepalive=4))
    assert cause is not None
    assert (cause.bracket.clock, cause.bracket.fit) == (Clock.PAYLOAD, Fit.CONSISTENT)
    holds(cause, 45)
    assert (cause.setting, cause.client_idle) == (None, 30)
    assert cause.view.pattern is Pattern.TIMER
    assert cause.view.pattern_reason.startswith("the failures follow the gap: all that failed were longer than 40.0")


def test_one_failure_between_answered_probes_is_no_timer(tmp_path: Path) -> None:
    """Probes after 60 s each were answered twice, and the third met a server that had restarted: the silence before it was no
    longer than those that survived, and nothing is promised."""
    probes = "60 C probe\n60.02 S ACK\n120 C probe\n120.02 S ACK\n180 C probe\n180.02 S RST\n"
    cause = the_cause(captured(tmp_path, [HELLO.format(*OPENING) + probes]))
    assert cause is not None
    assert (cause.bracket.clock, cause.bracket.fit) == (Clock.SEGMENT, Fit.CROSSING)
    assert cause.view.pattern is Pattern.CONTRADICTED
    assert cause.view.pattern_reason == (
        "silences of up to 59.98 s survived between answered probes, and one of 59.98 s failed there: its length does not explain it"
    )
    assert cause.counterfactual is not None
    assert cause.counterfactual.kept == 0


@many
@given(PAUSES, st.lists(st.booleans(), min_size=24, max_size=24))
def test_losses_by_chance_are_no_timer(tmp_path: Path, pauses: list[list[float]], chances: list[bool]) -> None:
    """What fails whatever its silence: nothing is said to be kept alive where long silences do not fail more often, and the
    samples add up."""
    seen: list[float] = []

    def chance(_number: int, idle: float) -> bool:
        seen.append(idle)
        return chances[len(seen) - 1] if len(seen) <= len(chances) else False

    cause = the_cause(analysed(tmp_path, Way(chance), pauses))
    if cause is None or cause.bracket.fit is not Fit.CROSSING:
        return
    told = cause.counterfactual
    assert told is not None
    assert told.losses == sum(cause.symptoms.values())
    if len(cause.estimate) == 1:
        assert (cause.setting, told.kept) == (None, 0)
    elif cause.estimate[-1].low <= cause.estimate[0].high:
        assert told.kept == 0
    assert sum(step.total for step in cause.estimate) == cause.view.service.survived + sum(x.failed for x in cause.estimate)


@many
@given(PAUSES, st.floats(6, 60))
def test_what_is_said_to_be_kept_alive_stays_alive(tmp_path: Path, pauses: list[list[float]], timer: float) -> None:
    """The same connections over the same path, with the keepalive that was recommended: as many fewer are lost as was said, at
    least."""
    before = the_cause(analysed(tmp_path, Way(fixed(timer)), pauses))
    if before is None or before.setting is None or before.counterfactual is None:
        return
    told = before.counterfactual
    # Each probe as late as it can be.
    after = the_cause(analysed(tmp_path, Way(fixed(timer)), pauses, late(before.setting.time * S) / S))
    lost = sum(after.symptoms.values()) if after is not None else 0
    assert lost <= told.losses - told.kept


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_files_that_follow_each_other_are_one_capture(tmp_path: Path, cut: int) -> None:
    """A ring of files gives the bracket of the whole, with its frames counted file by file."""
    pauses = [[5.0, 12.0, 30.0], [8.0, 20.0, 41.0], [3.0, 33.0]]
    whole = the_cause(analysed(tmp_path, Way(fixed(25)), pauses))
    data = (tmp_path / "x.pcap").read_bytes()
    at, frames = 24, 0
    while frames < cut:
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        frames += 1
    (tmp_path / "a.pcap").write_bytes(data[:at])
    (tmp_path / "b.pcap").write_bytes(data[:24] + data[at:])
    parts = the_cause(pcapdiag.analyze([tmp_path / "a.pcap", tmp_path / "b.pcap"]))
    assert whole is not None
    assert parts is not None
    assert _lengths(parts) == _lengths(whole)


def _lengths(cause: Cause) -> tuple[object, ...]:
    low, high = cause.bracket.low, cause.bracket.high
    return (
        low and low.length, high and high.length, cause.bracket.floor, cause.setting, cause.symptoms, cause.narrow,
        cause.counterfactual._replace(probes_an_hour=0) if cause.counterfactual else None,
    )  # fmt: skip


@many
@given(PAUSES, st.floats(1.2, 60), st.randoms(use_true_random=False))
def test_the_order_of_losses_does_not_matter(tmp_path: Path, pauses: list[list[float]], timer: float, random: object) -> None:
    """The bracket is that of the set of losses."""
    analysis = analysed(tmp_path, Way(fixed(timer)), pauses)
    cause = the_cause(analysis)
    if cause is None:
        return
    shuffled = list(analysis._losses)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bracket(Survived.of(cause.view.service), shuffled) == cause.bracket


def test_two_backends_with_enough_to_tell(tmp_path: Path) -> None:
    """One backend waits 20 s, the other 80 s. Of silences of 12 to 18 s all survive on both, and most of those beyond fail: a
    keepalive below that keeps all alive, and does so when it is tried."""
    pauses = [[12.0 + (n + k) % 7 for k in range(4)] + [70.0 if n % 2 else 30.0] for n in range(40)]
    way = Way(lambda n, idle: idle > (80 if n % 2 and n < 12 else 20))
    before = the_cause(analysed(tmp_path, way, pauses))
    assert before is not None
    assert before.bracket.fit is Fit.CROSSING
    assert before.setting == (5, 1, 4)
    assert before.counterfactual is not None
    assert (before.counterfactual.kept, before.counterfactual.losses) == (34, 34)
    assert [(pair.client, pair.bracket.fit) for pair in before.pairs]
    assert the_cause(analysed(tmp_path, way, pauses, keepalive=5)) is None
