"""What else the user has as plain data for JSON, with the story that all of it tells; ``schema.json`` describes the fields."""

from __future__ import annotations

from pcapdiag.correlate.impacts import Impact
from pcapdiag.correlate.joined import JoinedLog, Joins, Key, Line, SocketSeen, TrackedSeen
from pcapdiag.correlate.keepalive import Keepalive
from pcapdiag.correlate.types import Tracked
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.facts import Json, endpoint, ref, time
from pcapdiag.report.model import Report
from pcapdiag.report.ss_json import source
from pcapdiag.report.story import Step, Story


def document(report: Report) -> Json:
    """All of it. A finding is named by its capture point and the record of its wake."""
    joins = report.joins or Joins()
    return {
        "story": [_story(s) for s in report.story], "logs": [_log(log) for log in joins.logs],
        "ss": [source(s) for s in joins.tables], "sockets": [_socket(s) for s in joins.sockets],
        "keepalive": _keepalive(joins), "conntrack": [source(s) for s in joins.trackings],
        "tracked": [_tracked(t) for t in joins.tracked], "impacts": [_impact(key, i) for key, i in joins.impacts],
        "not_read": [{"name": name, "why": why} for name, why in joins.unusable],
    }  # fmt: skip


def _story(s: Story) -> Json:
    return {"service": endpoint(s.service), "timeout_ns": s.timeout, "steps": [_step(step) for step in s.steps]}


def _step(s: Step) -> Json:
    return {
        "id": s.id, "title": s.title, "sentence": s.sentence, "known": s.known,
        "evidence": [{"text": p.text, "source": p.source} for p in s.evidence],
        "missing": [errand._asdict() for errand in s.missing],
    }  # fmt: skip


def _key(key: Key | None) -> Json | None:
    return None if key is None else {"point": key.point, "wake": ref(key.wake)}


def _log(log: JoinedLog) -> Json:
    return {
        "source": source(log.source), "requests": log.requests, "failed": len(log.lines), "joined": len(log.joined),
        "unjoined": {str(why): len(lines) for why, lines in log.unjoined.items()}, "dropped": log.dropped,
        "first": time(log.span[0]) if log.span else None, "last": time(log.span[1]) if log.span else None,
        "clock": None if log.offset is None else {
            "ahead_ns": log.offset.ahead, "spread_ns": log.offset.spread, "lines": log.offset.lines},
        "lines": [_line(line) for line in log.lines],
    }  # fmt: skip


def _line(x: Line) -> Json:
    at = x.logged
    return {
        "line": at.line, "start": time(at.start), "duration_ns": at.duration, "method": at.method, "path": at.path,
        "code": at.code, "flags": list(at.flags), "details": at.details, "request_id": at.request_id,
        "upstream": _end(at.upstream), "local": _end(at.local), "downstream": _end(at.downstream), "listener": _end(at.listener),
        "finding": _key(x.finding), "how": None if x.how is None else str(x.how), "off_ns": x.off, "translated": x.translated,
        "why": None if x.why is None else str(x.why), "detail": x.detail,
        "arrived": [
            {"log": a.log, "presence": str(a.presence), "lines": list(a.lines), "code": a.code, "why": a.why} for a in x.arrived],
    }  # fmt: skip


def _end(end: Endpoint | None) -> Json | None:
    return None if end is None else endpoint(end)


def _socket(s: SocketSeen) -> Json:
    return {
        "finding": _key(s.finding), "table": s.table, "line": s.line, "time": time(s.time),
        "side": "client" if s.client else "server",
        "local": endpoint(s.local), "peer": endpoint(s.peer), "state": s.state, "keepalive": str(s.keepalive), "left_ns": s.left,
        "configured_ns": s.configured, "process": s.process, "retransmissions": s.retransmissions,
    }  # fmt: skip


def _keepalive(joins: Joins) -> list[Json]:
    """The sockets of the captured services, by process."""
    return [
        {"process": g.process, "service": endpoint(g.service), "outgoing": g.outgoing,
         "keepalive": {str(kind): g.count(kind) for kind in Keepalive}}
        for g in (joins.survey.groups if joins.survey is not None else ())
    ]  # fmt: skip


def _tracked(t: TrackedSeen) -> Json:
    client, server = t.translated or (None, None)
    return {
        "finding": _key(t.finding), "table": t.table, "before": _entry(t.before), "expires": time(t.expires),
        "gone": time(t.gone),
        "destroyed": _entry(t.destroyed), "forgotten": t.forgotten,
        "translated": None if client is None or server is None else {"client": endpoint(client), "server": endpoint(server)},
    }  # fmt: skip


def _entry(e: Tracked | None) -> Json | None:
    if e is None:
        return None
    return {
        "line": e.line, "time": time(e.time), "event": None if e.event is None else str(e.event), "state": e.state,
        "left_ns": e.left, "original": [endpoint(end) for end in e.original], "reply": [endpoint(end) for end in e.reply],
    }  # fmt: skip


def _impact(key: Key, i: Impact) -> Json:
    return {
        "finding": _key(key), "client": endpoint(i.client), "server": endpoint(i.server), "stream": i.stream,
        "request": ref(i.request), "response": ref(i.response), "method": i.method, "path": i.path, "status": i.status,
        "request_id": i.request_id, "before_ns": i.before, "after_ns": i.after, "same_id": i.same_id,
        "confidence": str(i.confidence), "reasons": list(i.reasons),
    }  # fmt: skip
