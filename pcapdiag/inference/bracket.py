"""The bracket of a service's idle timeout: longer than what survived, at most what failed.

Each silence is a sample of a question that only has two answers: was the timer longer or not? So one timer lies between the
longest that survived and the shortest that failed, if there is one timer. Where longer silences survived than failed there is
none, or several; unless the timer counts payload only, and answered probes broke the silence without restarting it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Extreme, Service
from pcapdiag.inference.deaths import held
from pcapdiag.inference.silences import PLAY, outlived
from pcapdiag.inference.types import Bracket, Clock, FailedSilence, Fit, Loss

#: One connection may die at any time, shortly after an answered probe as well; of two that outlived all others it is no chance.
PROBED_LEAST = 2


class Survived(NamedTuple):
    """What survived: the longest silence, all of them in the engine's buckets, and the longest idle time with probes in it."""

    longest: Extreme | None
    histogram: Sequence[int] = ()
    probed: Extreme | None = None

    @classmethod
    def of(cls, *services: Service) -> Survived:
        """What survived on these services together."""
        return cls(
            _longest(s.longest_survived for s in services),
            [sum(counts) for counts in zip(*(s.histogram for s in services), strict=True)],
            _longest(s.longest_probed for s in services),
        )


def bracket(survived: Survived, losses: Iterable[Loss]) -> Bracket:
    """Where the timer lies, by all silences; or by the idle times without payload, if these fit and silences do not."""
    telling = [loss for loss in losses if loss.telling]
    by_segment = _bracket(Clock.SEGMENT, survived.longest, [loss.silence for loss in telling])
    longest = by_segment.low.length if by_segment.low else 0
    probed = [x for x in telling if x.refreshed and not x.silence.lower_bound and x.silence.length * 100 <= longest * PLAY]
    if probed and by_segment.fit is Fit.CONSISTENT:
        # Answered probes survived as long a silence as the last one, again and again: its length is not what ended this
        # connection, and no play makes it so.
        by_segment = replace(by_segment, fit=Fit.CROSSING)
    if len(probed) >= PROBED_LEAST:
        # Any silence is an idle time without payload, too, of at least that length.
        low = _longest((survived.probed, survived.longest))
        by_payload = _bracket(Clock.PAYLOAD, low, [idle_time(loss) for loss in telling])
        if low is not None and by_payload.fit is Fit.CONSISTENT and alive(telling) < _within_play(by_payload.high):
            return replace(by_payload, floor=min([low.length, *_begins(map(idle_time, telling))]))
    limit = min(_begins(loss.silence for loss in telling), default=None)
    floor, died = below(longest, survived.histogram, limit), held(telling)
    return replace(by_segment, floor=max(floor, died) if limit is not None and died < limit else floor)


def _bracket(clock: Clock, low: Extreme | None, failures: list[FailedSilence]) -> Bracket:
    """The bracket without its floor. Of a failure known as a lower bound it is unknown how long it was: while there are others,
    it ends nothing, and alone it leaves that end open."""
    high = min(failures, key=lambda f: (f.lower_bound, f.length, f.ended.place), default=None)
    if low is None or high is None or high.lower_bound:
        return Bracket(clock, Fit.OPEN, low, high, 0)
    return Bracket(clock, Fit.CROSSING if outlived(high, low) else Fit.CONSISTENT, low, high, 0)


def alive(losses: Iterable[Loss]) -> int:
    """How long lost connections had been without payload when a probe was answered for the last time: a timer that counts payload
    alone had not run out by then, on any of them, if it is one for all."""
    return max((loss.refreshed for loss in losses), default=0)


def between_probes(losses: Iterable[Loss]) -> Bracket | None:
    """Where a timer lies that counts payload alone, on the connections that were lost, whatever survived elsewhere: if each had
    answered probes before, and one such timer explains them all. A keepalive as long as the path's timer looks like that, too."""
    telling = [loss for loss in losses if loss.telling]
    high = min(map(idle_time, telling), key=lambda f: (f.lower_bound, f.length, f.ended.place), default=None)
    least = alive(telling)
    if high is None or high.lower_bound or not all(loss.refreshed for loss in telling) or least >= high.length:
        return None
    return Bracket(Clock.PAYLOAD, Fit.CONSISTENT, None, high, least)


def _within_play(high: FailedSilence | None) -> int:
    return high.length * PLAY // 100 if high else 0


def idle_time(loss: Loss) -> FailedSilence:
    """The failure as an idle time without payload: what was answered in it broke the silence, and did not restart the timer."""
    after, length = loss.refreshed + loss.silence.after, max(loss.refreshed + loss.silence.length, loss.gap)
    interval = loss.silence.after < loss.silence.length
    return FailedSilence(after if interval else length, length, loss.gap_is_lower_bound, loss.wake)


def _begins(failures: Iterable[FailedSilence]) -> Iterator[int]:
    """From where on each may have failed, where that is known. A probe that nobody answered may itself have met nobody: an
    interval counts from its beginning."""
    return (f.after for f in failures if not f.lower_bound)


def below(longest: int, histogram: Sequence[int], limit: int | None) -> int:
    """What survived below ``limit``: the longest itself, or the lower edge of the last bucket that begins below it."""
    if limit is None or longest < limit:
        return longest
    # The first bucket also holds what is shorter than its edge.
    return max((edge for edge, n in zip(EDGES[1:], histogram[1:], strict=False) if n and edge < limit), default=0)


def _longest(extremes: Iterable[Extreme | None]) -> Extreme | None:
    found = [extreme for extreme in extremes if extreme is not None]
    return max(found, key=lambda e: (e.length, e.ended.place), default=None)
