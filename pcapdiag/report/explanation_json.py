"""An explanation as plain data for JSON, in the words of the report's own (see ``document.py`` and ``facts.py``)."""

from __future__ import annotations

from pcapdiag.report.document import capture_file, finding
from pcapdiag.report.explanation import Explanation, Incarnation, Judged
from pcapdiag.report.facts import Json, connection, endpoint, period, ref
from pcapdiag.report.ladder import Step
from pcapdiag.rules.types import Reading

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 1


def document(e: Explanation) -> Json:
    """All of it."""
    return {
        "schema_version": SCHEMA_VERSION, "min_idle_ns": e.min_idle, "asked": e.asked,
        "incarnations": [_incarnation(i, e) for i in e.incarnations], "files": [capture_file(f) for f in e.files],
    }  # fmt: skip


def _incarnation(i: Incarnation, e: Explanation) -> Json:
    return {
        "connection": connection(i.connection), "segments": i.segments, "steps": [_step(s) for s in i.steps],
        "periods": [_judged(j, e) for j in i.periods],
    }  # fmt: skip


def _step(s: Step) -> Json:
    t = s.segment
    return {
        "record": ref(t.ref), "stream": t.stream, "source": endpoint(t.source), "target": endpoint(t.target),
        "seen": str(t.seen), "seq": t.seq, "ack": t.ack, "relative_seq": s.seq, "relative_ack": s.ack, "flags": t.flags,
        "window": t.window, "length": t.length, "ttl": t.ttl, "ip_id": t.ip_id, "via": t.via,
        "icmp": None if t.icmp is None else {"type": t.icmp[0], "code": t.icmp[1]}, "after_ns": s.after, "omitted": s.omitted,
    }  # fmt: skip


def _judged(j: Judged, e: Explanation) -> Json:
    found = None if j.finding is None else finding(j.finding, e)
    return {"period": period(j.period), "finding": found, "readings": [_reading(r) for r in j.readings]}


def _reading(r: Reading) -> Json:
    return {
        "rule": r.rule, "name": r.name, "leads": r.leads, "held": list(r.held), "failed": r.failed, "yielded_to": r.yielded_to,
    }  # fmt: skip
