"""What lies behind the losses of each service, put together: bracket, deaths, known products, and the setting that follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from pcapdiag.engine.types import Endpoint, Extreme, Pair, RecordRef, Waiting
from pcapdiag.inference.bracket import Survived, between_probes, bracket
from pcapdiag.inference.counterfactual import counterfactual
from pcapdiag.inference.deaths import deaths
from pcapdiag.inference.events import moment
from pcapdiag.inference.isotonic import estimate, risen, rises
from pcapdiag.inference.keepalives import client_idle, narrow, recommended
from pcapdiag.inference.products import families
from pcapdiag.inference.silences import PLAY
from pcapdiag.inference.types import (
    Bracket,
    Cause,
    Clock,
    Deaths,
    FailedSilence,
    Family,
    Fit,
    Loss,
    PairBracket,
    Pattern,
    ServiceView,
    Symptom,
)

_S = 1_000_000_000
NOBODY = Waiting(0, ())
#: Candidates follow from lengths alone: the records may not be known.
_NOWHERE = RecordRef(0, 0, 0)


class Captured(Protocol):
    """What is asked of the engines when everything was read, and of no service that lost nothing."""

    def pairs(self, services: Collection[Endpoint]) -> Iterable[Pair]:
        """What single clients saw of these services."""
        ...

    def waiting(self, least: Mapping[Endpoint, int], payload: Collection[Endpoint] = ()) -> Mapping[Endpoint, Waiting]:
        """Who is silent at the end, by service, for at least so many ns; at the services of ``payload``, without payload."""
        ...

    def duration(self, service: Endpoint) -> int:
        """For how many ns this service was watched."""
        ...


def causes(views: Sequence[ServiceView], losses: Iterable[Loss], captured: Captured) -> tuple[Cause, ...]:
    """One cause for each of ``views`` on which there are losses that are shown, in their order."""
    by_service: dict[Endpoint, list[Loss]] = {}
    for loss in losses:
        by_service.setdefault(loss.service, []).append(loss)
    told = [v for v in views if any(loss.shown for loss in by_service.get(v.endpoint, ()))]
    brackets = {v.endpoint: bracket(Survived.of(v.service), by_service[v.endpoint]) for v in told}
    crossing = {service for service, found in brackets.items() if found.fit is Fit.CROSSING}
    pairs: dict[Endpoint, list[Pair]] = {}
    for pair in captured.pairs(crossing) if crossing else ():
        pairs.setdefault(pair.server, []).append(pair)
    least = {v.endpoint: brackets[v.endpoint].high.length for v in told if _sure(brackets[v.endpoint], v)}  # type: ignore[union-attr]
    payload = {service for service in least if brackets[service].clock is Clock.PAYLOAD}
    waiting = captured.waiting(least, payload) if least else {}
    return tuple(
        _cause(v, by_service[v.endpoint], brackets[v.endpoint], pairs.get(v.endpoint, ()), captured.duration(v.endpoint),
               waiting.get(v.endpoint, NOBODY))
        for v in told
    )  # fmt: skip


def overall(views: Iterable[ServiceView], losses: Iterable[Loss]) -> Bracket | None:
    """The bracket over all services together, None where no silence failed."""
    found = bracket(Survived.of(*(v.service for v in views)), losses)
    return found if found.high is not None else None


def _sure(found: Bracket, view: ServiceView) -> bool:
    """Do silences as long as the shortest that failed always fail, as far as is known?"""
    return found.fit is Fit.CONSISTENT and view.pattern is not Pattern.EVENT


def _cause(
    view: ServiceView, losses: list[Loss], found: Bracket, pairs: Sequence[Pair], duration: int, waiting: Waiting
) -> Cause:
    steps = estimate(Survived.of(view.service), losses) if found.fit is Fit.CROSSING else ()
    found = risen(found, steps, Survived.of(view.service), losses)
    died = deaths(view.service, losses)
    payload = between_probes(losses) if steps else None
    setting, wide = recommended(found, rises=rises(steps) or (len(steps) > 1 and found.floor > 0))
    return Cause(
        service=view.endpoint,
        view=view,
        symptoms=_symptoms(losses),
        bracket=found,
        estimate=steps,
        pairs=_pairs(pairs, losses) if steps else (),
        deaths=died,
        families=_families(found, losses, died, payload),
        setting=setting,
        wide=wide,
        narrow=narrow(found),
        client_idle=client_idle(found, losses, died),
        counterfactual=counterfactual(losses, found, view.service, duration, setting.time * _S if setting else 0),
        at_risk=waiting,
        payload=payload,
        moment=moment(loss.silence for loss in losses if loss.telling) if steps else None,
    )


def _families(
    found: Bracket, losses: Iterable[Loss], died: Iterable[Deaths], payload: Bracket | None
) -> tuple[Family, ...]:
    """Products for what was lost, and for what closes idle connections. What an event takes tells nothing of either, and a socket
    that aborts only if it does so regularly. Where a timer was seen to strike, it lies between the times at which it did."""
    exact = {d.symptom: _exact(found, d) for d in died if d.regular}
    rst, fin = exact.get(Symptom.RESET_AT_EXPIRY), exact.get(Symptom.FIN_AT_EXPIRY)
    met = _symptoms(x for x in losses if x.telling or (rst is not None and x.symptom is Symptom.RESET_AT_EXPIRY))
    closed = _symptoms(x for x in losses if x.closed_by_server)
    told = families(rst or found, met) if met else ()
    told += families(payload, met) if met and payload is not None else ()
    told += families(fin, closed) if closed and fin is not None else ()
    return tuple(dict.fromkeys(told))


def _exact(found: Bracket, died: Deaths) -> Bracket:
    first, last = (at or _NOWHERE for at in died.at)
    low = Extreme(died.shortest, False, None, first)
    clock = Clock.PAYLOAD if died.symptom is Symptom.FIN_AT_EXPIRY else found.clock
    high = FailedSilence(died.longest, died.longest, False, last)
    return Bracket(clock, Fit.CONSISTENT, low, high, floor=died.shortest * 100 // PLAY)


def _symptoms(losses: Iterable[Loss]) -> dict[Symptom, int]:
    """How many losses met what, in the order of the symptoms."""
    met = [loss.symptom for loss in losses]
    return {symptom: met.count(symptom) for symptom in Symptom if symptom in met}


def _pairs(pairs: Iterable[Pair], losses: Iterable[Loss]) -> tuple[PairBracket, ...]:
    """The bracket of each client that lost something, worst first: which of them cross by themselves."""
    longest = {pair.client: pair.longest_survived for pair in pairs}
    by_client: dict[str, list[Loss]] = {}
    for loss in losses:
        if loss.telling:
            by_client.setdefault(loss.client, []).append(loss)
    found = [PairBracket(c, bracket(Survived(longest.get(c)), lost), len(lost)) for c, lost in by_client.items()]
    return tuple(sorted(found, key=lambda p: (-p.failed, p.client)))
