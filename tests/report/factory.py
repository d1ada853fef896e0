"""Findings, periods, services and files by hand: every fact a renderer may show, easy to find again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcapdiag.engine.types import (
    Answer,
    AnswerKind,
    Bound,
    Connection,
    Endpoint,
    Extreme,
    FileFacts,
    Fin,
    IdlePeriod,
    Outcome,
    PeerFacts,
    RecordRef,
    RolesFrom,
    Seen,
    SegmentFacts,
    Service,
    Totals,
    Traced,
    Wake,
    WakeKind,
)
from pcapdiag.inference.types import FailedSilence, Pattern, ServiceView
from pcapdiag.report.excerpt import Excerpt, Successor
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import CaptureFile
from pcapdiag.rules.types import Confidence, Finding, Sent, Severity

T0 = 1_700_000_000_123_456_789  # 2023-11-14T22:13:20.123456789Z
MS, S = 1_000_000, 1_000_000_000
RST, ACK, PSH = 0x04, 0x10, 0x08
CLIENT, SERVER = Endpoint("10.1.2.3", 51234), Endpoint("10.0.0.1", 443)


def ref(frame: int, time: int = T0, file: int = 0) -> RecordRef:
    """A record."""
    return RecordRef(file, frame, time)


def segment(at: RecordRef, flags: int = ACK | PSH, length: int = 80) -> SegmentFacts:
    """What a segment said; a RST as Linux sends it without a socket."""
    rst = bool(flags & RST)
    return SegmentFacts(
        ref=at, seq=0xFFFFFF00, ack=4242, flags=flags, window=0 if rst else 501, length=length,
        ttl=64, ip_id=0 if rst else 7, dont_fragment=True, timestamps=not rst, via=0, link_type=1,
        head=b"\x00" * 54,
    )  # fmt: skip


def connection(client: Endpoint = CLIENT, server: Endpoint = SERVER, **other: Any) -> Connection:
    """A connection with a handshake."""
    facts = Connection(
        point=0, id=7, client=client, server=server, roles_from=RolesFrom.SYN, file=0, stream=12,
        first=ref(1, T0 - 400 * S), last=ref(15), handshake=True, packets=(9, 8), payload=(200, 900),
        retransmissions=(0, 1), copies=0, probes=(0, 0), idle_periods=2, fin=(False, False),
        rst=(False, True),
        history="ShADadr",
    )  # fmt: skip
    return replace(facts, **other)


def period(
    gap: int = 350_104 * MS,
    at: int = T0,
    frames: tuple[int, int, int] = (10, 14, 15),
    *,
    delay: int = 20_100_000,
    flags: int = RST,
    file: int = 0,
    length: int = 80,
    conn: Connection | None = None,
    **other: Any,
) -> IdlePeriod:
    """An idle period that ends with a request answered by a bare RST."""
    conn = conn or connection()
    before, sent = ref(frames[0], at - gap, file), ref(frames[1], at, file)
    back = ref(frames[2], at + delay, file)
    wake = Wake(
        kind=WakeKind.PAYLOAD, first=segment(sent, length=length), payload=b"GET / HTTP/1.1\r\n",
        length=length, segments=1, retransmissions=0, last_sent=sent, own_fin=None, heartbeat=False,
    )  # fmt: skip
    answer = Answer(
        kind=AnswerKind.RST, first=segment(back, flags, 0), delay=delay, count=1, acknowledges=False,
        acknowledged=None, icmp_type=None, icmp_code=None,
    )  # fmt: skip
    silence = max(gap - 40 * MS, 0)
    facts = IdlePeriod(
        connection=conn, file=file, stream=conn.stream, outcome=Outcome.RESET, sender="client",
        last_speaker="server", start=before, gap=gap, bound=Bound.EXACT, silence=silence,
        silence_first=silence, silence_answered=silence,
        last_before=ref(frames[0] + 1, at - silence, file), probes=(0, 0), fin=Fin.EXCLUDED,
        peer_fin=None, missed=(0, 0), hole=False, wake=wake, answer=answer,
        peer=PeerFacts(ttl=63, ip_id=99, dont_fragment=True, via=0, window=501, timestamps=True, round_trip=20 * MS),
        ended=back,
    )  # fmt: skip
    return replace(facts, **other)


def finding(p: IdlePeriod | None = None, label: str | None = "GET /orders/17 HTTP/1.1", **other: Any) -> Finding:
    """A certain IDLE101."""
    p = p or period()
    facts = Finding(
        rule="IDLE101",
        name="reset-after-idle",
        severity=Severity.FAILURE,
        period=p,
        sent=Sent(p.wake.length, label, "http", farewell=None),
        confidence=Confidence.CERTAIN,
        proved=True,
        reasons=("the request acknowledges everything the server sent, and no FIN", "the RST is bare"),
        against=(),
    )
    return replace(facts, **other)


def extreme(length: int, frame: int = 1204, *, lower_bound: bool = False, file: int = 0) -> Extreme:
    """A silence that stands out."""
    return Extreme(length, lower_bound, ref(frame - 4, file=file), ref(frame, file=file))


def service(endpoint: Endpoint = SERVER, **other: Any) -> Service:
    """A service with 412 survived silences."""
    facts = Service(
        endpoint=endpoint, connections=38, idle_periods=415,
        outcomes={Outcome.SURVIVED: 412, Outcome.RESET: 3}, survived=412, histogram=(300, 100, 10, 2),
        longest_survived=extreme(349_980 * MS), probes=(0, 0), probed=0,
    )  # fmt: skip
    return replace(facts, **other)


def view(facts: Service | None = None, **other: Any) -> ServiceView:
    """What the silences of a service with a timeout of 350 s look like."""
    facts = facts or service()
    whole = ServiceView(
        service=facts,
        incidents=3,
        longest_survived=facts.longest_survived,
        shortest_failed=FailedSilence(350_064 * MS, 350_064 * MS, False, ref(14)),
        failed_beyond=3,
        total_beyond=3,
        total_is_lower_bound=False,
        pattern=Pattern.TIMER,
        pattern_reason="every silence that failed is longer than every one that survived",
    )
    return replace(whole, **other)


def quiet(endpoint: Endpoint, longest: int, **other: Any) -> ServiceView:
    """A service that lost nothing."""
    return view(
        service(endpoint, longest_survived=extreme(longest, 71), **other),
        incidents=0,
        shortest_failed=None,
        failed_beyond=0,
        total_beyond=0,
        pattern=Pattern.NONE,
        pattern_reason="",
    )


def file_facts(**other: Any) -> FileFacts:
    """What a whole capture file held."""
    facts = FileFacts(
        records=14_201, segments=12_000, skipped={"UDP": 2_000, "ARP": 201}, first_time=T0 - 400 * S,
        last_time=T0 + 3_600 * S, longest_pause=12 * S, clock_back=0, clock_back_most=0, format="pcap",
        link_types=("Ethernet",), interfaces=1, snap_length=96, truncated=3, untimed=0,
        reported_drops=None, damage=None,
    )  # fmt: skip
    return replace(facts, **other)


def capture_file(name: str = "podA.pcap", facts: FileFacts | None = None, **other: Any) -> CaptureFile:
    """A capture file as it was read."""
    whole = CaptureFile(name=name, point=0, compression=None, facts=facts or file_facts(), hole_before=None, error=None)
    return replace(whole, **other)


def totals(**other: Any) -> Totals:
    """Sums of one capture point."""
    facts = Totals(
        connections=1_204, evicted_closed=0, evicted_open=0, copies=0, retransmissions=17, probes=0,
        strays=0, syn_seen=1_190, one_sided=0,
        outcomes={Outcome.SURVIVED: 5_300, Outcome.RESET: 3, Outcome.CLOSED: 7}, still_idle=9,
        longest_survived=extreme(349_980 * MS),
    )  # fmt: skip
    return replace(facts, **other)


def step(at: RecordRef, *, client: bool, flags: int = ACK, length: int = 0, seen: Seen = Seen.ACK, omitted: int = 0) -> Step:
    """A packet of an excerpt, without its bytes."""
    ends = (CLIENT, SERVER) if client else (SERVER, CLIENT)
    facts = Traced(
        connection=7, ref=at, stream=12, source=ends[0], target=ends[1], seq=1000, ack=4242, flags=flags, window=501,
        length=length, ttl=64, ip_id=7, via=0, seen=seen, icmp=None,
    )  # fmt: skip
    return Step(facts, 1, 1, MS, omitted)


def excerpt(of: IdlePeriod) -> Excerpt:
    """The packets that prove a period, and the beginning of the next connection."""
    assert of.start
    assert of.answer
    wake, answer = of.wake.first.ref, of.answer.first.ref
    steps = (
        step(of.start, client=False, flags=ACK | PSH, length=900, seen=Seen.PAYLOAD, omitted=9),
        step(wake, client=True, flags=ACK | PSH, length=80, seen=Seen.PAYLOAD, omitted=3),
        step(answer, client=False, flags=RST, seen=Seen.RST),
    )
    begun = step(ref(answer.frame + 1, answer.time + MS), client=True, flags=0x02, seen=Seen.SYN)
    return Excerpt(of.connection, (wake,), steps, 20, Successor(connection(id=8, stream=13), (begun,), 12))
