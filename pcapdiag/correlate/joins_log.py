"""Failed requests of an access log, each joined with the finding that explains it, or told why none does.

In two passes: what names its connection, or carries the request id that was captured, is searched for in a wide window, and tells
how far the clocks are apart; where it does not, lines that name the upstream alone do if several agree. What names
the upstream alone is then searched for in a tight one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from pcapdiag.correlate.flags import answered
from pcapdiag.correlate.incidents import Ends, Incident
from pcapdiag.correlate.joined import How, JoinedLog, Key, Line, Offset, Why
from pcapdiag.correlate.offsets import AGREE, Difference, agreed
from pcapdiag.correlate.reasons import Captured, unjoined
from pcapdiag.correlate.types import AccessLog, Logged
from pcapdiag.durations import format_duration

#: How far a clock may be off: wider, ports are used again.
WIDE = 3_600_000_000_000
#: How far a line may lie from a finding of its upstream, of which it does not name the connection.
TIGHT = 50_000_000
#: Pairs of a line and a finding of its upstream that are compared to find the offset of the clock.
MOST = 200_000
_TOWARDS_CLIENT = ("DC", "DR")


class _Pair(NamedTuple):
    """A line that may belong to an incident: the difference of their times in ns, capture minus log."""

    incident: Incident
    how: How
    difference: int
    translated: bool


def join_log(log: AccessLog, found: Sequence[Incident], captured: Captured) -> JoinedLog:
    """What became of each failed request of ``log``."""
    index = _Index(found)
    pairs = [index.named(line) for line in log.failed]
    clock = _clock(log.failed, pairs, index)
    ahead = clock.ahead if clock else 0
    lines = [
        _named(line, of, ahead) or _near(line, index, ahead, clock, captured)
        for line, of in zip(log.failed, pairs, strict=True)
    ]  # fmt: skip
    joined = sum(line.finding is not None and line.how is not How.ADDRESS for line in lines)
    clock = clock._replace(lines=max(joined, 1) if joined else clock.lines) if clock else None
    return JoinedLog(log.source, log.requests, log.span, clock, tuple(_settled(lines)), log.dropped)


def _clock(lines: Sequence[Logged], pairs: Sequence[Sequence[_Pair]], index: _Index) -> Offset | None:
    """The offset that several lines agree on, or that a captured request id proves; any other single pair may be chance."""
    each = list(zip(lines, pairs, strict=True))
    proven = [_difference(line, p) for line, of in each for p in of if _same(line, p)]
    named = [_difference(line, p) for line, of in each for p in of if p.incident.abrupt]
    named = named or [_difference(line, p) for line, of in each for p in of]
    found = agreed(proven, 1) or agreed(named, 2)
    if found is None:
        bare = islice((_difference(line, p) for line in lines for p in index.near(line)), MOST)
        found = agreed([*named, *bare], 2)
    if found is None and any(abs(d.by) <= AGREE for d in named):
        return agreed([d for d in named if abs(d.by) <= AGREE], 1)
    return found


def _same(line: Logged, pair: _Pair) -> bool:
    """Is it the captured request for sure, on whatever clock?"""
    return line.request_id is not None and line.request_id == pair.incident.request_id


def _difference(line: Logged, pair: _Pair) -> Difference:
    return Difference(pair.difference, line.line, pair.incident.key)


class _Index:
    """Incidents by their connections, request ids and services."""

    def __init__(self, found: Sequence[Incident]) -> None:
        self.ends: defaultdict[Ends, list[tuple[Incident, bool]]] = defaultdict(list)
        self.ids: defaultdict[str, list[Incident]] = defaultdict(list)
        self.services: defaultdict[tuple[str, int], list[Incident]] = defaultdict(list)
        for incident in found:
            for ends, translated in incident.ends.items():
                self.ends[ends].append((incident, translated))
            if incident.request_id is not None:
                self.ids[incident.request_id].append(incident)
            for server in dict.fromkeys(server for _, server in (*incident.legs, *incident.others)):
                self.services[server].append(incident)

    def named(self, line: Logged) -> list[_Pair]:
        """Incidents on the connection that the line names, or of the request that it names."""
        made: list[_Pair] = []
        for ends, how in connections(line):
            for incident, translated in self.ends.get(ends, ()):
                made.append(_pair(line, incident, how, translated))
        if line.request_id is not None:
            known = {pair.incident.key for pair in made}
            same = (i for i in self.ids.get(line.request_id, ()) if i.key not in known)
            made += [_pair(line, incident, How.REQUEST_ID, False) for incident in same]
        return [
            pair
            for pair in made
            if (abs(pair.difference) <= WIDE or _same(line, pair)) and not (pair.incident.abrupt and answered(line))
        ]

    def near(self, line: Logged) -> list[_Pair]:
        """Incidents of the upstream that the line names, without its own end of the connection, within the hour."""
        if line.upstream is None or line.local is not None or towards_client(line) or answered(line):
            return []
        each = [i for i in self.services.get(line.upstream, ()) if i.harm and i.opening == ("UF" in line.flags)]
        pairs = [_pair(line, i, How.ADDRESS, False) for i in each if not _others(line, i)]
        return [pair for pair in pairs if abs(pair.difference) <= WIDE]


def connections(line: Logged) -> list[tuple[Ends, How]]:
    """The connections that the line names, the one on which it may have been lost alone: towards the client only if it was lost
    there."""
    told: list[tuple[Ends, How]] = []
    if line.local is not None and line.upstream is not None:
        told.append((frozenset((line.local, line.upstream)), How.UPSTREAM))
    if line.downstream is not None and line.listener is not None and towards_client(line):
        told.append((frozenset((line.downstream, line.listener)), How.DOWNSTREAM))
    return told


def towards_client(line: Logged) -> bool:
    """Was it the connection to the client that failed?"""
    details = line.details or ""
    return line.code == 0 or any(flag in _TOWARDS_CLIENT for flag in line.flags) or details.startswith("downstream_")


def _pair(line: Logged, incident: Incident, how: How, translated: bool) -> _Pair:
    told = line.end if incident.abrupt else line.start
    return _Pair(incident, how, incident.moment - told, translated)


def _named(line: Logged, pairs: Sequence[_Pair], ahead: int) -> Line | None:
    """The nearest of those that are near enough on one clock."""
    fitting = [pair for pair in pairs if _fits(line, pair, ahead)]
    if not fitting:
        return None
    order = tuple(How)
    best = min(fitting, key=lambda p: (p.translated, order.index(p.how), abs(p.difference - ahead)))
    return Line(line, best.incident.key, best.how, best.difference - ahead, best.translated)


def _fits(line: Logged, pair: _Pair, ahead: int) -> bool:
    if abs(pair.difference - ahead) <= AGREE + line.resolution:
        return True
    # tried on several connections, the last of which was silent: it was sent on that one while the request lasted
    sent = pair.incident.sent - ahead
    return not pair.incident.abrupt and line.start - AGREE <= sent <= line.end + line.resolution


def _near(line: Logged, index: _Index, ahead: int, clock: Offset | None, captured: Captured) -> Line:
    """What does not name its connection, or names one that was not captured, by its upstream alone."""
    rivals = 0
    told = connections(line)
    if line.upstream is not None and not any(ends in captured.ends for ends, _ in told) and not towards_client(line):
        room = TIGHT + line.resolution + (min(clock.spread, TIGHT) if clock else 0)
        near = [_pair(line, i, How.ADDRESS, False) for i in index.services.get(line.upstream, ()) if i.harm]
        near = [p for p in near if p.incident.opening == ("UF" in line.flags)]
        near = [p for p in near if abs(p.difference - ahead) <= room and not _others(line, p.incident)]
        near = [p for p in near if not (p.incident.abrupt and answered(line))]
        alike = [p for p in near if _asks_the_same(line, p.incident)] or near
        if len(alike) == 1 and clock is not None:
            return Line(line, alike[0].incident.key, How.ADDRESS, alike[0].difference - ahead)
        rivals = len(alike)
    away = min((abs(p.difference) for p in (*index.named(line), *index.near(line))), default=None)
    if clock is None and away is not None and rivals < 2:
        return Line(
            line, None, why=Why.CLOCK, detail=f"a loss that would fit is {format_duration(away)} away, and no other line agrees"
        )
    why, detail = unjoined(line, ahead, rivals, [ends for ends, _ in told], towards_client(line), captured)
    return Line(line, None, why=why, detail=detail)


def _others(line: Logged, incident: Incident) -> bool:
    """Is it known to be another request?"""
    return None not in (line.request_id, incident.request_id) and line.request_id != incident.request_id


def _asks_the_same(line: Logged, incident: Incident) -> bool:
    return incident.label is not None and line.path is not None and incident.label.startswith(f"{line.method} {line.path} ")


def _settled(lines: Sequence[Line]) -> list[Line]:
    """Where several lines have only the upstream in common with one finding, it belongs to none of them for sure."""
    claims: defaultdict[Key | None, int] = defaultdict(int)
    sure = {line.finding for line in lines if line.how is not How.ADDRESS}
    for line in lines:
        if line.how is How.ADDRESS:
            claims[line.finding] += 1

    def one(line: Line) -> Line:
        if line.how is not How.ADDRESS or (claims[line.finding] == 1 and line.finding not in sure):
            return line
        return Line(line.logged, None, why=Why.AMBIGUOUS, detail="more than one failed request would fit the same finding")

    return [one(line) for line in lines]
