"""What access logs, socket tables and connection tracking say of one finding, and of what belongs to none, in words.

Methods, paths, identifiers and names of processes are others' text: whoever prints these words makes them harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.correlate.flags import meaning
from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.joined import How, JoinedLog, Joins, Key, Line, Offset, SocketSeen, TrackedSeen
from pcapdiag.correlate.keepalive import Keepalive
from pcapdiag.correlate.types import Logged, Source
from pcapdiag.durations import format_duration
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.model import Report
from pcapdiag.report.ss import state
from pcapdiag.report.text import words
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import count
from pcapdiag.rules.types import Finding

#: Failed requests of one reason, and lines of one finding, that are listed unless everything is asked for.
FEW = 3
#: Characters shown of what others named.
_LONG = 120
#: Clocks so close together are not told apart: logs cut their times to a millisecond, and proxies log a little late.
_SAME = 2_000_000
_UPSTREAM = "the line names both ends of the connection"
_HOW = {
    How.UPSTREAM: _UPSTREAM,
    How.DOWNSTREAM: f"{_UPSTREAM} to its client",
    How.REQUEST_ID: "by the x-request-id that was captured",
    How.ADDRESS: "by the upstream's address and the time alone",
}


def finding_rows(finding: Finding, report: Report, canvas: Canvas, every: bool = False) -> Iterator[Row]:
    """What belongs to one finding: the user's request, the socket, the entry."""
    joins = report.joins
    if joins is None:
        return
    key = Key.of(finding)
    lines = joins.lines(key)
    for _, line in lines if every else lines[:FEW]:
        yield canvas.told("request", _cut(f"{result(line.logged)}: {asked(line.logged)}{named(line.logged)}"))
    if len(lines) > FEW and not every:
        yield canvas.told("", f"{count(len(lines) - FEW, 'more failed request')} (--all)", "dim")
    impact = joins.impact(key)
    if impact is not None and not lines:
        yield canvas.told("request", impact_text(impact))
    socket = joins.socket(key)
    if socket is not None:
        yield canvas.told("socket", socket_text(socket))
    track = joins.track(key)
    if track is not None:
        yield canvas.told("tracking", track_text(track, finding.period.wake.first.ref.time))


def result(line: Logged) -> str:
    """What its user got: ``503 UC after 0 ms``."""
    code = "no response" if not line.code else str(line.code)
    flags = f" {','.join(line.flags)}" if line.flags else ""
    after = f" after {format_duration(line.duration)}" if line.duration is not None else ""
    return f"{code}{flags}{after}"


def asked(line: Logged) -> str:
    """What was asked for."""
    return _cut(f"{line.method or '-'} {line.path or '-'}")


def named(line: Logged) -> str:
    """By what the request is known again."""
    return f" (x-request-id {_cut(line.request_id)})" if line.request_id is not None else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def how(line: Line) -> str:
    """How it was joined, and how well the times agree."""
    assert line.how is not None
    nat = ", translated by connection tracking" if line.translated else ""
    return f"{_HOW[line.how]}{nat}; the times differ by {format_duration(abs(line.off))}"


def impact_text(impact: Impact) -> str:
    """A user's own request in the same capture."""
    what = _cut(" ".join(part for part in (impact.method, impact.path) if part) or "a request")
    got = "was closed" if impact.status is None else f"got {impact.status}"
    after = f" after {format_duration(impact.waited)}" if impact.waited is not None else ""
    ended = f"{got}{after}" if impact.response is not None else "no answer to it was captured"
    why = "same x-request-id" if impact.same_id else f"{impact.confidence}: {'; '.join(impact.reasons)}"
    return f"frame {impact.request.frame}: {what} of {impact.client} {ended} ({why})"


def socket_text(socket: SocketSeen) -> str:
    """Whether a socket had a keepalive timer, and when that was seen."""
    when = f"at {iso(socket.time, 0)}" if socket.time is not None else "in a snapshot without date"
    whose = "" if socket.client else "the server's, "
    of = f" of {_cut(socket.process)}" if socket.process else ""
    again = f", {count(socket.retransmissions, 'retransmission')} so far" if socket.retransmissions else ""
    return f"{whose}{_TIMER[socket.keepalive]}{_left(socket)}{of} {when} (line {socket.line}){again}"


_TIMER = {
    Keepalive.NONE: "no keepalive timer",
    Keepalive.ON: "keepalive timer",
    Keepalive.UNKNOWN: "keepalive timer not known (no timers shown, or another in its place)",
}


def _left(socket: SocketSeen) -> str:
    if socket.left is None:
        return ""
    set_to = f", so set to about {format_duration(socket.configured)}" if socket.configured is not None else ""
    return f" with {format_duration(socket.left)} left{set_to}"


def track_text(track: TrackedSeen, sent: int) -> str:
    """What connection tracking had, and since when it had it no more. ``sent`` is when the request was."""
    told = []
    if track.before is not None:
        left = f" with {format_duration(track.before.left)} left" if track.before.left is not None else ""
        at = f" at {iso(track.before.time, 3)}" if track.before.time is not None else ""
        told.append(f"an entry{left}{at} (line {track.before.line})")
    if track.destroyed is not None and track.destroyed.time is not None:
        ago = format_duration(sent - track.destroyed.time)
        told.append(f"destroyed {ago} before (line {track.destroyed.line})")
    elif track.gone is not None:
        told.append(f"gone by {iso(track.gone, 3)}, {format_duration(sent - track.gone)} before")
    elif track.expires is not None:
        told.append(f"which ran out {format_duration(sent - track.expires)} before, as nothing refreshed it")
    if track.translated is not None:
        client, server = track.translated
        told.append(f"behind it {client} -> {server}")
    return ", ".join(told) or "it had an entry, at other times"


def clock(offset: Offset | None) -> str:
    """How far the clocks are apart."""
    if offset is None:
        return "its clock was taken to be the capture's"
    if abs(offset.ahead) < _SAME:
        return f"its clock agrees with the capture's to {format_duration(_SAME)}, by {count(offset.lines, 'line')}"
    apart = f"its clock is {format_duration(abs(offset.ahead))} {'behind' if offset.ahead > 0 else 'ahead of'} the capture's"
    within = f", to within {format_duration(offset.spread)}" if offset.lines > 1 else ""
    return f"{apart}, by {count(offset.lines, 'line')}{within}"


def beside_rows(report: Report, canvas: Canvas, every: bool) -> Iterator[Row]:
    """All that was given beside the captures, and what became of it: every failed request belongs to a finding, or to none for a
    reason."""
    joins = report.joins
    if joins is None or not joins.given:
        return
    for log in joins.logs:
        yield from _log(log, canvas, every)
    for source in joins.tables:
        yield canvas.told("ss", _source(source))
    if joins.survey is not None and joins.tables:
        for group in joins.survey.groups:
            name = f", process {_cut(group.process)}" if group.process else ""
            yield canvas.told("", f"{'to' if group.outgoing else 'at'} {group.service}{name}: {state(group)}")
        if not joins.survey.groups:
            yield canvas.told("", "no established socket of a service that was captured")
    for source in joins.trackings:
        yield canvas.told("conntrack", _source(source))
    for name, why in joins.unusable:
        yield canvas.told("not read", f"{name}: {why}", "bad")


def _log(log: JoinedLog, canvas: Canvas, every: bool) -> Iterator[Row]:
    joined, others = len(log.joined), log.unjoined
    side = f"the {log.source.side}'s, " if log.source.side is not None else ""
    parts = [f"{joined:,} joined", *(f"{len(lines):,} {why}" for why, lines in others.items())]
    sums = f": {count(len(log.lines), 'failed request')} = {' + '.join(parts)}" if log.lines else ": no failed request"
    yield canvas.told("log", f"{_source(log.source)}, {side}{count(log.requests, 'request')}{sums}")
    if joined:
        yield canvas.told("", clock(log.offset))
    if log.dropped:
        yield canvas.told("", f"{count(log.dropped, 'failed request')} more than are kept", "warn")
    for why, lines in others.items():
        shown: Sequence[Line] = lines if every else lines[:FEW]
        for line in shown:
            yield Row("", words(canvas.own(_unjoined(line))))
        if len(lines) > len(shown):
            yield canvas.told("", f"{len(lines) - len(shown):,} more {why} (--all lists them)", "dim")


def _unjoined(line: Line) -> str:
    flags = meaning(line.logged.flags)
    detail = f" ({line.detail})" if line.detail else ""
    says = f"; {flags}" if flags and flags not in line.detail else ""
    upstream = f" to {line.logged.upstream}" if line.logged.upstream is not None else ""
    return (
        f"line {line.logged.line}, {iso(line.logged.start, 3)}, {asked(line.logged)}{upstream}: {result(line.logged)}; "
        f"{line.why}{detail}{says}"
    )


def _source(source: Source) -> str:
    """A text as it was read."""
    text = f"{source.name}: {source.format}, {count(source.lines, 'line')}"
    if source.unread:
        text += f", {source.unread:,} not read (the first is line {source.first_unread}: {_cut(source.why or '')})"
    text += "".join(f"; {note}" for note in source.notes)
    return text + (f"; damaged: {source.damage}" if source.damage else "")


def gap_range(findings: Sequence[Finding]) -> str:
    """How long the connections had been idle."""
    gaps = sorted(f.period.gap for f in findings)
    return seconds(gaps[0]) if gaps[0] == gaps[-1] else f"{seconds(gaps[0])} to {seconds(gaps[-1])}"


def missing_lines(joins: Joins, findings: Sequence[Finding]) -> int:
    """How many of the findings have no failed line, where there are logs."""
    return sum(not joins.lines(Key.of(f)) for f in findings)
