"""What can be said of a service's silences, beside the headline, and of failures that came together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pcapdiag.engine.types import Endpoint, Extreme, RecordRef, Service, Waiting
from pcapdiag.knowledge.timeouts import Timeout


class Pattern(StrEnum):
    """What the failures of one service look like together."""

    NONE = "none"  # nothing failed
    TIMER = "timer"  # every silence that failed is longer than every silence that survived
    EVENT = "event"  # failures with very different gaps fall within seconds of each other
    CONTRADICTED = "contradicted"  # longer silences survived than the shortest that failed
    UNDETERMINED = "undetermined"  # too little to tell


@dataclass(frozen=True, slots=True)
class FailedSilence:
    """One failed silence in ns: the timeout struck at an idle time in (``after``, ``length``] if probes went
    unanswered between, else they are equal, and it struck at ``length`` or before."""

    after: int
    length: int
    lower_bound: bool
    ended: RecordRef


@dataclass(frozen=True, slots=True)
class Event:
    """Failures that came together after very different silences, which no idle timeout explains, or (``or_timer``) only one
    shorter than all of them, of which it is not known that nothing survives it.

    ``start`` and ``end`` are the times of the first and the last of them, in ns. ``failures`` counts incidents;
    ``shortest`` and ``longest`` are the silences before them, in ns, of those that were measured exactly.
    """

    start: int
    end: int
    failures: int
    shortest: int
    longest: int
    services: tuple[Endpoint, ...]
    or_timer: bool = False

    def holds(self, service: Endpoint, time: int) -> bool:
        """Is a failure of ``service`` at ``time`` part of it?"""
        return self.start <= time <= self.end and service in self.services


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service's silences: what survived, what failed, and what that looks like.

    ``failed_beyond`` of ``total_beyond`` silences at least as long as the shortest failed one failed. Failures that are part of
    an event, which no timer explains, do not count among them, unless there are no others.
    ``total_is_lower_bound`` says that survivors inside one histogram bucket could not be told from the bound.
    ``pattern_reason`` is one sentence with the numbers. ``not_shown`` of the failures belong to rules that were not selected:
    they are evidence all the same.
    """

    service: Service
    incidents: int
    longest_survived: Extreme | None
    shortest_failed: FailedSilence | None
    failed_beyond: int
    total_beyond: int
    total_is_lower_bound: bool
    pattern: Pattern
    pattern_reason: str
    not_shown: int = 0

    @property
    def endpoint(self) -> Endpoint:
        """The server's address and port."""
        return self.service.endpoint


class Symptom(StrEnum):
    """What a connection met when it was found lost: what products differ in."""

    RESET = "reset"  # what was sent on it was answered by RST
    SILENCE = "silence"  # what was sent on it was never answered
    RESET_AT_EXPIRY = "reset-at-expiry"  # a RST came by itself
    FIN_AT_EXPIRY = "fin-at-expiry"  # a FIN came by itself


class Helpless(StrEnum):
    """Why no keepalive would have kept a connection alive."""

    FIN = "fin"  # the other side had closed it, or was about to
    ABORTED = "aborted"  # the endpoint had it and gave it up
    EVENT = "event"  # all were lost at once, whatever their silence
    PAYLOAD_TIMER = "payload-timer"  # the timer counts payload only: probes do not refresh it


class Loss(NamedTuple):
    """One incident on one service, as inference looks at it.

    ``silence`` is how long the connection had been silent, and ``gap`` its idle time without payload, in ns: to what found it
    lost, or, where the other side's FIN had come before that, to the FIN (0: it was not captured). ``sender`` is who found it
    lost by what it sent, "client" or "server"; of a RST by itself, in whose name it came. ``refreshed`` of the gap were over when
    a keepalive probe in it was answered for the last time (0: none was). ``helpless`` is why a keepalive is no cure for it, as
    far as the incident by itself tells. ``shown`` is whether the report tells it: it is evidence all the same. ``doubtful`` says
    that a timer ended it by what looks like the endpoint's own RST: its own timer, or that of a box that sends RSTs in its name.
    """

    service: Endpoint
    client: str
    sender: str
    symptom: Symptom
    silence: FailedSilence
    gap: int
    gap_is_lower_bound: bool
    helpless: Helpless | None
    wake: RecordRef
    refreshed: int = 0
    shown: bool = True
    doubtful: bool = False

    @property
    def telling(self) -> bool:
        """Does its length tell what the path bears?"""
        return self.helpless is None

    @property
    def closed_by_server(self) -> bool:
        """Had the server closed it before the client found it lost?"""
        return self.helpless is Helpless.FIN and self.sender == "client"

    @property
    def by_the_path(self) -> bool:
        """Was the connection lost in its silence, without anybody having closed it: by a timer, or in an event?"""
        return self.helpless is None or self.helpless is Helpless.EVENT


class Clock(StrEnum):
    """What restarts a timer."""

    SEGMENT = "segment"  # any segment, keepalive probes included: what a layer-4 middlebox counts
    PAYLOAD = "payload"  # payload only: what proxies and servers count


class Fit(StrEnum):
    """Whether one timer explains which silences survived and which failed."""

    CONSISTENT = "consistent"  # all that failed are longer than all that survived, but for a timer's own play
    CROSSING = "crossing"  # longer ones survived than failed; or as long ones, between answered probes
    OPEN = "open"  # one end is not known: nothing survived, or nothing failed, or only lower bounds are known


@dataclass(frozen=True, slots=True)
class Bracket:
    """Where an idle timeout lies: longer than ``low``, at most ``high``.

    ``low`` is the longest silence that survived, ``high`` the shortest that failed. Where they cross, ``low`` is longer than
    ``high``, or about as long, and ``floor`` (ns, 0 if nothing survived) is what was survived below everything that failed: up
    to that length nothing failed. Connections that a timer ended by RST, each at the same time (see `Deaths`), survived until
    shortly before it. If ``high`` is an interval (probes went unanswered in it), the timer may have struck from ``high.after``
    on. If ``clock`` is payload, all are idle times without payload, and not silences.

    ``rise`` is the shortest failure from which on silences fail, where they cross, long ones surely fail more often, and what
    failed before is a stray or two: the floor is then what survived below that. None elsewhere.
    """

    clock: Clock
    fit: Fit
    low: Extreme | None
    high: FailedSilence | None
    floor: int
    rise: FailedSilence | None = None

    @property
    def begins(self) -> FailedSilence | None:
        """The failure that setting and candidates follow from."""
        return self.rise or self.high


class Step(NamedTuple):
    """From silences of ``start`` ns on (up to the next step): the isotonic estimate of the probability to fail, and its 95 %
    confidence band, with the failed and all samples that it rests on."""

    start: int
    probability: float
    low: float
    high: float
    failed: int
    total: int


class PairBracket(NamedTuple):
    """The bracket of one client address with the service."""

    client: str
    bracket: Bracket
    failed: int


@dataclass(frozen=True, slots=True)
class Deaths:
    """Connections of one service that died by themselves after idling: how many, by what, the shortest and the longest idle time
    in ns (of silence for a RST, without payload for a FIN), with the records of the ends. ``regular`` says that they lie so close
    together that a timer ended them; ``others`` died likewise at other times. Of those in one bucket of a histogram only its
    edges may be known, and no record."""

    symptom: Symptom
    count: int
    shortest: int
    longest: int
    at: tuple[RecordRef | None, RecordRef | None]
    regular: bool
    others: int = 0


class Family(NamedTuple):
    """Known products with one timeout in the bracket, and the same behaviour. ``agrees`` is whether that is what was seen: None
    where it is not known what they do."""

    seconds: int
    products: tuple[Timeout, ...]
    agrees: bool | None


class Setting(NamedTuple):
    """A keepalive: a first probe after ``time`` s of silence, others every ``interval`` s, and the connection is given up after
    ``probes`` without answer."""

    time: int
    interval: int
    probes: int


class Counterfactual(NamedTuple):
    """What a keepalive of ``time`` ns would have done for the losses of one service; ``time`` is 0 where none is recommended.

    ``kept`` would have stayed alive: silences longer than ``time`` survived below everything that failed, so the timer is
    longer. ``perhaps``: the timer may be shorter, or the endpoint's own, or it was no timer.
    ``not_kept``: it failed after a silence no longer than that. ``helpless`` could not have been helped by any keepalive, by
    reason. ``probes_an_hour`` is what it costs on this traffic, each of them answered by an ACK.
    """

    time: int
    kept: int
    perhaps: int
    not_kept: int
    helpless: dict[Helpless, int]
    probes_an_hour: float

    @property
    def losses(self) -> int:
        """All of them."""
        return self.kept + self.perhaps + self.not_kept + sum(self.helpless.values())


@dataclass(frozen=True, slots=True)
class Cause:
    """What lies behind the losses of one service, and what would keep its connections alive.

    ``symptoms`` counts losses. ``estimate`` is empty unless the samples cross; then ``pairs`` tell whether they do for each
    client by itself. ``families`` are known products in the bracket, best agreement first: candidates, no verdicts. ``setting``
    is the keepalive recommended, None where none would help; ``wide`` says that it follows from a low end far below the high one,
    ``narrow`` is the length in ns of a silence that would halve the bracket (None: there is none to halve). ``client_idle`` is an
    idle timeout in s for clients' pools, shorter than what ends the connections (None: not known;
    0: no whole second is safely shorter). ``at_risk`` are connections
    silent at the end of the capture for at least the shortest silence that failed: the next request on them will fail.

    ``payload`` is what explains the losses as well, where silences cross and each was lost between probes that were answered: a
    timer that counts payload alone, on a part of the connections. ``moment`` is a time, from and to in ns, that all silences
    which failed have in common, where silences cross: one event in it explains them as well.
    """

    service: Endpoint
    view: ServiceView
    symptoms: dict[Symptom, int]
    bracket: Bracket
    estimate: tuple[Step, ...]
    pairs: tuple[PairBracket, ...]
    deaths: tuple[Deaths, ...]
    families: tuple[Family, ...]
    setting: Setting | None
    wide: bool
    narrow: int | None
    client_idle: int | None
    counterfactual: Counterfactual | None
    at_risk: Waiting
    payload: Bracket | None = None
    moment: tuple[int, int] | None = None

    @property
    def reset_by_timer(self) -> Deaths | None:
        """Connections that a timer ended by RST, each after the same time."""
        return next((died for died in self.deaths if died.regular and died.symptom is Symptom.RESET_AT_EXPIRY), None)
