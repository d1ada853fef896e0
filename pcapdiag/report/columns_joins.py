"""What a table shows of a failed request, joined with what was found, and of a step of a story: one row each."""

from __future__ import annotations

from collections.abc import Callable

from pcapdiag.correlate.joined import Failed, Joins, SocketSeen, TrackedSeen
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.columns import COUNT, FLAG, GAP, TEXT, TIME, Column
from pcapdiag.report.model import Report
from pcapdiag.report.story import Step, Story


def _end(name: str, get: Callable[[Failed], Endpoint | None]) -> tuple[Column[Failed], ...]:
    return (
        Column(name, TEXT, lambda f: (end := get(f)) and end.address),
        Column(f"{name}_port", COUNT, lambda f: (end := get(f)) and end.port),
    )


def failed_columns(report: Report) -> tuple[Column[Failed], ...]:
    """The columns of a failed request; what belongs to its finding comes last, and is empty if it has none."""
    joins = report.joins or Joins()

    def socket(f: Failed) -> SocketSeen | None:
        return None if f.line.finding is None else joins.socket(f.line.finding)

    def track(f: Failed) -> TrackedSeen | None:
        return None if f.line.finding is None else joins.track(f.line.finding)

    return (
        Column("log", TEXT, lambda f: f.log.source.name),
        Column("side", TEXT, lambda f: f.log.source.side),
        Column("line", COUNT, lambda f: f.line.logged.line),
        Column("time", TIME, lambda f: f.line.logged.start),
        Column("method", TEXT, lambda f: f.line.logged.method),
        Column("path", TEXT, lambda f: f.line.logged.path),
        Column("code", COUNT, lambda f: f.line.logged.code),
        Column("flags", TEXT, lambda f: ",".join(f.line.logged.flags) or None),
        Column("duration", GAP, lambda f: f.line.logged.duration),
        Column("request_id", TEXT, lambda f: f.line.logged.request_id),
        *_end("local", lambda f: f.line.logged.local),
        *_end("upstream", lambda f: f.line.logged.upstream),
        Column("joined", FLAG, lambda f: f.line.finding is not None),
        Column("how", TEXT, lambda f: f.line.how),
        Column("off", GAP, lambda f: None if f.line.finding is None else f.line.off),
        Column("why", TEXT, lambda f: f.line.why),
        Column("detail", TEXT, lambda f: f.line.detail or None),
        Column("arrived", TEXT, lambda f: " ".join(str(a.presence) for a in f.line.arrived) or None),
        Column("file", COUNT, lambda f: f.line.finding and f.line.finding.wake.file),
        Column("wake_frame", COUNT, lambda f: f.line.finding and f.line.finding.wake.frame),
        Column("wake_time", TIME, lambda f: f.line.finding and f.line.finding.wake.time),
        Column("keepalive", TEXT, lambda f: (seen := socket(f)) and seen.keepalive),
        Column("socket_time", TIME, lambda f: (seen := socket(f)) and seen.time),
        Column("forgotten", FLAG, lambda f: (seen := track(f)) and seen.forgotten),
    )


STEPS: tuple[Column[tuple[Story, Step]], ...] = (
    Column("server", TEXT, lambda row: row[0].service.address),
    Column("server_port", COUNT, lambda row: row[0].service.port),
    Column("step", TEXT, lambda row: row[1].id),
    Column("title", TEXT, lambda row: row[1].title),
    Column("sentence", TEXT, lambda row: row[1].sentence),
    Column("known", FLAG, lambda row: row[1].known),
    Column("evidence", COUNT, lambda row: len(row[1].evidence)),
    Column("missing", TEXT, lambda row: "; ".join(errand.title for errand in row[1].missing) or None),
)
