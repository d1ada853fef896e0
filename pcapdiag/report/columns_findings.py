"""What a table shows of a finding and of an idle period: one row each.

The first columns are those that people read; what programs compare, and where each frame lies, comes behind.
"""

from __future__ import annotations

from collections.abc import Callable

from pcapdiag.engine.types import Connection, IdlePeriod, RecordRef, SegmentFacts
from pcapdiag.report.columns import CONNECTION, COUNT, FLAG, GAP, JOINS, TEXT, TIME, Column, via
from pcapdiag.report.filters import display_filter, proof
from pcapdiag.report.model import Report, group_of
from pcapdiag.rules.types import Finding

_FRAME: tuple[Column[RecordRef], ...] = (Column("frame", COUNT, lambda r: r.frame),)
_PLACE: tuple[Column[RecordRef], ...] = (
    Column("file", COUNT, lambda r: r.file),
    Column("time", TIME, lambda r: r.time),
)
_SEGMENT: tuple[Column[SegmentFacts], ...] = (
    Column("seq", COUNT, lambda s: s.seq),
    Column("ack", COUNT, lambda s: s.ack),
    Column("window", COUNT, lambda s: s.window),
    Column("ttl", COUNT, lambda s: s.ttl),
    Column("ip_id", COUNT, lambda s: s.ip_id),
    Column("dont_fragment", FLAG, lambda s: s.dont_fragment),
    Column("timestamps", FLAG, lambda s: s.timestamps),
    Column("via", COUNT, lambda s: s.via),
    Column("link_type", COUNT, lambda s: s.link_type),
)

#: The records that a period names, by the part they play: what begins the names of their columns.
_RECORDS: dict[str, Callable[[IdlePeriod], RecordRef | None]] = {
    "start": lambda p: p.start,
    "wake": lambda p: p.wake.first.ref,
    "answer": lambda p: p.answer.first.ref if p.answer else None,
    "fin": lambda p: p.peer_fin,
    "last_before": lambda p: p.last_before,
    "last_sent": lambda p: p.wake.last_sent,
    "own_fin": lambda p: p.wake.own_fin,
    "went_on": lambda p: p.answer.went_on if p.answer else None,
    "heard": lambda p: p.heard,
    "ended": lambda p: p.ended,
}


def _connection(p: IdlePeriod) -> Connection:
    return p.connection


def _wake(p: IdlePeriod) -> SegmentFacts:
    return p.wake.first


def _answer(p: IdlePeriod) -> SegmentFacts | None:
    return p.answer.first if p.answer else None


def _period(f: Finding) -> IdlePeriod:
    return f.period


_PLAIN: tuple[Column[IdlePeriod], ...] = (
    Column("time", TIME, lambda p: p.wake.first.ref.time),
    *via(_connection, CONNECTION),
    Column("point", COUNT, lambda p: p.connection.point),
    Column("connection", COUNT, lambda p: p.connection.id),
    Column("file", COUNT, lambda p: p.file),
    Column("stream", COUNT, lambda p: p.stream),
    Column("kind", TEXT, lambda p: p.kind),
    Column("outcome", TEXT, lambda p: p.outcome),
    Column("idle", FLAG, lambda p: p.idle),
    Column("gap", GAP, lambda p: p.gap),
    Column("bound", TEXT, lambda p: p.bound),
    Column("silence", GAP, lambda p: p.silence),
    Column("client_probes", COUNT, lambda p: p.probes[0]),
    Column("server_probes", COUNT, lambda p: p.probes[1]),
    Column("fin", TEXT, lambda p: p.fin),
    Column("fin_acknowledged", FLAG, lambda p: p.fin_acknowledged),
    Column("cut_short", FLAG, lambda p: p.cut_short),
    Column("clock_back", GAP, lambda p: p.clock_back),
    Column("sent_bytes", COUNT, lambda p: p.wake.length),
    Column("heartbeat", FLAG, lambda p: p.wake.heartbeat),
    Column("retransmissions", COUNT, lambda p: p.wake.retransmissions),
    Column("answer", TEXT, lambda p: p.answer and p.answer.kind),
    Column("answer_flags", COUNT, lambda p: p.answer and p.answer.first.flags),
    Column("answer_delay", GAP, lambda p: p.answer and p.answer.delay),
    *(c for name, get in _RECORDS.items() for c in via(get, _FRAME, f"{name}_")),
    *via(_connection, JOINS),
)

_FINE: tuple[Column[IdlePeriod], ...] = (
    Column("sender", TEXT, lambda p: p.sender),
    Column("last_speaker", TEXT, lambda p: p.last_speaker),
    Column("last_by", TEXT, lambda p: p.last_by),
    Column("silence_first", GAP, lambda p: p.silence_first),
    Column("silence_answered", GAP, lambda p: p.silence_answered),
    Column("missed_waking", COUNT, lambda p: p.missed[0]),
    Column("missed_peer", COUNT, lambda p: p.missed[1]),
    Column("hole", FLAG, lambda p: p.hole),
    Column("wake", TEXT, lambda p: p.wake.kind),
    Column("wake_flags", COUNT, lambda p: p.wake.first.flags),
    Column("wake_length", COUNT, lambda p: p.wake.first.length),
    Column("wake_segments", COUNT, lambda p: p.wake.segments),
    *via(_wake, _SEGMENT, "wake_"),
    Column("answer_length", COUNT, lambda p: p.answer and p.answer.first.length),
    Column("answer_count", COUNT, lambda p: p.answer and p.answer.count),
    Column("answer_acknowledges", FLAG, lambda p: p.answer and p.answer.acknowledges),
    Column("acknowledged", TIME, lambda p: p.answer and p.answer.acknowledged),
    Column("icmp_type", COUNT, lambda p: p.answer and p.answer.icmp_type),
    Column("icmp_code", COUNT, lambda p: p.answer and p.answer.icmp_code),
    *via(_answer, _SEGMENT, "answer_"),
    Column("peer_ttl", COUNT, lambda p: p.peer.ttl),
    Column("peer_ip_id", COUNT, lambda p: p.peer.ip_id),
    Column("peer_dont_fragment", FLAG, lambda p: p.peer.dont_fragment),
    Column("peer_via", COUNT, lambda p: p.peer.via),
    Column("peer_window", COUNT, lambda p: p.peer.window),
    Column("peer_timestamps", FLAG, lambda p: p.peer.timestamps),
    Column("round_trip", GAP, lambda p: p.peer.round_trip),
    *(c for name, get in _RECORDS.items() for c in via(get, _PLACE, f"{name}_")),
)

PERIODS: tuple[Column[IdlePeriod], ...] = (*_PLAIN, *_FINE)


def finding_columns(report: Report) -> tuple[Column[Finding], ...]:
    """The columns of a finding: its verdict, all of its idle period, where to look in Wireshark."""
    return (
        Column("group", TEXT, group_of),
        Column("rule", TEXT, lambda f: f.rule),
        Column("name", TEXT, lambda f: f.name),
        Column("severity", TEXT, lambda f: f.severity),
        Column("confidence", TEXT, lambda f: f.confidence),
        Column("proved", FLAG, lambda f: f.proved),
        *via(_period, _PLAIN),
        Column("sent", TEXT, lambda f: f.sent.label),
        Column("protocol", TEXT, lambda f: f.sent.protocol),
        Column("farewell", TEXT, lambda f: f.sent.farewell),
        Column("rst_sender", TEXT, lambda f: f.origin and f.origin.sender),
        Column("doubts", TEXT, lambda f: " ".join(d.code for d in f.doubts) or None),
        Column("reasons", TEXT, lambda f: "; ".join(f.reasons) or None),
        Column("against", TEXT, lambda f: "; ".join(f.against) or None),
        Column("compared", TEXT, lambda f: "; ".join(f.compared) or None),
        Column("twins", COUNT, lambda f: len(f.twins)),
        Column("file_name", TEXT, lambda f: report.file_name(f.period.file)),
        Column("display_filter", TEXT, lambda f: display_filter(
            p.ref for p in proof(f.period) if p.ref.file == f.period.file)),
        *via(_period, _FINE),
        Column("anonymized", FLAG, lambda _: report.anonymized is not None),
    )  # fmt: skip
