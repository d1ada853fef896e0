"""Is the cure in place, and does it hold? What a capture after the change says of a keepalive, service by service. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappush, heappushpop
from typing import NamedTuple

from pcapdiag.engine.types import Bound, Endpoint, Extreme, IdlePeriod, Keepalive, Outcome, Service, Waiting
from pcapdiag.inference.counterfactual import late
from pcapdiag.inference.types import Helpless

#: Idle periods without a probe that are named.
EXAMPLES = 5


class Standing(StrEnum):
    """Whether the cure is in place, and holds."""

    CONFIRMED = "confirmed"  # probes are there, and what failed before survives
    IN_PLACE = "in-place"  # probes are there; that they keep connections alive is not proved
    UNPROVED = "unproved"  # nothing was to be probed
    STILL_LOST = "still-lost"  # connections are lost that no keepalive keeps
    NOT_IN_PLACE = "not-in-place"


class Why(StrEnum):
    """What decides it, the gravest first."""

    ABSENT = "absent"  # the capture has no idle connection to it
    LOSSES = "losses"  # connections were lost that a keepalive should have kept
    TOO_LONG = "too-long"  # the keepalive is not shorter than what the path bears
    NO_PROBES = "no-probes"  # no long idle period has a probe in it
    BARE = "bare"  # some have none
    LATE = "late"  # silences last longer than the keepalive allows
    BEYOND_HELP = "beyond-help"  # connections were lost that no keepalive keeps
    SHORT = "short"  # no idle period was longer than the keepalive: nothing was to be probed
    UNANSWERED = "unanswered"  # not one answer to a probe was captured
    UNKNOWN = "unknown"  # what is to be outlived is not known
    NOT_BEYOND = "not-beyond"  # no idle period was as long as what failed before
    PROBED = "probed"  # every long idle period was probed, and none was lost


class Before(NamedTuple):
    """What is known of one service from before the change, in ns: the longest silence that survived below all that failed, the
    shortest that failed (None: not known; ``at_least``: only that it was so long), and how many ``lost`` of how many silences
    that long (``beyond``)."""

    service: Endpoint
    low: int
    high: int | None
    lost: int
    beyond: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What a capture says of the keepalive of one service.

    ``keepalive`` is the time that was asked for, else the longest seen, in ns. ``periods`` counts idle periods longer than that
    (with what a timer is late): of these ``probed`` by (client, server), ``bare`` by nobody, the longest in ``examples``;
    ``waiting`` are open connections that were silent for longer than that when the capture ended. ``survived_beyond`` idle
    periods were as long as what had failed before, and survived. ``lost`` connections were lost that a keepalive should have
    kept, ``helpless`` others for these reasons. What several capture points or both sides of NAT saw counts once.
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
    waiting: Waiting
    probes: int
    answered: int
    keepalives: tuple[Keepalive, ...]
    longest_silence: Extreme | None
    longest_survived: int
    survived_beyond: int
    lost: int
    helpless: Mapping[Helpless, int]

    @property
    def rate_at_most(self) -> float | None:
        """With 95 % confidence, at most so many idle periods as long as what failed before still fail: the exact bound that the
        rule of three (3 / n) approximates. None where any was lost, or none was that long."""
        lost = self.lost or self.helpless
        return None if lost or not self.survived_beyond else 1 - 0.05 ** (1 / self.survived_beyond)


_CLIENT, _SERVER, _SURVIVED, _KNOWN = 1, 2, 4, 8


@dataclass
class _Tally:
    """The idle periods of one service, 17 bytes each: gaps, the numbers by which a wake is known again wherever it is seen, and
    who probed, whether it survived, and whether its beginning is known."""

    gaps: array[int] = field(default_factory=lambda: array("q"))
    wakes: array[int] = field(default_factory=lambda: array("Q"))
    traits: array[int] = field(default_factory=lambda: array("B"))
    bare: list[tuple[int, int, int, IdlePeriod]] = field(default_factory=list)

    def merged(self) -> list[tuple[int, int]]:
        """Gap and traits of each, one that was seen in several places once: who was seen to probe in one of them did."""
        found: dict[int, tuple[int, int]] = {}
        for gap, wake, traits in zip(self.gaps, self.wakes, self.traits, strict=True):
            least, known = found.get(wake, (gap, 0))
            found[wake] = min(gap, least), traits | known
        return list(found.values())


class Tallies:
    """Counts idle periods while a capture is read."""

    def __init__(self) -> None:
        self._services: dict[Endpoint, _Tally] = {}

    def add(self, period: IdlePeriod) -> None:
        """One more idle period, whatever became of it. Of an upper bound nothing is learned: traffic was missed in it."""
        if period.bound is Bound.UPPER:
            return
        tally = self._services.setdefault(period.connection.server, _Tally())
        first, (client, server) = period.wake.first, period.probes
        known = period.last_before is not None  # else what there was before the wake, probes included, is not known
        tally.gaps.append(period.gap)
        tally.wakes.append(first.seq << 32 | first.ack)
        tally.traits.append(
            bool(client) * _CLIENT | bool(server) * _SERVER | (period.outcome is Outcome.SURVIVED) * _SURVIVED | known * _KNOWN
        )
        if known and not client and not server:
            entry = (period.gap, -period.ended.time, -period.connection.id, period)
            (heappush if len(tally.bare) < EXAMPLES else heappushpop)(tally.bare, entry)

    def of(self, server: Endpoint) -> _Tally:
        """What was counted of one service."""
        return self._services.get(server, _Tally())

    @property
    def services(self) -> tuple[Endpoint, ...]:
        """All that were met, those idle longest first."""
        order = sorted((-max(tally.gaps, default=0), endpoint) for endpoint, tally in self._services.items())
        return tuple(endpoint for _, endpoint in order)


class Asked(NamedTuple):
    """What the capture is held to: a keepalive of ``keepalive`` ns (0: whatever is seen), and what was known before."""

    keepalive: int
    before: Mapping[Endpoint, Before]


class Seen(NamedTuple):
    """What the capture holds of one service: its counts (None: no idle connection), and what was lost, None for what a keepalive
    should have kept."""

    endpoint: Endpoint
    service: Service | None
    losses: Mapping[Helpless | None, int]


def due(seen: Seen, asked: Asked) -> int:
    """From how long a silence in ns on there must have been a probe."""
    keepalive, before = _keepalive(seen, asked), asked.before.get(seen.endpoint)
    return late(keepalive) if keepalive else before.low if before else 0


def verified(seen: Seen, tallies: Tallies, waiting: Waiting, asked: Asked) -> Verified:
    """The answer for one service. ``waiting`` are its connections silent for longer than `due` at the end."""
    tally, service, before = tallies.of(seen.endpoint), seen.service, asked.before.get(seen.endpoint)
    threshold, periods = due(seen, asked), tally.merged()
    long = Counter(
        trait for gap, traits in periods if traits & _KNOWN and gap > threshold for trait in _traits(traits)
    )  # fmt: skip
    survived = [gap for gap, traits in periods if traits & _SURVIVED]
    one = Verified(
        service=seen.endpoint,
        standing=Standing.UNPROVED,
        why=(),
        before=before,
        keepalive=_keepalive(seen, asked),
        asked=bool(asked.keepalive),
        connections=0 if service is None else service.connections,
        idle_periods=len(periods),
        periods=long[_KNOWN],
        probed=(long[_CLIENT], long[_SERVER]),
        bare=long[0],
        examples=tuple(period for gap, *_, period in sorted(tally.bare, reverse=True) if gap > threshold),
        waiting=waiting,
        probes=0 if service is None else sum(service.probes),
        answered=0 if service is None else sum(k.answered for k in service.keepalives),
        keepalives=() if service is None else service.keepalives,
        longest_silence=None if service is None else service.longest_survived,
        longest_survived=max(survived, default=0),
        survived_beyond=0 if before is None or before.high is None else sum(gap >= before.high for gap in survived),
        lost=seen.losses.get(None, 0),
        helpless={why: seen.losses[why] for why in Helpless if seen.losses.get(why)},
    )
    why = _why(one)
    return replace(one, standing=_STANDING[why[0]], why=why)


def _traits(traits: int) -> list[int]:
    """For counting: that it is one, and who probed; 0 for nobody."""
    return [_KNOWN, *([side for side in (_CLIENT, _SERVER) if traits & side] or [0])]


def _keepalive(seen: Seen, asked: Asked) -> int | None:
    kept = () if seen.service is None else seen.service.keepalives
    return asked.keepalive or max((k.after for k in kept if k.after is not None), default=None)


_STANDING = {
    **dict.fromkeys((Why.LOSSES, Why.TOO_LONG, Why.NO_PROBES, Why.BARE, Why.LATE), Standing.NOT_IN_PLACE),
    Why.BEYOND_HELP: Standing.STILL_LOST,
    **dict.fromkeys((Why.ABSENT, Why.SHORT, Why.UNANSWERED), Standing.UNPROVED),
    **dict.fromkeys((Why.UNKNOWN, Why.NOT_BEYOND), Standing.IN_PLACE),
    Why.PROBED: Standing.CONFIRMED,
}


def _why(one: Verified) -> tuple[Why, ...]:
    """All that holds, in the order of `Why`, so that the first decides."""
    if not one.connections:
        return (Why.ABSENT,)
    high = one.before.high if one.before else None
    silence = one.longest_silence.length if one.longest_silence else 0
    bare, open_ = one.bare, one.waiting.connections
    probed = any(one.probed) or one.probes > 0
    told = {
        Why.LOSSES: one.lost > 0,
        Why.TOO_LONG: bool(one.keepalive and high and late(one.keepalive) >= high),
        Why.NO_PROBES: bare + open_ > 0 and not probed,
        Why.BARE: bare + open_ > 0 and probed,
        Why.LATE: bool(one.keepalive and silence > late(one.keepalive) and not bare + open_),
        Why.BEYOND_HELP: bool(one.helpless),
        Why.SHORT: one.periods + open_ == 0,
        Why.UNANSWERED: one.probes > 0 and one.answered == 0,
        Why.UNKNOWN: one.periods > 0 and (high is None or (one.before is not None and one.before.at_least)),
        Why.NOT_BEYOND: one.periods > 0 and high is not None and one.survived_beyond == 0,
    }
    return tuple(why for why, holds in told.items() if holds) or (Why.PROBED,)
