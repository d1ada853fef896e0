"""The report as plain data, shared by the JSON renderers; ``schema.json`` describes it field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcapdiag.engine.types import Connection, IdlePeriod, Traced
from pcapdiag.inference.events import sentence
from pcapdiag.inference.types import Event, ServiceView
from pcapdiag.report.cause_json import bracket
from pcapdiag.report.excerpt import Excerpt
from pcapdiag.report.facts import (
    Json,
    closings,
    connection,
    endpoint,
    extreme,
    failed_silence,
    keepalive,
    outcomes,
    period,
    ref,
    sides,
    time,
)
from pcapdiag.report.filters import display_filters, proof
from pcapdiag.report.headline import cured, headline
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import CaptureFile, FileNames, Group, Point, Report
from pcapdiag.rules.types import Finding, Origin

#: Raised when a field changes its meaning or goes; a new field does not raise it.
SCHEMA_VERSION = 2


def view(p: IdlePeriod, names: FileNames) -> Json:
    """An idle period with the frames that prove it, and the display filter for each file that holds some."""
    frames = [
        {"role": f.role, "file": f.ref.file, "file_name": names.file_name(f.ref.file), "frame": f.ref.frame,
         "time": time(f.ref.time)}
        for f in proof(p)
    ]  # fmt: skip
    filters = [{"file": i, "file_name": names.file_name(i), "filter": text} for i, text in display_filters(p)]
    return {"frames": frames, "filters": filters, "period": period(p)}


def origin(o: Origin) -> Json:
    """Who sent the RST, by which signals."""
    signals = [
        {"name": s.name, "values": s.values, "points_to": None if s.points_to is None else str(s.points_to)}
        for s in o.signals
    ]  # fmt: skip
    return {"sender": str(o.sender), "signals": signals}


def finding(f: Finding, names: FileNames) -> Json:
    """One verdict with its proof and twins."""
    farewell = f.sent.farewell
    return {
        "rule": f.rule, "name": f.name, "severity": str(f.severity), "kind": f.period.kind,
        "confidence": str(f.confidence), "proved": f.proved, "reasons": list(f.reasons), "against": list(f.against),
        "doubts": [{"code": d.code, "text": d.text, "most": None if d.most is None else str(d.most)} for d in f.doubts],
        "origin": None if f.origin is None else origin(f.origin), "compared": list(f.compared),
        "sent": {"length": f.sent.length, "label": f.sent.label, "protocol": f.sent.protocol,
                 "farewell": None if farewell is None else str(farewell),
                 "purpose": None if f.sent.purpose is None else str(f.sent.purpose)},
        **view(f.period, names),
        "twins": [view(t, names) for t in f.twins],
    }  # fmt: skip


def service(v: ServiceView, edges: tuple[int, ...]) -> Json:
    """One service's silences; buckets of the histograms that hold nothing are left out."""
    s = v.service
    ends = (*edges[1:], None)

    def buckets(counts: tuple[int, ...], name: str) -> list[Json]:
        found = zip(edges, ends, counts, strict=False)  # edges may hold the end of the last bucket, or not
        return [{"from_ns": a, "to_ns": b, name: n} for a, b, n in found if n]

    closed = [buckets(counts, "closed") for counts in s.closed_histogram]
    return {
        "endpoint": endpoint(s.endpoint), "connections": s.connections, "idle_periods": s.idle_periods,
        "incidents": v.incidents, "outcomes": outcomes(s.outcomes), "survived": s.survived,
        "histogram": buckets(s.histogram, "survived"),
        "longest_survived": extreme(v.longest_survived),
        "shortest_failed": failed_silence(v.shortest_failed),
        "failed_beyond": v.failed_beyond, "total_beyond": v.total_beyond,
        "total_is_lower_bound": v.total_is_lower_bound, "not_shown": v.not_shown, "probes": sides(s.probes),
        "probed_connections": s.probed, "longest_probed": extreme(s.longest_probed),
        "keepalives": [keepalive(k) for k in s.keepalives],
        "closings": {"client": closings(s.closings[0]), "server": closings(s.closings[1])},
        "closed_histogram": {"client": closed[0], "server": closed[1]},
        "silent_at_end_ns": s.silent_at_end, "resets_without_idle": s.resets_without_idle, "refused": s.refused,
        "pattern": str(v.pattern), "pattern_reason": v.pattern_reason,
    }  # fmt: skip


def event(e: Event) -> Json:
    """Failures that came together."""
    return {
        "start": time(e.start), "end": time(e.end), "failures": e.failures, "shortest_ns": e.shortest,
        "longest_ns": e.longest, "services": [endpoint(s) for s in e.services], "or_timer": e.or_timer,
        "text": sentence(e),
    }  # fmt: skip


def capture_file(f: CaptureFile) -> Json:
    """One file as it was read."""
    x, damage = f.facts, f.facts.damage
    return {
        "name": f.name, "point": f.point if f.point >= 0 else None, "compression": f.compression, "format": x.format,
        "link_types": list(x.link_types), "interfaces": x.interfaces, "snap_length": x.snap_length,
        "records": x.records, "segments": x.segments, "skipped": dict(x.skipped), "truncated": x.truncated,
        "untimed": x.untimed, "reported_drops": x.reported_drops, "first": time(x.first_time),
        "last": time(x.last_time), "longest_pause_ns": x.longest_pause, "clock_back": x.clock_back,
        "clock_back_most_ns": x.clock_back_most, "hole_before_ns": f.hole_before, "error": f.error, "sha256": f.sha256,
        "damage": None if damage is None else {
            "offset": damage.offset, "frame": damage.frame, "reason": damage.reason},
    }  # fmt: skip


def point(p: Point) -> Json:
    """One capture point."""
    t = p.totals
    return {
        "files": list(p.files), "connections": t.connections, "evicted_closed": t.evicted_closed,
        "evicted_open": t.evicted_open, "copies": t.copies, "retransmissions": t.retransmissions,
        "probes": t.probes, "strays": t.strays, "syn_seen": t.syn_seen, "one_sided": t.one_sided,
        "outcomes": outcomes(t.outcomes), "still_idle": t.still_idle,
        "longest_survived": extreme(t.longest_survived), "resets_without_idle": t.resets_without_idle,
        "refused": t.refused,
    }  # fmt: skip


def steps(connection: Connection, shown: Sequence[Step], evidence: Mapping[tuple[int, int], int]) -> list[Json]:
    """Packets of a connection, with relative numbers, and their frames in the evidence; their bytes are not told."""
    return [
        {**traced(connection, s.segment), "seq": s.seq, "ack": s.ack, "after_ns": s.after, "omitted": s.omitted,
         "evidence_frame": evidence.get((s.segment.ref.file, s.segment.ref.frame))}
        for s in shown
    ]  # fmt: skip


def traced(connection: Connection, s: Traced) -> Json:
    """One segment of a connection, or the ICMP error that quotes it."""
    return {
        "record": ref(s.ref), "stream": s.stream, "from": "client" if s.source == connection.client else "server",
        "flags": s.flags, "raw_seq": s.seq, "raw_ack": s.ack, "length": s.length, "window": s.window, "ttl": s.ttl,
        "ip_id": s.ip_id, "via": s.via, "seen": str(s.seen), "link_type": s.link_type, "original": s.original,
        "icmp": None if s.icmp is None else {"type": s.icmp[0], "code": s.icmp[1]},
    }  # fmt: skip


def excerpt(e: Excerpt, evidence: Mapping[tuple[int, int], int]) -> Json:
    """The packets around the incidents of one connection."""
    n = e.successor
    return {
        "connection": connection(e.connection), "wakes": [ref(w) for w in e.wakes], "segments": e.segments,
        "steps": steps(e.connection, e.steps, evidence),
        "successor": None if n is None else {
            "connection": connection(n.connection), "segments": n.segments, "steps": steps(n.connection, n.steps, evidence)},
    }  # fmt: skip


def head(r: Report) -> Json:
    """Who speaks, what was asked, and the answer."""
    rules: dict[str, int] = {}
    for f in r.findings:
        rules[f.rule] = rules.get(f.rule, 0) + 1
    return {
        "schema_version": SCHEMA_VERSION, "tool": {"name": "pcapdiag", "version": r.version},
        "headline": headline(r), "cure": cured(r),
        "anonymized": None if r.anonymized is None else {"dropped": r.anonymized.dropped},
        "options": {"min_idle_ns": r.options.min_idle, "max_connections": r.options.max_connections,
                    "filters": list(r.options.filters), "select": list(r.options.select),
                    "ignore": list(r.options.ignore), "show_harmless": r.options.show_harmless},
        "counts": {
            "findings": len(r.findings), "incidents": len(r.incidents), "context": len(r.context),
            "rules": dict(sorted(rules.items())), "unproved": len(r.unproved), "heartbeats": len(r.heartbeats),
            "harmless": len(r.harmless), "dropped": r.dropped_findings},
        "events": [event(e) for e in r.events],
    }  # fmt: skip


def groups(r: Report) -> dict[Group, tuple[Finding, ...]]:
    """The findings by what they count as."""
    return {
        Group.FINDINGS: r.findings, Group.UNPROVED: r.unproved, Group.HEARTBEATS: r.heartbeats, Group.HARMLESS: r.harmless,
    }  # fmt: skip


def joins(r: Report) -> Json | None:
    """What else the user has, and the story that all of it tells."""
    if r.joins is None:
        return None
    from pcapdiag.report.story_json import document  # only who has more than captures pays for it

    return document(r)


def tail(r: Report) -> Json:
    """What the services' silences say, what was read, and what limits it."""
    span = r.span
    return {
        "services": [service(v, r.histogram_edges) for v in r.services],
        "overall": None if r.overall is None else bracket(r.overall),
        "joins": joins(r),
        "capture": {
            "records": r.records, "segments": r.segments, "skipped": r.skipped, "connections": r.connections,
            "idle_periods": r.idle_periods, "outcomes": outcomes(r.outcomes), "verdicts": dict(r.verdicts),
            "undecided": r.undecided, "resets_without_idle": r.resets_without_idle, "refused": r.refused,
            "longest_survived": extreme(r.longest_survived),
            "first": time(span[0]) if span else None, "last": time(span[1]) if span else None,
            "files": [capture_file(f) for f in r.files], "points": [point(p) for p in r.points]},
        "excerpts": [excerpt(e, r.evidence) for e in r.excerpts],
        "limits": [{"code": x.code, "text": x.text, "count": x.count} for x in r.limits],
    }  # fmt: skip
