"""Connections that died by themselves after idling: what ended them was seen at its own time, and not when somebody spoke.

A request that is reset after 400 s says that the timer was no longer than that; a RST or FIN out of the idle connection says what
it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pcapdiag.engine.objects import EDGES
from pcapdiag.engine.types import Endpoint, RecordRef, Service
from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import Deaths, Helpless, Loss, Symptom

#: Three that lie within a timer's own play of each other are no chance: of three times strewn evenly over one decade of lengths
#: fewer than one in seven hundred lie within 5 percent.
REGULAR_LEAST = 3
#: In a bucket, which is up to a quarter wide, four of four lie by chance as seldom.
CLUSTER_LEAST = 4


def deaths(service: Service, losses: Iterable[Loss]) -> tuple[Deaths, ...]:
    """How connections of ``service`` died: by RSTs, which are losses, and by the server's FINs, most of which are none."""
    found = (_by_rst(losses), _by_fin(service))
    return tuple(died for died in found if died is not None)


def held(losses: Iterable[Loss]) -> int:
    """How long silent connections lived, at least, that a timer ended by RST: 0 if none did. Whoever ends them by a timer of its
    own had them until then, though nobody asked; less the play that the timer has."""
    died = _by_rst(losses)
    return -(-died.shortest * 100 // PLAY) if died is not None and died.regular else 0


def doubted(losses: Iterable[Loss]) -> list[Loss]:
    """The losses, where sockets that abort after the same time again and again are not sure to be the endpoint's: boxes that end
    idle connections by RST send it in the endpoint's name, and some make it look like the endpoint's own."""
    losses = list(losses)
    by_service: dict[Endpoint, list[Loss]] = {}
    for loss in losses:
        by_service.setdefault(loss.service, []).append(loss)
    regular = {service for service, lost in by_service.items() if held(lost)}
    return [x._replace(helpless=None, doubtful=True) if x.service in regular and _aborted(x) else x for x in losses]


def _aborted(loss: Loss) -> bool:
    at_expiry = loss.symptom is Symptom.RESET_AT_EXPIRY and not loss.silence.lower_bound
    return at_expiry and loss.helpless is Helpless.ABORTED


def _by_rst(losses: Iterable[Loss]) -> Deaths | None:
    found = [(x.silence.length, x.silence.ended) for x in losses
             if x.symptom is Symptom.RESET_AT_EXPIRY and not x.silence.lower_bound]  # fmt: skip
    if not found:
        return None
    first, last = (end(found, key=lambda f: (f[0], f[1].place)) for end in (min, max))
    return _deaths(Symptom.RESET_AT_EXPIRY, len(found), first, last)


def _by_fin(service: Service) -> Deaths | None:
    """Of FINs the extremes are kept, and how many lie in each bucket of those that are known exactly."""
    (periods, shortest, longest), histogram = service.closings[1], service.closed_histogram[1]
    if shortest is None or longest is None or shortest.lower_bound:
        return None
    count = sum(histogram) or periods
    whole = _deaths(Symptom.FIN_AT_EXPIRY, count, (shortest.length, shortest.ended), (longest.length, longest.ended))
    return whole if whole.regular else _clustered(whole, histogram) or whole


def _clustered(whole: Deaths, histogram: Sequence[int]) -> Deaths | None:
    """Most of these deaths as a timer's, beside others that had other reasons: those in one bucket, whose edges are known at
    least."""
    most = max(histogram, default=0)
    if most < CLUSTER_LEAST or 2 * most <= whole.count:
        return None
    at = histogram.index(most)
    low, high = EDGES[at], EDGES[at + 1] if at + 1 < len(EDGES) else whole.longest
    first = whole.at[0] if low <= whole.shortest else None
    last = whole.at[1] if whole.longest <= high else None
    shortest, longest = max(low, whole.shortest), min(high, whole.longest)
    return Deaths(whole.symptom, most, shortest, longest, (first, last), True, whole.count - most)


def _deaths(symptom: Symptom, count: int, first: tuple[int, RecordRef], last: tuple[int, RecordRef]) -> Deaths:
    regular = count >= REGULAR_LEAST and last[0] * 100 <= first[0] * PLAY
    return Deaths(symptom, count, first[0], last[0], (first[1], last[1]), regular)
