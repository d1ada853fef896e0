"""One failed silence: how long it was, and whether what survived speaks against a timeout."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcapdiag.engine.types import IdlePeriod, Outcome, WakeKind
from pcapdiag.inference.silences import comparison, failed_silence, outlived
from tests.report.factory import S, extreme, period


def silent(first: int, answered: int, **other: object) -> IdlePeriod:
    """A period of which ``first`` and ``answered`` s are known."""
    return replace(period(), silence_first=first * S, silence_answered=answered * S, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("p", "after", "length"),
    [
        (silent(350, 350), 350, 350),
        (silent(200, 350), 200, 350),
        (silent(200, 350, outcome=Outcome.UNANSWERED, answer=None), 200, 200),
        (silent(200, 350, outcome=Outcome.UNREACHABLE), 200, 200),
        (silent(60, 64, outcome=Outcome.RESET_IN_SILENCE, wake=replace(period().wake, kind=WakeKind.RST)), 60, 64),
    ],
    ids=["a request", "after an unanswered probe", "nothing came back", "ICMP came back", "a RST by itself"],
)
def test_a_failure_is_measured_from_the_last_answered_segment(p: IdlePeriod, after: int, length: int) -> None:
    """To the one that was reset, with an interval if probes went unanswered; to the first, if all of them did."""
    failed = failed_silence(p)
    assert (failed.after, failed.length, failed.ended) == (after * S, length * S, p.wake.first.ref)


def test_a_longer_survivor_speaks_against_a_timeout() -> None:
    """Only one longer by more than a timer's play, and not if of the failed silence no more than a lower bound is known."""
    failed = failed_silence(silent(300, 300))
    assert outlived(failed, extreme(316 * S))
    assert not outlived(failed, extreme(315 * S))
    assert not outlived(failed, None)
    assert not outlived(replace(failed, lower_bound=True), extreme(316 * S))


def test_the_sentence_has_both_numbers_and_the_frame() -> None:
    """How long the one survived and where, how long the other was, and what follows."""
    text = comparison(failed_silence(silent(300, 300)), extreme(420 * S, lower_bound=True), "frame 812 of b.pcap")
    assert text == (
        "at least 420 s of silence survived on this service (frame 812 of b.pcap), and 300 s failed here: no idle timeout alone "
        "explains it"
    )
