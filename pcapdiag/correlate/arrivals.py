"""Whether failed requests reached the next hop, by what its access log has of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.joined import Arrival, JoinedLog
from pcapdiag.correlate.types import AccessLog, Logged


def wanted(logs: Sequence[AccessLog]) -> frozenset[str]:
    """The ids to look for: those of all requests that failed."""
    return frozenset(line.request_id for log in logs for line in log.failed if line.request_id is not None)


def with_arrivals(log: JoinedLog, others: Sequence[tuple[int, AccessLog]]) -> JoinedLog:
    """The log with what ``others``, logs of the next hop with their indices, say of each of its requests."""
    if not others:
        return log
    lines = (replace(x, arrived=tuple(_arrival(x.logged, number, other) for number, other in others)) for x in log.lines)
    return replace(log, lines=tuple(lines))


def _arrival(line: Logged, number: int, other: AccessLog) -> Arrival:
    if line.request_id is None:
        return Arrival(number, Presence.UNKNOWN, why="the request has no id in its log")
    found = other.present.get(line.request_id)
    if found:
        return Arrival(number, Presence.PRESENT, tuple(x.line for x in found), found[-1].code)
    why = _why_not(line, other)
    return Arrival(number, Presence.UNKNOWN if why else Presence.ABSENT, why=why)


def _why_not(line: Logged, other: AccessLog) -> str:
    """Why its absence proves nothing; nothing if it does."""
    if other.span is None:
        return "no request could be read in it"
    if 2 * other.identified < other.requests:
        return "most of its lines have no request id"
    if other.dropped:
        return "more lines of it were met than are kept"
    if other.source.damage is not None:
        return "it could not be read to its end"
    first, last = other.span
    if line.start < first:
        return "it begins later"
    return "it ends before" if line.start > last else ""
