"""Captures between real stacks, on a path that forgets after 4 s: what inference makes of them, and what their endpoints noted."""

from __future__ import annotations

from functools import lru_cache

import pytest

import pcapdiag
from pcapdiag.advice.catalogue import advise
from pcapdiag.advice.types import Effect
from pcapdiag.inference.types import Bracket, Clock, Fit, Helpless, Symptom
from tests.end_to_end.shipped import CAPTURES, SURVIVES

S = 1_000_000_000
TIMEOUT = 4 * S
#: Captures in which the path's own forgetting is all that was lost in silence, and what its connections met.
FORGOTTEN = {
    **dict.fromkeys(
        ("capture-formats.dumpcap.pcapng", "capture-formats.nanoseconds.pcap", "capture-formats.snap96.pcap",
         "capture-points.client.pcap", "capture-points.gateway-any-sll.pcap", "capture-points.gateway-any-sll2.pcap",
         "capture-points.middle-any.pcap", "capture-points.middle-near.pcap", "farewell.pcap", "full-chain.before-nat.pcap",
         "full-chain.client.pcapng", "heartbeats.pcap", "ipv6.pcap", "keepalive-too-slow.pcap", "late-answer-lost.pcap",
         "late-capture.pcap", "push-after-idle.pcap", "refused.pcap", "reset-across-nat.gateway-any.pcap",
         "reset-after-idle.middle-any.pcap", "reset-after-idle.pcap", "reset-without-idle.pcap", "vlan.pcap",
         "vxlan.overlay.pcap", "vxlan.underlay.pcap"),
        Symptom.RESET,
    ),
    **dict.fromkeys(("icmp-prohibited.pcap", "probe-unanswered.pcap", "silence-after-idle.pcap"), Symptom.SILENCE),
}  # fmt: skip
#: Captures in which no keepalive would have helped, and why.
HELPLESS = {
    "fin-in-flight.pcap": Helpless.FIN,
    "request-after-fin.pcap": Helpless.FIN,
    "reset-after-accept.pcap": Helpless.ABORTED,
    "reset-in-silence.pcap": Helpless.ABORTED,
}


@lru_cache(maxsize=4)
def analysed(name: str) -> pcapdiag.Analysis:
    """One capture."""
    return pcapdiag.analyze(CAPTURES / name)


def holds(found: Bracket) -> bool:
    """Does it hold what the lab's path was told?"""
    return found.low is not None and found.high is not None and found.low.length < TIMEOUT <= found.high.length


@pytest.mark.parametrize("name", FORGOTTEN)
def test_the_bracket_holds_the_timeout(name: str) -> None:
    """It lies around 4 s on each capture, by exact ends, of the service and of all together."""
    analysis = analysed(name)
    (cause,) = analysis.causes
    assert (cause.bracket.clock, cause.bracket.fit) == (Clock.SEGMENT, Fit.CONSISTENT)
    assert holds(cause.bracket)
    assert cause.bracket.floor < TIMEOUT
    assert set(cause.symptoms) == {FORGOTTEN[name]}
    assert cause.narrow is None or cause.bracket.floor < cause.narrow < 6 * S
    assert analysis.report.overall is not None
    assert analysis.report.overall.high == cause.bracket.high


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_keepalive_of_two_seconds_keeps_all_alive(name: str) -> None:
    """As it did when the lab's client had one: said of every loss where 2.5 s are known to survive, and never denied elsewhere,
    unless what is known is only that it was silent for so long at least."""
    analysis = analysed(name)
    (cause,) = analysis.causes
    told = analysis.counterfactual(cause, "2s")
    assert told.losses == sum(cause.symptoms.values())
    assert told.not_kept == 0
    if cause.bracket.floor > 2.5 * S:
        assert told.kept == told.losses
    assert analysis.counterfactual(cause, 6).kept == 0


def test_where_a_keepalive_was_nothing_is_lost() -> None:
    """The same connections with a keepalive of 2 s: no cause, nothing to cure."""
    analysis = pcapdiag.analyze(SURVIVES)
    assert (list(analysis.causes), analysis.report.overall) == ([], None)


@pytest.mark.parametrize("name", HELPLESS)
def test_where_no_keepalive_helps_none_is_recommended(name: str) -> None:
    """The endpoint closed or aborted: the path forgot nothing, and no timeout of it is inferred."""
    (cause,) = analysed(name).causes
    assert (cause.setting, cause.bracket.high, cause.bracket.fit) == (None, None, Fit.OPEN)
    assert cause.counterfactual is not None
    assert cause.counterfactual.helpless == {HELPLESS[name]: sum(cause.symptoms.values())}
    assert cause.counterfactual.time == 0


def test_a_timer_that_resets_by_itself_may_be_kept_from_it() -> None:
    """RSTs that look like an endpoint's, all after 4 s: a box can send such, so a keepalive may have helped, and no more is said."""
    (cause,) = analysed("reset-by-the-middle.pcap").causes
    (died,) = (d for d in cause.deaths if d.symptom is Symptom.RESET_AT_EXPIRY)
    assert died.regular
    assert abs(died.shortest - TIMEOUT) < S // 10
    assert cause.setting is not None
    assert cause.counterfactual is not None
    assert (cause.counterfactual.kept, cause.counterfactual.perhaps) == (0, 3)


def test_a_server_that_lost_its_sockets_is_no_timer() -> None:
    """Silences cross, long ones fail hardly more often, and nothing is promised of a keepalive."""
    for name in ("server-lost-sockets.pcap", "server-lost-sockets.server.pcap"):
        (cause,) = analysed(name).causes
        assert cause.bracket.fit is Fit.CROSSING
        assert cause.counterfactual is not None
        assert (cause.counterfactual.kept, cause.counterfactual.perhaps) == (0, 3)


def test_a_timer_that_resets_is_seen_exactly() -> None:
    """A proxy resets what was idle for 4 s: each of its RSTs came then. That it was no box which a keepalive restarts is not seen,
    so that none is said to have kept anything for sure; a client that is quicker comes first."""
    (cause,) = analysed("reset-by-the-middle.pcap").causes
    (died,) = cause.deaths
    assert died.regular
    assert TIMEOUT <= died.shortest <= died.longest < 4.1 * S
    assert cause.client_idle == 3
    assert cause.counterfactual is not None
    assert (cause.counterfactual.kept, cause.counterfactual.perhaps, cause.counterfactual.helpless) == (0, 3, {})
    assert advise(cause).cures[0].effect is Effect.IDLE
