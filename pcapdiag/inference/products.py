"""Known products whose default idle timeout lies in a bracket: candidates, ranked by how well they fit, and never verdicts.

Many products share one number, and a number in a wide bracket is no evidence. What tells them apart is what a connection meets
when it is found lost. A box in the middle that forgets in silence answers the next packet by RST, or drops it. A server or proxy
that closes an idle connection says so: its stack sends FIN, or RST. If nothing came before the request that failed, it was none
of these, whatever its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import Bracket, Clock, Family, Fit, Symptom
from pcapdiag.knowledge.timeouts import AtExpiry, Kind, NextPacket, Timeout, Verified, timeouts

#: Where nothing is known to survive, every shorter default would do. Timers are found by idling a few times as long as they last:
#: what failed after half an hour may well be one of 350 s, and hardly one of 5 s.
LEAST_PART = 10
_S = 1_000_000_000
#: These have the connection themselves: they cannot forget it without their stack telling the other side.
_ENDPOINTS = (Kind.SERVER, Kind.PROXY, Kind.CLIENT)
#: Agreement: what is known to fit, what may, what does not.
_ORDER = {True: 0, None: 1, False: 2}
_VERIFIED = (Verified.DOC, Verified.SOURCE, Verified.API_DOC, Verified.SECONDARY, Verified.UNVERIFIED)


def families(
    bracket: Bracket, symptoms: Mapping[Symptom, int], side: str = "server", among: Iterable[Timeout] | None = None
) -> tuple[Family, ...]:
    """The known defaults inside the bracket, those of one length and behaviour together, best agreement first.

    ``symptoms`` counts what was met; the commonest counts. ``side`` is who closed connections, if their FIN is what was met: a
    client's pool is a candidate for the client's FIN alone, a server for the server's, and a proxy is both. Without an upper end
    there are none: most timers last longer than most captures, and forty candidates are no better. ``among`` are the products to
    choose from, if not all.
    """
    ends = _ends(bracket)
    if ends is None:
        return ()
    met = _commonest(symptoms)
    known = timeouts() if among is None else among
    chosen = [t for t in known if t.idle and t.seconds is not None and _within(t.seconds, ends) and _plays(t, met, side)]

    def behaviour(t: Timeout) -> tuple[Any, ...]:
        return t.seconds, str(t.at_expiry), str(t.next_packet), _ORDER[_agrees(t, met, bracket.clock)], t.confirmed("seconds")

    def rank(t: Timeout) -> tuple[Any, ...]:
        return _ORDER[_clock(t, bracket.clock)], _VERIFIED.index(t.verified), t.id

    ranked: list[tuple[tuple[Any, ...], Family]] = []
    for (seconds, *_), group in groupby(sorted(chosen, key=behaviour), key=behaviour):
        products = tuple(sorted(group, key=rank))
        family = Family(seconds, products, _agrees(products[0], met, bracket.clock))
        ranked.append(((_ORDER[family.agrees], *rank(products[0])[:2], _off(seconds * _S, ends), products[0].id), family))
    return tuple(family for _, family in sorted(ranked, key=lambda pair: pair[0]))


class _Ends(NamedTuple):
    """The shortest and the longest timer in ns that the bracket leaves possible; whether the shorter end was measured."""

    low: int
    high: int
    measured: bool


def _ends(bracket: Bracket) -> _Ends | None:
    """Where a timer may lie, as far as anything can be made of the bracket.

    Timers expire lazily: what survived may have been longer than its timer by a little. Where longer silences survived than
    failed, there is more than one timer, and what is looked for is that of the failure from which on they fail.
    """
    if bracket.begins is None or bracket.begins.lower_bound:
        return None
    high = bracket.begins.length
    survived = bracket.floor if bracket.fit is Fit.CROSSING or bracket.low is None else bracket.low.length
    low = -(-survived * 100 // PLAY) if survived else high // LEAST_PART
    return _Ends(max(low, 1), high, survived > 0)


def _within(seconds: int, ends: _Ends) -> bool:
    return ends.low <= seconds * _S <= ends.high


def _off(length: int, ends: _Ends) -> float:
    """How far from the nearer end that was measured, as a ratio. What survives and what fails comes near the timer from both
    sides, and the more of it is seen, the nearer: one of the ends mostly is near."""
    above = ends.high / length
    return min(above, length / ends.low) if ends.measured else above


def _commonest(symptoms: Mapping[Symptom, int]) -> frozenset[Symptom]:
    """What was met most often: one symptom, or those that share the first place."""
    most = max(symptoms.values(), default=0)
    return frozenset(symptom for symptom, n in symptoms.items() if n == most > 0)


def _plays(t: Timeout, met: Iterable[Symptom], side: str) -> bool:
    """May it have been on this side of the connection?"""
    if t.kind is Kind.CLIENT:
        return side == "client" and Symptom.FIN_AT_EXPIRY in met
    return t.kind is not Kind.SERVER or side == "server"


def _clock(t: Timeout, clock: Clock) -> bool | None:
    """Does a probe restart it, or not, as it does the timer that was seen?"""
    return (t.refreshes is (clock is Clock.SEGMENT)) if t.confirmed("refreshes") else None


def _agrees(t: Timeout, met: Iterable[Symptom], clock: Clock) -> bool | None:
    """Would one of these symptoms be met? None where what is known of the product does not tell. What probes are known to restart
    is no timer that was seen to run out in spite of them; of one that closed by FIN it was not seen what restarts it."""
    if not t.confirmed("seconds"):
        return None
    answers = [_both(symptom is Symptom.FIN_AT_EXPIRY or not _restarted(t, clock), _SIGNS[symptom](t, clock)) for symptom in met]
    return True if True in answers else False if answers and None not in answers else None


def _restarted(t: Timeout, clock: Clock) -> bool:
    """Do probes surely restart it, though the timer that was seen counts payload alone?"""
    return clock is Clock.PAYLOAD and t.confirmed("refreshes") and t.refreshes is True


def _forgets(t: Timeout, clock: Clock) -> bool | None:
    """Does it lose connections without a word? What has the connection itself does not. But where payload alone is counted it was
    one of these, whatever became of its FIN on the way: a box behind it may have kept that from the client."""
    if t.kind in _ENDPOINTS:
        return None if clock is Clock.PAYLOAD else False
    return _expires(t, AtExpiry.SILENT)


def _expires(t: Timeout, wanted: AtExpiry) -> bool | None:
    return t.at_expiry is wanted if t.confirmed("at_expiry") else None


def _meets(t: Timeout, *wanted: NextPacket) -> bool | None:
    return t.next_packet in wanted if t.confirmed("next_packet") else None


def _both(*answers: bool | None) -> bool | None:
    """Kleene's and: one no is enough, and a doubt leaves a doubt."""
    return False if False in answers else None if None in answers else True


_SIGNS: dict[Symptom, Callable[[Timeout, Clock], bool | None]] = {
    Symptom.RESET: lambda t, clock: _both(_forgets(t, clock), _meets(t, NextPacket.RST, NextPacket.REHASH)),
    Symptom.SILENCE: lambda t, clock: _both(_forgets(t, clock), _meets(t, NextPacket.DROP)),
    Symptom.RESET_AT_EXPIRY: lambda t, _: _expires(t, AtExpiry.RST_BOTH),
    Symptom.FIN_AT_EXPIRY: lambda t, _: _expires(t, AtExpiry.FIN),
}
