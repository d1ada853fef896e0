"""What a keepalive would have done, on the connections that were lost and with the traffic that there was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Service
from pcapdiag.inference.bracket import Survived
from pcapdiag.inference.isotonic import estimate, rises
from pcapdiag.inference.types import Bracket, Clock, Counterfactual, Fit, Helpless, Loss

_HOUR = 3_600_000_000_000
#: Of so many none failed: with 95 % confidence at most 5 % of all such silences do (the rule of three).
_ENOUGH = 60


def late(time: int) -> int:
    """When a probe is sent at the latest, if it is to be sent after ``time`` ns of silence: kernel timers run late, those of
    Linux by up to an eighth (kernel/time/timer.c), and a probe was seen to leave 0.2 s late."""
    return time + time // 8 + 250_000_000


def counterfactual(losses: Iterable[Loss], bracket: Bracket, service: Service, duration: int, time: int) -> Counterfactual:
    """What a keepalive of ``time`` ns does for these losses of ``service``, which were captured in ``duration`` ns. A time of 0
    stands for no certain one: it tells how many of them none would have helped."""
    losses = list(losses)
    by_length = _parted(bracket) or _by_length(losses, bracket, service, time)
    helpless: Counter[Helpless] = Counter()
    kept = perhaps = not_kept = 0
    for loss in losses:
        if loss.helpless is not None:
            helpless[loss.helpless] += 1
        elif bracket.clock is Clock.PAYLOAD:
            helpless[Helpless.PAYLOAD_TIMER] += 1
        elif by_length and not loss.doubtful and _kept(loss, bracket, time):
            kept += 1
        elif _not_kept(loss, bracket, time):
            not_kept += 1
        else:
            perhaps += 1
    cost = _probes(losses, service, time) * _HOUR / duration if time and duration > 0 else 0.0
    return Counterfactual(time, kept, perhaps, not_kept, {why: helpless[why] for why in Helpless if helpless[why]}, cost)


def _parted(bracket: Bracket) -> bool:
    """Was all that failed longer than all that survived, without any play?"""
    low, high = bracket.low, bracket.high
    return low is None or high is None or high.lower_bound or low.length < high.length


def _by_length(losses: list[Loss], bracket: Bracket, service: Service, time: int) -> bool:
    """Where silences survived that were as long as one that failed: is it still sure that short ones bear it?

    It may not have been their silence that ended these connections: so long ones must surely fail more often. And what survived
    may have met another backend, or another timer, than what failed: so enough must have survived of the length that counts.
    """
    least, most = late(time), bracket.floor
    if any(least < x.silence.length <= most for x in losses if x.telling and not x.silence.lower_bound):
        return False  # not all of that length survived
    enough = sum(n for (low, high), n in zip(pairwise(EDGES), service.histogram, strict=False) if low >= least and high <= most)
    return enough >= _ENOUGH and rises(estimate(Survived.of(service), losses))


def _kept(loss: Loss, bracket: Bracket, time: int) -> bool:
    """The probe leaves before the loss was found, and after a silence that is known to survive."""
    return time > 0 and late(time) <= bracket.floor and late(time) < loss.silence.length


def _not_kept(loss: Loss, bracket: Bracket, time: int) -> bool:
    """No probe leaves before the silence failed; or, if one timer explains all, none before that timer has run out."""
    if not time:
        return False
    if not loss.silence.lower_bound and loss.silence.after <= time:
        return True
    return bracket.fit is Fit.CONSISTENT and bracket.high is not None and bracket.high.length <= time


def _probes(losses: Iterable[Loss], service: Service, time: int) -> int:
    """How many probes the silences that there were would have brought. Survived ones count as the middle of their bucket."""
    middles = (*((low + high) // 2 for low, high in pairwise(EDGES)), EDGES[-1])
    survived = sum(n * (middle // time) for n, middle in zip(service.histogram, middles, strict=False))
    failed = sum(loss.silence.length // time for loss in losses)
    return survived + failed + service.silent_at_end // time
