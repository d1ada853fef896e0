"""The captures read again for whose requests were lost: see `pcapdiag.correlate.impacts`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pcapdiag.capture import CaptureError
from pcapdiag.correlate.heads import Head, head
from pcapdiag.correlate.impacts import AFTER, BEFORE, Candidate, Impact, Lost, Response, linked, settled
from pcapdiag.engine import Engine
from pcapdiag.engine.types import AnswerKind, Endpoint, RecordRef, Seen, Traced, WakeKind
from pcapdiag.points import Points
from pcapdiag.reading import Progress
from pcapdiag.rules.types import Finding

#: Requests before one that was lost of which the rest is looked at: the nearest.
MOST = 16
_FIN, _RST = 1, 4
Ends = frozenset[Endpoint]


def impacts(
    paths: Sequence[str],
    findings: Sequence[Finding],
    max_connections: int = 1_000_000,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Impact | None, ...]:
    """For each finding the user's own request behind the lost one, None where none was captured or needs to be it.

    ``paths`` are those that were analysed. They are read twice, in memory that is bounded by the number of findings. Raises
    CaptureError if they cannot be read again.
    """
    asked = [_Asked.of(finding) for finding in findings]
    wanted = [a for a in asked if a is not None]
    if wanted:
        if "-" in paths:
            why = "is gone once it is read, and users' requests are found by reading again: save it to a file"
            raise CaptureError("standard input", why)
        _before(paths, wanted, max_connections, progress)
        _after(paths, wanted, max_connections, progress)
    return settled([None if a is None else linked(a.lost, [f.candidate for f in a.chosen]) for a in asked])


@dataclass
class _Found:
    """A request before a lost one, and whether more of its connection is waited for."""

    candidate: Candidate
    open: bool = True


@dataclass
class _Asked:
    """One lost request: the timeline, the connections on which it was seen, the host that sent it, and what was found."""

    timeline: int
    own: frozenset[Ends]
    host: str
    server: Endpoint
    wake: RecordRef
    lost: Lost
    found: dict[tuple[Endpoint, Endpoint], _Found] = field(default_factory=dict)
    chosen: list[_Found] = field(default_factory=list)

    @classmethod
    def of(cls, finding: Finding) -> _Asked | None:
        """None for what is no request."""
        period = finding.period
        wake, answer, connection = period.wake, period.answer, period.connection
        if wake.kind is not WakeKind.PAYLOAD or period.sender != "client" or period.kind != "request":
            return None
        rst = answer is not None and answer.kind is AnswerKind.RST
        failed = answer.first.ref.time if answer is not None and rst else wake.last_sent.time
        lost = Lost(wake.first.ref.time, max(failed, wake.first.ref.time), head(wake.payload))
        legs = [leg.connection for leg in (period, *finding.twins)]
        own = frozenset(frozenset((leg.client, leg.server)) for leg in legs)
        return cls(connection.point, own, connection.client.address, connection.server, wake.first.ref, lost)

    def before(self, segment: Traced) -> None:
        """Take a segment that was recorded just before."""
        payload = segment.record[segment.payload_at :][: segment.length]
        if segment.ref == self.wake:
            self.lost = self.lost._replace(head=_fuller(self.lost.head, head(payload)))
        ends = frozenset((segment.source, segment.target))
        if segment.seen is not Seen.PAYLOAD or ends in self.own or not self._comes_in(segment):
            return
        told = head(payload)
        if told.status is None:
            pair = segment.source, segment.target
            if told.method is None and pair in self.found:
                return  # more of the same request
            self.found[pair] = _Found(Candidate(*pair, segment.stream, segment.ref, told))

    def _comes_in(self, segment: Traced) -> bool:
        """Is it sent to the host that sent the lost request, and not by it to elsewhere?"""
        if segment.target == self.server:
            return False
        return segment.target.address == self.host or _loopback(segment.target.address)

    def choose(self) -> None:
        """Those with the same identifier, then the nearest."""
        mine = self.lost.head.request_id
        order = sorted(self.found.values(), key=lambda f: (mine is None or f.candidate.head.request_id != mine,
                                                           -f.candidate.request.time))  # fmt: skip
        self.chosen = order[:MOST]


def _fuller(one: Head, other: Head) -> Head:
    return Head(other.method or one.method, other.path or one.path, None, other.request_id or one.request_id)


@lru_cache(maxsize=4096)
def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _before(
    paths: Sequence[str], wanted: Sequence[_Asked], max_connections: int, progress: Callable[[Progress], None] | None
) -> None:
    """What was recorded just before each lost request."""
    order = sorted(wanted, key=lambda a: a.lost.sent)

    def engine(timeline: int) -> Engine:
        windows = [(a.lost.sent - BEFORE, a.lost.sent) for a in wanted if a.timeline == timeline]
        return Engine(max_connections=max_connections, point=timeline, windows=windows or [(0, 0)], records=True)

    def fed(engine: Engine) -> None:
        for segment in engine.trace():
            for asked in order:
                if asked.lost.sent - BEFORE > segment.ref.time:
                    break
                if asked.timeline == engine.point and segment.ref.time <= asked.lost.sent:
                    asked.before(segment)
        engine.drain()

    Points(engine, fed).read(list(paths), progress)
    for asked in wanted:
        asked.choose()


def _after(
    paths: Sequence[str], wanted: Sequence[_Asked], max_connections: int, progress: Callable[[Progress], None] | None
) -> None:
    """What came back on the connections of the requests that were found."""
    waiting: dict[tuple[int, Endpoint, Endpoint], list[tuple[_Asked, _Found]]] = {}
    for asked in wanted:
        for found in asked.chosen:
            key = asked.timeline, found.candidate.server, found.candidate.client
            waiting.setdefault(key, []).append((asked, found))
    if not waiting:
        return

    def engine(timeline: int) -> Engine:
        watch = [(server, client) for at, server, client in waiting if at == timeline]
        windows = [] if watch else [(0, 0)]
        return Engine(max_connections=max_connections, point=timeline, watch=watch, windows=windows, records=True)

    def fed(engine: Engine) -> None:
        for segment in engine.trace():
            _take(segment, engine.point, waiting)
        engine.drain()

    Points(engine, fed).read(list(paths), progress)


def _take(
    segment: Traced, timeline: int, waiting: Mapping[tuple[int, Endpoint, Endpoint], Sequence[tuple[_Asked, _Found]]]
) -> None:
    """The first response to each request, or the end of its connection."""
    for asked, found in waiting.get((timeline, segment.source, segment.target), ()):
        request = found.candidate.request
        if not found.open or segment.icmp is not None or segment.ref.place <= request.place:
            continue
        if segment.ref.time > asked.lost.failed + AFTER:
            found.open = False
        elif segment.seen is Seen.PAYLOAD and segment.length:
            told = head(segment.record[segment.payload_at :][: segment.length])
            if told.status is not None and told.status >= 200:
                found.candidate = replace(found.candidate, response=Response(segment.ref, told.status))
                found.open = False
            elif told.status is None:
                found.open = False  # no HTTP that can be read, or the rest of an earlier response
        elif segment.flags & (_FIN | _RST):
            found.candidate = replace(found.candidate, response=Response(segment.ref, None))
            found.open = False
