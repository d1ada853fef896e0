"""Settings from a bracket: a keepalive that keeps the path from forgetting, an idle timeout for clients, and the silence that
would tell more. Numbers are those that people write."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from math import isqrt

from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import Bracket, Clock, Deaths, Fit, Loss, Setting, Symptom

_S = 1_000_000_000
#: What people write into a setting, in s.
WRITTEN = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600)
#: What they wait for in a test, besides.
_WAITED = (4, 6, 8, 12, 25, 40, 50, 75, 150, 360, 420, 480, 720, 2700, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 86400)

#: A probe may be lost, and the next as well: the third must still come in time. With the interval at a quarter of the time three
#: take one and a half times as long as the first, which is half of what is known to survive.
_THIRD, _QUARTER = 3, 4
#: As many probes as a stack sends before it gives a connection up: one lost packet, or two, must not end it.
PROBES = 4
#: Where nothing survived, the timer may be far shorter than what failed: nothing bounds it from below.
_TENTH = 10
#: Of a bracket whose ends are so far apart the low end says little of where in it the timer lies.
WIDE = 4


def setting(floor: int) -> Setting:
    """A keepalive that three probes in a row do not take longer than ``floor`` ns. Kernels count whole seconds: where that is 3 s
    or less, it is the shortest there is."""
    time = _written(floor // _THIRD)
    return Setting(time, _written(time * _S // _QUARTER), PROBES)


def recommended(bracket: Bracket, rises: bool = True) -> tuple[Setting | None, bool]:
    """The keepalive for a bracket, and whether that bracket is wide. None where nothing failed that one could help; nor does it
    where longer silences fail no more often than short ones (not ``rises``), as far as is seen; where nothing survived below what
    failed, that must be sure."""
    high = bracket.begins
    if high is None or bracket.clock is Clock.PAYLOAD or (bracket.fit is Fit.CROSSING and not rises):
        return None, False
    wide = high.lower_bound or high.length > WIDE * bracket.floor
    return setting(bracket.floor or high.after // _TENTH), wide


def narrow(bracket: Bracket) -> int | None:
    """How long a silence would halve the bracket, in ns: its middle, by ratio if the ends are far apart."""
    high = bracket.high
    if high is None or high.lower_bound or bracket.fit is Fit.CROSSING:
        return None
    low = max(bracket.floor, bracket.low.length if bracket.low else 0)
    if high.length * 100 <= low * PLAY:
        return None  # it is no wider than the timer's own play
    middle = isqrt(low * high.length) if low and high.length > WIDE * low else (low + high.length) // 2
    round_ones = (n * _S for n in chain(WRITTEN, _WAITED))
    tens = (middle // (10 * _S) * 10 * _S, middle // _S * _S, middle)
    # What is written comes nearest to the middle, but must not miss it by more than a quarter of the way to either end.
    reach = min(middle - low, high.length - middle) // 2
    near = [n for n in round_ones if abs(n - middle) <= reach]
    return min(near, key=lambda n: (abs(n - middle), n), default=next(n for n in tens if abs(n - middle) <= reach))


def client_idle(bracket: Bracket, losses: Iterable[Loss], deaths: Iterable[Deaths]) -> int | None:
    """An idle timeout in s for clients, which ends a connection before its server, or a timer that counts payload, does: four
    fifths of that, as connections are given up late and segments take their time. None if nothing ends them so; 0 if what
    does is too short, as such timeouts are set in whole seconds."""
    regular = {died.symptom: died.shortest for died in deaths if died.regular}
    ends = list(regular.values())
    if Symptom.FIN_AT_EXPIRY not in regular:
        ends += [loss.gap for loss in losses if loss.closed_by_server and loss.gap and not loss.gap_is_lower_bound]
    if bracket.clock is Clock.PAYLOAD:
        ends.append(bracket.floor)
    if not ends:
        return None
    safe = min(ends) * 4 // 5
    return _written(safe) if safe >= WRITTEN[0] * _S else 0


def _written(length: int) -> int:
    """The longest that people write and that is no longer than ``length`` ns, in s; 1 s if there is none."""
    return max((n for n in WRITTEN if n * _S <= length), default=WRITTEN[0])
