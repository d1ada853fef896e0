"""What the engine saw, as plain data for JSON; ``schema.json`` describes it field by field.

Times stand as integers of nanoseconds beside ISO 8601 with zone, durations as integers whose names end in
``_ns``. Payload and header bytes are private and stay out; of what was sent only the label is shown.
"""

from __future__ import annotations

from typing import Any

from pcapdiag.engine.types import (
    Answer,
    Closings,
    Connection,
    Endpoint,
    Extreme,
    IdlePeriod,
    Keepalive,
    Outcome,
    PeerFacts,
    Probing,
    RecordRef,
    SegmentFacts,
    Wake,
)
from pcapdiag.inference.types import FailedSilence
from pcapdiag.report.community import community_id
from pcapdiag.report.times import iso
from pcapdiag.report.zeek import conn_state, history

_RST_ONLY = 0x04

Json = dict[str, Any]  # Any: JSON's own shape; the schema is what holds it to account


def time(ns: int | None) -> Json | None:
    """A time, twice."""
    return None if ns is None else {"ns": ns, "iso": iso(ns)}


def ref(at: RecordRef | None) -> Json | None:
    """A record."""
    return None if at is None else {"file": at.file, "frame": at.frame, "time": time(at.time)}


def endpoint(end: Endpoint) -> Json:
    """An address and a port."""
    return {"address": end.address, "port": end.port}


def sides(pair: tuple[int, int] | tuple[bool, bool]) -> Json:
    """What is counted for each side."""
    return {"client": pair[0], "server": pair[1]}


def segment(s: SegmentFacts) -> Json:
    """One segment's header."""
    return {
        "record": ref(s.ref), "seq": s.seq, "ack": s.ack, "flags": s.flags, "window": s.window,
        "length": s.length, "ttl": s.ttl, "ip_id": s.ip_id, "dont_fragment": s.dont_fragment,
        "timestamps": s.timestamps, "via": s.via, "link_type": s.link_type,
    }  # fmt: skip


def wake(w: Wake) -> Json:
    """What ended an idle period."""
    return {
        "kind": str(w.kind), "first": segment(w.first), "length": w.length, "segments": w.segments,
        "retransmissions": w.retransmissions, "last_sent": ref(w.last_sent), "own_fin": ref(w.own_fin),
        "heartbeat": w.heartbeat,
    }  # fmt: skip


def answer(a: Answer) -> Json:
    """What came back."""
    return {
        "kind": str(a.kind), "bare": a.kind == "rst" and a.first.flags == _RST_ONLY,
        "first": segment(a.first), "delay_ns": a.delay, "count": a.count, "acknowledges": a.acknowledges,
        "acknowledged": time(a.acknowledged), "icmp_type": a.icmp_type, "icmp_code": a.icmp_code,
        "went_on": ref(a.went_on),
    }  # fmt: skip


def peer(p: PeerFacts) -> Json:
    """What a RST is compared with."""
    return {
        "ttl": p.ttl, "ip_id": p.ip_id, "dont_fragment": p.dont_fragment, "via": p.via, "window": p.window,
        "timestamps": p.timestamps, "round_trip_ns": p.round_trip,
    }  # fmt: skip


def connection(c: Connection) -> Json:
    """One incarnation of a 4-tuple."""
    return {
        "point": c.point, "id": c.id, "client": endpoint(c.client), "server": endpoint(c.server),
        "roles_from": str(c.roles_from), "file": c.file, "stream": c.stream, "first": ref(c.first),
        "last": ref(c.last), "handshake": c.handshake, "packets": sides(c.packets),
        "payload": sides(c.payload), "retransmissions": sides(c.retransmissions), "copies": c.copies,
        "probes": sides(c.probes), "idle_periods": c.idle_periods, "fin": sides(c.fin), "rst": sides(c.rst),
        "survived": c.survived, "longest_survived": extreme(c.longest_survived),
        "probing": {"client": probing(c.probing[0]), "server": probing(c.probing[1])},
        "community_id": community_id(c.client, c.server), "conn_state": conn_state(c), "history": history(c),
    }  # fmt: skip


def probing(p: Probing) -> Json:
    """How one side of a connection probed."""
    return {"probes": p.probes, "answered": p.answered, "after_ns": p.after, "every_ns": p.every}


def keepalive(k: Keepalive) -> Json:
    """Connections on which the same side probed alike."""
    return {
        "side": k.side, "after_ns": k.after, "every_ns": k.every, "connections": k.connections, "probes": k.probes,
        "answered": k.answered,
    }  # fmt: skip


def closings(c: Closings) -> Json:
    """Idle periods that one side ended with a FIN."""
    return {"periods": c.periods, "shortest": extreme(c.shortest), "longest": extreme(c.longest)}


def period(p: IdlePeriod) -> Json:
    """One idle period."""
    return {
        "kind": p.kind, "outcome": str(p.outcome), "file": p.file, "stream": p.stream, "sender": p.sender,
        "last_speaker": p.last_speaker, "start": ref(p.start), "gap_ns": p.gap, "bound": str(p.bound),
        "silence_ns": p.silence, "silence_first_ns": p.silence_first,
        "silence_answered_ns": p.silence_answered, "last_before": ref(p.last_before),
        "probes": sides(p.probes), "fin": str(p.fin), "peer_fin": ref(p.peer_fin),
        "missed": {"waking": p.missed[0], "peer": p.missed[1]}, "hole": p.hole, "wake": wake(p.wake),
        "answer": None if p.answer is None else answer(p.answer), "peer": peer(p.peer), "ended": ref(p.ended),
        "idle": p.idle, "last_by": p.last_by, "fin_acknowledged": p.fin_acknowledged, "heard": ref(p.heard),
        "cut_short": p.cut_short, "clock_back_ns": p.clock_back,
        "connection": connection(p.connection),
    }  # fmt: skip


def extreme(e: Extreme | None) -> Json | None:
    """A silence that stands out."""
    if e is None:
        return None
    ends = {"before": ref(e.before), "ended": ref(e.ended)}
    return {"length_ns": e.length, "lower_bound": e.lower_bound, **ends}


def failed_silence(f: FailedSilence | None) -> Json | None:
    """A silence that failed."""
    if f is None:
        return None
    return {"after_ns": f.after, "length_ns": f.length, "lower_bound": f.lower_bound, "ended": ref(f.ended)}


def outcomes(counts: dict[Outcome, int]) -> Json:
    """Idle periods by how they ended, every outcome named."""
    return {str(o): counts.get(o, 0) for o in Outcome}
