"""A survey of socket tables as plain data for JSON."""

from __future__ import annotations

from pcapdiag.correlate.keepalive import Connection, Group, Keepalive, Survey
from pcapdiag.correlate.types import Source
from pcapdiag.report.facts import Json, endpoint, time
from pcapdiag.report.ss import answer, notes

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(survey: Survey) -> Json:
    """All of it."""
    return {
        "schema_version": SCHEMA_VERSION, "answer": answer(survey), "notes": list(notes(survey)),
        "keepalive": {str(kind): survey.count(kind) for kind in Keepalive},
        "groups": [_group(g) for g in survey.groups], "within_host": [_connection(c) for c in survey.loopback],
        "other_states": survey.others, "excluded": survey.excluded, "snapshots": survey.snapshots,
        "first": time(survey.span[0]) if survey.span else None, "last": time(survey.span[1]) if survey.span else None,
        "shows_timers": survey.timers, "shows_processes": survey.processes, "sources": [source(s) for s in survey.sources],
    }  # fmt: skip


def source(s: Source) -> Json:
    """One text that was read."""
    return {
        "name": s.name, "side": None if s.side is None else str(s.side), "format": s.format,
        "lines": s.lines, "skipped": s.skipped, "unread": s.unread, "first_unread": s.first_unread, "why": s.why,
        "notes": list(s.notes), "damage": s.damage,
    }  # fmt: skip


def _group(g: Group) -> Json:
    return {
        "process": g.process, "service": endpoint(g.service), "outgoing": g.outgoing,
        "keepalive": {str(kind): g.count(kind) for kind in Keepalive}, "connections": [_connection(c) for c in g.connections],
    }  # fmt: skip


def _connection(c: Connection) -> Json:
    return {
        "local": endpoint(c.local), "peer": endpoint(c.peer), "process": c.process, "keepalive": str(c.keepalive),
        "first": time(c.first), "last": time(c.last), "seen": c.seen, "age_ns": c.age, "idle_ns": c.idle, "left_ns": c.left,
        "unanswered_probes": c.unanswered,
    }  # fmt: skip
