"""Is the cure in place, and does it hold? What a capture after the change says of a keepalive, service by service. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappush, heappushpop
from typing import NamedTuple

from pcapdiag.engine.types import Bound, Endpoint, Extreme, IdlePeriod, Keepalive, Outcome, Service
from pcapdiag.inference.counterfactual import late

#: Bare idle periods that are named.
EXAMPLES = 5


class Standing(StrEnum):
    """Whether the cure is in place."""

    CONFIRMED = "confirmed"
    NOT_IN_PLACE = "not-in-place"
    UNPROVED = "unproved"  # nothing speaks against it, and too little for it


class Why(StrEnum):
    """What decides it, in the order in which it is looked at."""

    ABSENT = "absent"  # the capture has no idle connection to it
    LOSSES = "losses"  # connections were lost in silence again
    TOO_LONG = "too-long"  # the keepalive is not shorter than what the path bears
    NO_PROBES = "no-probes"  # no idle period has a probe in it
    BARE = "bare"  # some idle periods have none
    LATE = "late"  # silences last longer than the keepalive allows
    SHORT = "short"  # no idle period was longer than the keepalive: nothing was to be probed
    NOT_BEYOND = "not-beyond"  # none was longer than what failed before
    PROBED = "probed"  # every long idle period was probed, and none was lost


class Before(NamedTuple):
    """What is known of one service from before the change, in ns: the longest silence that survived below all that failed, the
    shortest that failed (None: not known), and how many ``lost`` of how many silences that long (``beyond``)."""

    service: Endpoint
    low: int
    high: int | None
    lost: int
    beyond: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What a capture says of the keepalive of one service.

    ``keepalive`` is the time that was asked for, else the longest seen, in ns. ``periods`` counts idle periods longer than that
    (with what a timer is late): of these ``probed`` by (client, server), ``bare`` by nobody, the longest in ``examples``.
    ``survived_beyond`` idle periods were longer than what had failed before, and survived; ``lost`` connections were lost in
    silence.
    """

    service: Endpoint
    standing: Standing
    why: tuple[Why, ...]
    before: Before | None
    keepalive: int | None
    asked: bool
    connections: int
    idle_periods: int
    periods: int
    probed: tuple[int, int]
    bare: int
    examples: tuple[IdlePeriod, ...]
    probes: int
    answered: int
    keepalives: tuple[Keepalive, ...]
    longest_silence: Extreme | None
    longest_survived: int
    survived_beyond: int
    lost: int

    @property
    def rate_at_most(self) -> float | None:
        """With 95 % confidence, at most so many idle periods longer than the old timeout fail: the exact bound that the rule of
        three (3 / n) approximates. None where some were lost, or none was that long."""
        return None if self.lost or not self.survived_beyond else 1 - 0.05 ** (1 / self.survived_beyond)


@dataclass
class _Tally:
    """The idle periods of one service by their gaps: of all with known bounds, those with probes of the client, of the server, of
    nobody; the longest of the last are kept. Eight bytes an idle period."""

    every: array[int] = field(default_factory=lambda: array("q"))
    client: array[int] = field(default_factory=lambda: array("q"))
    server: array[int] = field(default_factory=lambda: array("q"))
    bare: array[int] = field(default_factory=lambda: array("q"))
    examples: list[tuple[int, int, int, IdlePeriod]] = field(default_factory=list)
    survived: array[int] = field(default_factory=lambda: array("q"))


class Tallies:
    """Counts idle periods while a capture is read."""

    def __init__(self) -> None:
        self._services: dict[Endpoint, _Tally] = {}

    def add(self, period: IdlePeriod) -> None:
        """One more idle period, whatever became of it. Of an upper bound nothing is learned: traffic was missed in it."""
        if period.bound is Bound.UPPER:
            return
        tally = self._services.setdefault(period.connection.server, _Tally())
        if period.outcome in (Outcome.SURVIVED, Outcome.CLOSED):
            tally.survived.append(period.gap)
        if period.last_before is None:  # what there was before it, probes included, is not known
            return
        client, server = period.probes
        tally.every.append(period.gap)
        if client:
            tally.client.append(period.gap)
        if server:
            tally.server.append(period.gap)
        if not client and not server:
            tally.bare.append(period.gap)
            entry = (period.gap, -period.ended.time, -period.connection.id, period)
            (heappush if len(tally.examples) < EXAMPLES else heappushpop)(tally.examples, entry)

    def of(self, server: Endpoint) -> _Tally:
        """What was counted of one service."""
        return self._services.get(server, _Tally())

    @property
    def services(self) -> tuple[Endpoint, ...]:
        """All that were met, those idle longest first."""
        order = sorted((-max(tally.every, default=0), endpoint) for endpoint, tally in self._services.items())
        return tuple(endpoint for _, endpoint in order)


class Asked(NamedTuple):
    """What the capture is held to: a keepalive of ``keepalive`` ns (0: whatever is seen), and what was known before."""

    keepalive: int
    before: Mapping[Endpoint, Before]


def verified(
    services: Sequence[Service], losses: Mapping[Endpoint, int], tallies: Tallies, asked: Asked, chosen: Sequence[Endpoint]
) -> tuple[Verified, ...]:
    """One answer for each of the ``chosen`` services. ``losses`` counts what was lost and a keepalive should have kept."""
    by_endpoint = {service.endpoint: service for service in services}
    return tuple(_verified(e, by_endpoint.get(e), losses.get(e, 0), tallies.of(e), asked) for e in chosen)


def _verified(endpoint: Endpoint, service: Service | None, lost: int, tally: _Tally, asked: Asked) -> Verified:
    before = asked.before.get(endpoint)
    keepalives = () if service is None else service.keepalives
    seen = max((k.after for k in keepalives if k.after is not None), default=None)
    keepalive = asked.keepalive or seen
    threshold = late(keepalive) if keepalive else before.low if before else 0
    every, client, server, bare = (
        sum(gap > threshold for gap in gaps) for gaps in (tally.every, tally.client, tally.server, tally.bare)
    )
    one = Verified(
        service=endpoint,
        standing=Standing.UNPROVED,
        why=(),
        before=before,
        keepalive=keepalive,
        asked=bool(asked.keepalive),
        connections=0 if service is None else service.connections,
        idle_periods=0 if service is None else service.idle_periods,
        periods=every,
        probed=(client, server),
        bare=bare,
        examples=tuple(period for gap, *_, period in sorted(tally.examples, reverse=True) if gap > threshold),
        probes=0 if service is None else sum(service.probes),
        answered=sum(k.answered for k in keepalives),
        keepalives=keepalives,
        longest_silence=None if service is None else service.longest_survived,
        longest_survived=max(tally.survived, default=0),
        survived_beyond=0 if before is None or before.high is None else sum(gap >= before.high for gap in tally.survived),
        lost=lost,
    )
    why = _why(one)
    return replace(one, standing=_STANDING[why[0]], why=why)


_STANDING = {
    **dict.fromkeys((Why.LOSSES, Why.TOO_LONG, Why.NO_PROBES, Why.BARE, Why.LATE), Standing.NOT_IN_PLACE),
    **dict.fromkeys((Why.ABSENT, Why.SHORT, Why.NOT_BEYOND), Standing.UNPROVED),
    Why.PROBED: Standing.CONFIRMED,
}


def _why(one: Verified) -> tuple[Why, ...]:
    """All that holds, in the order of `Why`: what shows that it is not in place stands before what is only not proved."""
    if not one.connections:
        return (Why.ABSENT,)
    known = one.before.high if one.before else None
    silence = one.longest_silence.length if one.longest_silence else 0
    told = {
        Why.LOSSES: one.lost > 0,
        Why.TOO_LONG: bool(one.keepalive and known and late(one.keepalive) >= known),
        Why.NO_PROBES: one.bare > 0 and not any(one.probed),
        Why.BARE: one.bare > 0 and any(one.probed),
        Why.LATE: bool(one.keepalive and silence > late(one.keepalive) and not one.bare),
        Why.SHORT: one.periods == 0,
        Why.NOT_BEYOND: one.periods > 0 and known is not None and one.survived_beyond == 0,
    }
    return tuple(why for why, holds in told.items() if holds) or (Why.PROBED,)
