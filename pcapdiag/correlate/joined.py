"""What is known of findings and of failed requests when all that the user has is put together, as plain frozen data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, TypeVar

from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.keepalive import Keepalive, Survey
from pcapdiag.correlate.types import Logged, Source, Tracked
from pcapdiag.engine.types import Endpoint, RecordRef
from pcapdiag.rules.types import Finding


class Key(NamedTuple):
    """By what a finding is known again: its capture point, and the record of its wake."""

    point: int
    wake: RecordRef

    @classmethod
    def of(cls, finding: Finding) -> Key:
        """That of a finding."""
        return cls(finding.period.connection.point, finding.period.wake.first.ref)


class How(StrEnum):
    """By what a line of a log belongs to a finding, surest first."""

    UPSTREAM = "both ends of the upstream connection, and the time"
    DOWNSTREAM = "both ends of the downstream connection, and the time"
    REQUEST_ID = "the x-request-id that was captured"
    ADDRESS = "the upstream's address and port, and the time"


class Why(StrEnum):
    """Why a failed request belongs to no finding."""

    OUTSIDE = "outside the time that was captured"
    CONNECT = "no connection came about"
    DOWNSTREAM = "lost towards the client, not upstream"
    NOT_SENT = "never sent on"
    AMBIGUOUS = "several would fit"
    LONG = "failed long after it began"
    HEALTHY = "captured, but nothing was lost on its connection then"
    ELSEWHERE = "its connection was not captured"
    CLOCK = "by how much its clock is off is not known"
    NOTHING = "nothing was lost at its time"


class Offset(NamedTuple):
    """By how much the capture's clock is ahead of a log's, in ns: the median over ``lines`` lines, which name the
    connection, carry the captured request id, or agree with one another, and how far the others lie from it."""

    ahead: int
    spread: int
    lines: int


class Arrival(NamedTuple):
    """Whether a request stands in the log of the next hop (``log`` is its index), on which lines, and with what code; where that
    is not known, why."""

    log: int
    presence: Presence
    lines: tuple[int, ...] = ()
    code: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A failed request. It belongs to ``finding``, by ``how``, ``off`` ns before (after, if negative) it on the capture's clock;
    ``translated`` by an address that connection tracking translates. Or it belongs to none, for the reason ``why``, of which
    ``detail`` says more. ``arrived`` is what the logs of the next hop say of it."""

    logged: Logged
    finding: Key | None
    how: How | None = None
    off: int = 0
    translated: bool = False
    why: Why | None = None
    detail: str = ""
    arrived: tuple[Arrival, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinedLog:
    """One access log: as it was read, and what became of each of its failed requests. ``offset`` is None where no line tells it:
    then its clock was taken to be the capture's. ``dropped`` lines were more than are kept."""

    source: Source
    requests: int
    span: tuple[int, int] | None
    offset: Offset | None
    lines: tuple[Line, ...]
    dropped: int = 0

    @property
    def joined(self) -> tuple[Line, ...]:
        """Those that belong to a finding."""
        return tuple(line for line in self.lines if line.finding is not None)

    @property
    def unjoined(self) -> dict[Why, tuple[Line, ...]]:
        """The others by reason."""
        groups = {why: tuple(line for line in self.lines if line.why is why) for why in Why}
        return {why: lines for why, lines in groups.items() if lines}


class Failed(NamedTuple):
    """A failed request, and the log that has it."""

    log: JoinedLog
    line: Line


@dataclass(frozen=True, slots=True)
class SocketSeen:
    """A socket of a finding's connection, in the last snapshot before what was sent on it. ``table`` is the index of its file,
    ``line`` its line there; ``time`` None: the snapshot has no date. ``client`` is whether it is the client's. ``left`` is
    what was left on its keepalive timer, ``configured`` the keepalive time that follows from it, both in ns, None where that
    is not told."""

    finding: Key
    table: int
    line: int
    time: int | None
    client: bool
    local: Endpoint
    peer: Endpoint
    state: str | None
    keepalive: Keepalive
    left: int | None
    configured: int | None
    process: str | None
    retransmissions: int | None


@dataclass(frozen=True, slots=True)
class TrackedSeen:
    """What connection tracking had of a finding's connection. ``table`` is the index of its file. ``before`` is the last entry
    before what was sent; ``expires`` when that ran out, if nothing refreshed it any more. ``gone`` is the first listing in the
    silence without it, ``destroyed`` the event that ended it. ``translated`` are client and server on the other side of NAT."""

    finding: Key
    table: int
    before: Tracked | None
    expires: int | None
    gone: int | None
    destroyed: Tracked | None
    translated: tuple[Endpoint, Endpoint] | None

    @property
    def forgotten(self) -> bool:
        """Is it known that the entry was gone when something was sent?"""
        return self.gone is not None or self.destroyed is not None or self.expires is not None


class Unusable(NamedTuple):
    """A file that could not be read at all, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Joins:
    """Everything beside the captures. ``survey`` counts the sockets of the services that were captured; ``impacts`` are users'
    own requests behind lost ones."""

    logs: tuple[JoinedLog, ...] = ()
    tables: tuple[Source, ...] = ()
    sockets: tuple[SocketSeen, ...] = ()
    survey: Survey | None = None
    trackings: tuple[Source, ...] = ()
    tracked: tuple[TrackedSeen, ...] = ()
    impacts: tuple[tuple[Key, Impact], ...] = ()
    unusable: tuple[Unusable, ...] = ()

    @property
    def given(self) -> bool:
        """Was anything given beside the captures?"""
        return bool(self.logs or self.tables or self.trackings or self.unusable)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """All failed requests, log by log."""
        return tuple(Failed(log, line) for log in self.logs for line in log.lines)

    def lines(self, key: Key) -> tuple[Failed, ...]:
        """The failed requests that belong to a finding."""
        return tuple(self._lines.get(key, ()))

    def socket(self, key: Key) -> SocketSeen | None:
        """The client's socket of a finding, or else the server's."""
        return max(self._sockets.get(key, ()), key=lambda s: s.client, default=None)

    def track(self, key: Key) -> TrackedSeen | None:
        """What connection tracking had of it: what says most."""
        found = self._tracked.get(key, ())
        return max(found, key=lambda t: (t.forgotten, t.destroyed is not None, t.before is not None), default=None)

    def impact(self, key: Key) -> Impact | None:
        """The user's own request behind it."""
        return self._impacts.get(key)

    @cached_property
    def _lines(self) -> dict[Key | None, list[Failed]]:
        return _grouped(self.failed, lambda failed: failed.line.finding)

    @cached_property
    def _sockets(self) -> dict[Key | None, list[SocketSeen]]:
        return _grouped(self.sockets, lambda socket: socket.finding)

    @cached_property
    def _tracked(self) -> dict[Key | None, list[TrackedSeen]]:
        return _grouped(self.tracked, lambda track: track.finding)

    @cached_property
    def _impacts(self) -> dict[Key, Impact]:
        return dict(self.impacts)


T = TypeVar("T")


def _grouped(each: Iterable[T], key: Callable[[T], Key | None]) -> dict[Key | None, list[T]]:
    groups: dict[Key | None, list[T]] = {}
    for one in each:
        groups.setdefault(key(one), []).append(one)
    return groups
