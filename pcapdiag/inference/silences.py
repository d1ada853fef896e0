"""One failed silence, measured, and set beside what survived on the same service."""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Extreme, IdlePeriod, Outcome, WakeKind
from pcapdiag.inference.types import FailedSilence

#: Timers expire lazily: tables are swept in turns, and an entry may outlive its timeout by a few percent (LVS; Azure promises
#: nothing of when after it). In percent of the shorter silence.
PLAY = 105


def failed_silence(period: IdlePeriod) -> FailedSilence:
    """How long the connection of ``period`` had been silent when it was found lost, from the last answered segment.

    If a RST came after probes that nobody answered, that is an interval. If nothing came back at all, the first segment that
    went unanswered had already met nobody.
    """
    length = period.silence_answered
    if period.outcome is not Outcome.RESET and period.wake.kind is not WakeKind.RST:
        length = min(period.silence_first, length)
    return FailedSilence(
        after=min(period.silence_first, length),
        length=length,
        lower_bound=period.last_before is None,
        ended=period.wake.first.ref,
    )


def outlived(failed: FailedSilence, longest: Extreme | None) -> bool:
    """Did a longer silence survive than the one that failed, by more than a timer's own play?

    Of a silence of which only a lower bound is known, that cannot be said: it may have been longer than any.
    """
    return longest is not None and not failed.lower_bound and longest.length * 100 > failed.length * PLAY


def comparison(failed: FailedSilence, longest: Extreme, where: str) -> str:
    """The sentence that sets them beside each other; ``where`` names the frame that ended the one that survived."""
    least = "at least " if longest.lower_bound else ""
    return (
        f"{least}{format_duration(longest.length)} of silence survived on this service ({where}), and "
        f"{format_duration(failed.length)} failed here: no idle timeout alone explains it"
    )
