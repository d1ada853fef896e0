"""Whole reports by hand: an ordinary one, one that found nothing, very many findings, one of everything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcapdiag.advice.types import Advice, Snippet
from pcapdiag.engine.types import Bound, Damage, Endpoint, Fin, IdlePeriod, Outcome, Totals
from pcapdiag.inference.types import Event, FailedSilence, Fit, Pattern
from pcapdiag.report.model import Anonymized, CaptureFile, Options, Point, Report
from pcapdiag.rules.types import Confidence, Finding, Limit
from tests.report import beside, causes, kinds
from tests.report.factory import (
    ACK,
    MS,
    RST,
    SERVER,
    T0,
    S,
    capture_file,
    connection,
    excerpt,
    extreme,
    file_facts,
    finding,
    period,
    quiet,
    ref,
    service,
    totals,
    view,
)

EDGES = (S, 2 * S, 10 * S, 60 * S, 600 * S)
V6_CLIENT = Endpoint("2001:db8:85a3:1234:5678:8a2e:370:7334", 51234)
V6_SERVER = Endpoint("2001:db8:85a3:ffff:5678:8a2e:370:1", 8443)


def report(**other: Any) -> Report:
    """Three resets of one service, beside a quiet one."""
    second = connection(Endpoint("10.1.2.4", 40112), stream=19)
    third = connection(Endpoint("10.1.2.9", 60001), stream=40, handshake=False)
    facts = Report(
        version="0.1.0",
        options=Options(S, 1_000_000),
        files=(capture_file(),),
        points=(Point((0,), totals()),),
        findings=(
            finding(),
            finding(
                period(351_200 * MS, T0 + 90 * S, (20, 24, 25), delay=312_000, conn=second),
                "POST /orders HTTP/1.1",
            ),
            finding(
                period(
                    412_007 * MS, T0 + 700 * S, (900, 1312, 1313),
                    bound=Bound.LOWER, start=None, conn=third, length=1_517,
                ),
                "TLS application data",
                confidence=Confidence.LIKELY,
                against=("the connection was first seen at its request, so the gap is only a lower bound",),
            ),
        ),
        unproved=(),
        heartbeats=(),
        harmless=(),
        dropped_findings=0,
        verdicts={"IDLE101": 3},
        undecided=0,
        events=(),
        services=(view(), quiet(Endpoint("10.0.0.7", 5432), 1_800 * S, probes=(28, 0), probed=4)),
        limits=(),
        histogram_edges=EDGES,
        causes=(causes.timer(view()),),
        advice=(causes.advice(causes.timer(view())),),
    )  # fmt: skip
    if "findings" in other or "services" in other:  # what lies behind them is another
        facts = replace(facts, causes=(), advice=())
    return replace(facts, **other)


def empty() -> Report:
    """Nothing was found."""
    survived = replace(totals(), outcomes={Outcome.SURVIVED: 5_303, Outcome.CLOSED: 7})
    return report(
        findings=(), verdicts={}, points=(Point((0,), survived),), services=(quiet(SERVER, 349_980 * MS),),
    )  # fmt: skip


def crowd(incidents: int = 120, services: int = 3) -> Report:
    """Very many incidents, spread over services."""
    found, views = [], []
    for s in range(services):
        server = Endpoint(f"10.0.{s}.1", 443)
        mine = [_one_of_many(i, server) for i in range(s, incidents, services)]
        found += mine
        counts = {"incidents": len(mine), "failed_beyond": len(mine), "total_beyond": len(mine)}
        views.append(view(service(server), **counts))
    found.sort(key=lambda f: f.period.wake.first.ref.time)
    return report(findings=tuple(found), services=tuple(views))


def _one_of_many(i: int, server: Endpoint) -> Finding:
    conn = connection(Endpoint("10.1.2.3", 20_000 + i), server, stream=i)
    frames = (10 * i + 1, 10 * i + 5, 10 * i + 6)
    return finding(period(350_000 * MS + i * MS, T0 + i * S, frames, conn=conn))


def everything() -> Report:
    """One of everything: rules, files, damage, twins, pushes, probes, bounds, not proved, harmless, context, events, limits."""
    base = report()
    nat = period(frames=(30, 34, 35), file=1, conn=connection(Endpoint("192.0.2.1", 1025), stream=3))
    push = period(
        60_500 * MS, T0 + 60 * S, (50, 54, 55), fin=Fin.UNSEEN, sender="server", last_speaker="server",
        conn=connection(Endpoint("10.1.2.5", 40000), stream=21),
    )  # fmt: skip
    across = period(20 * S, T0 + 80 * S, (99, 3, 4), file=1, bound=Bound.UPPER, missed=(0, 17))
    across = replace(across, start=ref(99, T0 + 60 * S))
    beat = period(30 * S, T0 + 81 * S, (60, 64, 65), length=17)
    beat = replace(beat, wake=replace(beat.wake, heartbeat=True))
    slow = view(
        service(
            V6_SERVER,
            longest_survived=extreme(7_300 * S, 13, lower_bound=True, file=1),
            probes=(5, 1),
            probed=2,
            **causes.PROBED,
        ),
        incidents=1,
        shortest_failed=FailedSilence(3_900 * S, 7_200 * S, False, ref(44)),
        failed_beyond=1,
        total_beyond=5,
        total_is_lower_bound=True,
        pattern=Pattern.CONTRADICTED,
        pattern_reason="a silence of 7300.000 s survived, the shortest that failed is 7200.000 s",
    )
    long, first = _large(), causes.timer(view(), narrow=200 * S)
    probed = replace(long, connection=replace(long.connection, survived=9, longest_survived=extreme(600 * S, 43),
                                              probing=causes.PROBING))  # fmt: skip
    second = causes.crossing(slow)
    return replace(
        base,
        options=Options(
            S, 1_000_000, ("--service 10.0.0.1:443", "--host 10.1.0.0/16"), ("IDLE", "CTX"), ("CAP907",), show_harmless=True
        ),
        points=(Point((0, 1), _all_totals()),),
        files=_files(),
        findings=(
            replace(base.findings[0], twins=(nat,)),
            finding(
                probed,
                "TLS application data",
                confidence=Confidence.LIKELY,
                against=("the RST acknowledges the request: the peer may have had the connection",),
            ),
            finding(push, None, confidence=Confidence.POSSIBLE, against=("one direction only",)),
            *base.findings[1:],
            kinds.after_fin(),
            kinds.unanswered(),
            kinds.unanswered(cut_short=True),
            kinds.in_silence(),
            kinds.probe_reset(),
            kinds.probes_unanswered(),
            kinds.went_on(),
            *map(kinds.refused, range(5)),
            kinds.without_idle(),
        ),
        unproved=(finding(across, proved=False, against=("17 bytes of the server were missed",)),),
        heartbeats=(finding(beat, None),),
        harmless=(kinds.farewell("TLS alert"), kinds.farewell("QUIT"), kinds.in_silence("client")),
        dropped_findings=2,
        verdicts={"IDLE101": 9, "IDLE102": 2, "IDLE103": 1, "IDLE104": 2, "IDLE105": 1, "IDLE106": 1, "IDLE108": 2},
        undecided=3,
        events=(Event(T0 + 30 * S, T0 + 32 * S, 4, 31 * S, 900 * S, (SERVER, V6_SERVER)),),
        services=(view(), slow, *base.services[1:]),
        limits=(
            Limit("CAP901", "connections were captured in one direction only", 12),
            Limit("CAP905", "connections were forgotten because --max-connections was reached", 3),
        ),
        excerpts=(excerpt(base.findings[0].period),),
        evidence={(0, 10): 1, (0, 14): 2},
        anonymized=Anonymized(2),
        causes=(first, second),
        advice=(causes.advice(first), causes.advice(second, "orders.example.com")),
        overall=replace(first.bracket, fit=Fit.CROSSING),
        joins=beside.joins(base.findings),
    )


def _large() -> IdlePeriod:
    """A large request over IPv6, in several segments, answered by several RSTs that acknowledge it."""
    long = period(
        7_200 * S, T0 + 50 * S, (40, 44, 45), delay=43 * MS, flags=RST | ACK, probes=(2, 1),
        silence=4_000 * S, conn=connection(V6_CLIENT, V6_SERVER, stream=None), length=8_688,
    )  # fmt: skip
    assert long.answer is not None
    wake = replace(long.wake, segments=6, retransmissions=1)
    return replace(long, wake=wake, answer=replace(long.answer, count=6, acknowledges=True))


def _all_totals() -> Totals:
    return totals(
        outcomes={
            Outcome.SURVIVED: 5_300, Outcome.RESET: 14, Outcome.CLOSED: 7, Outcome.UNANSWERED: 3,
            Outcome.RESET_IN_SILENCE: 2, Outcome.UNDECIDED: 2,
        },
        resets_without_idle=9,
        refused=1_204,
    )  # fmt: skip


def _files() -> tuple[CaptureFile, ...]:
    second = file_facts(
        format="pcapng",
        interfaces=2,
        link_types=("Ethernet", "Linux cooked v2"),
        reported_drops=41,
        damage=Damage(24_576, 311, "record length 2147483648 goes beyond the file"),
    )
    none = file_facts(records=0, segments=0, skipped={}, format="", first_time=None, last_time=None, link_types=())
    return (
        capture_file("ring_00001.pcap", file_facts(clock_back=2, clock_back_most=3 * MS)),
        capture_file("ring_00002.pcapng.gz", second, compression="gzip", hole_before=5 * S),
        capture_file("notes.txt", none, error="not a capture file"),
    )


def _told(advice: Advice, text: str) -> Advice:
    """The same with a host of that name, wherever the cures name it."""
    cures = (
        replace(c, title=f"for {text}", applies=text, limits=text, check=text,
                snippets=tuple(Snippet(s.language, f"for {text}", f"host: {text}\n") for s in c.snippets))
        for c in advice.cures
    )  # fmt: skip
    return replace(advice, target=advice.target._replace(host=text), cures=tuple(cures))


#: What an attacker, or bad luck, can put where a name or a request line is shown.
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07GET /",
    "\x9b31mred",
    "abc\u202egnp.exe\u202c",
    "\u2066isolate\u2069 \u200b\ufeff zero width",
    "line\nbreak\r\x0b\x0c\x85\u2028\u2029end",
    "[bold red]markup[/bold red] {curly} %s \\",
    "\ud800 surrogate \U0010ffff",
    "a" + "\u0301" * 400,
    "\u05d0\u05d1\u05d2 right to left",
    "\u8868" * 200,
    "x" * 5_000,
    "nul\x00 del\x7f tab\t back\x08\x08\x08",
)


def hostile(text: str) -> Report:
    """``text`` wherever a capture, or the name of a file, can put text."""
    base = everything()
    skipped = {text: 3, "ARP": 1}
    files = [replace(f, name=text, error=f.error and text) for f in base.files]
    damage = Damage(1, 1, text)
    files[1] = replace(files[1], facts=replace(files[1].facts, skipped=skipped, damage=damage))
    return replace(
        base,
        files=tuple(files),
        findings=tuple(replace(f, sent=replace(f.sent, label=text)) for f in base.findings),
        options=replace(base.options, filters=(text,)),
        advice=tuple(_told(a, text) for a in base.advice),
        joins=beside.joins(base.findings, text),
    )
