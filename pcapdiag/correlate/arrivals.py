"""Whether failed requests reached the next hop, by what its access logs have of their ids.

Absence proves loss only where arrival would have left a line: the next hop keeps the client's ids (an edge proxy makes new ones),
and nobody else stands beside it. Both are shown by the client's other requests to the same upstream, which were answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median_low

from pcapdiag.correlate.comparison import Presence
from pcapdiag.correlate.joined import Arrival, JoinedLog
from pcapdiag.correlate.offsets import AGREE
from pcapdiag.correlate.types import AccessLog, Logged, Witness

Witnesses = Mapping[str, Witness]
Others = Sequence[tuple[int, AccessLog]]


def wanted(logs: Sequence[AccessLog]) -> frozenset[str]:
    """The ids to look for: those of all requests that failed, and of some that were answered."""
    failed = {line.request_id for log in logs for line in log.failed if line.request_id is not None}
    return frozenset(failed.union(*(log.witnesses for log in logs)))


def with_arrivals(log: JoinedLog, witnesses: Witnesses, others: Others) -> JoinedLog:
    """The log with what ``others``, logs of the next hop with their indices, say of each of its requests."""
    if not others:
        return log
    ahead = {number: _ahead(witnesses, other) for number, other in others}
    lost = _nowhere(witnesses, others, ahead)
    lines = (replace(x, arrived=_arrivals(x.logged, others, ahead, lost)) for x in log.lines)
    return replace(log, lines=tuple(lines))


def _ahead(witnesses: Witnesses, other: AccessLog) -> int | None:
    """By how much its clock is ahead of the client's log; None where it has none of the client's answered requests."""
    differences = [
        found[0].start - witness.start for name, witness in witnesses.items() if len(found := other.present.get(name, ())) == 1
    ]
    return median_low(differences) if differences else None


def _nowhere(witnesses: Witnesses, others: Others, ahead: Mapping[int, int | None]) -> list[Witness]:
    """Answered requests of the time of all these logs that stand in none of them: another next hop has them."""

    def within(start: int) -> bool:
        return all(
            other.span is not None
            and (by := ahead[number]) is not None
            and other.span[0] + AGREE <= start + by <= other.span[1] - AGREE
            for number, other in others
        )

    return [w for name, w in witnesses.items() if within(w.start) and not any(name in other.present for _, other in others)]


def _arrivals(line: Logged, others: Others, ahead: Mapping[int, int | None], nowhere: Sequence[Witness]) -> tuple[Arrival, ...]:
    """Where it arrived; else, if one of them may have it unseen, what is not known; else that it is in none."""
    if line.request_id is None:
        return tuple(Arrival(number, Presence.UNKNOWN, why="the request has no id in its log") for number, _ in others)
    found = [(number, lines) for number, other in others if (lines := other.present.get(line.request_id))]
    if found:
        return tuple(Arrival(number, Presence.PRESENT, tuple(x.line for x in f), f[-1].code) for number, f in found)
    astray = sum(line.upstream is None or w.upstream == line.upstream for w in nowhere)
    reasons = [(number, _why_not(line, other, ahead[number], astray)) for number, other in others]
    unknown = tuple(Arrival(number, Presence.UNKNOWN, why=why) for number, why in reasons if why)
    return unknown or tuple(Arrival(number, Presence.ABSENT) for number, _ in others)


def _why_not(line: Logged, other: AccessLog, ahead: int | None, astray: int) -> str:
    """Why its absence proves nothing; nothing if it does."""
    if other.span is None:
        return "no request could be read in it"
    if 2 * other.identified < other.requests:
        return "most of its lines have no request id"
    if other.dropped:
        return "more lines of it were met than are kept"
    if other.source.damage is not None:
        return "it could not be read to its end"
    if ahead is None:
        return "none of the ids of the client's answered requests occurs there"
    first, last = other.span
    if line.start + ahead < first:
        return "it begins later"
    if line.start + ahead > last:
        return "it ends before"
    return "answered requests of the client's log are missing there too: another next hop has them" if astray else ""
