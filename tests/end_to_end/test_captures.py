"""Every shipped capture against what its own endpoints noted, and against what tshark shows: no more, no less."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.engine.types import Bound, Endpoint, Fin, IdlePeriod, Outcome
from tests.end_to_end.shipped import GATEWAY, MIDDLE, RESET, SHIPPED, SURVIVES, Request, Row, Run, tshark
from tests.programs import needs

#: How far the endpoints' clocks, which are read before and after the system calls, may be from the capture's: ns.
TOLERANCE = 5_000_000
SECOND = 1_000_000_000
FIN, SYN, RST = 1, 2, 4

each = pytest.mark.parametrize(("path", "run"), SHIPPED, ids=[path.name for path, _ in SHIPPED])


def legs(found: pcapdiag.Analysis) -> list[tuple[IdlePeriod, ...]]:
    """All views of each finding."""
    return [(f.period, *f.twins) for f in found.findings]


def last(rows: list[Row], before: int) -> int:
    """The frame of the last segment with payload before frame ``before``."""
    return max(row.frame for row in rows if row.length and row.frame < before)


def is_of(request: Request, period: IdlePeriod) -> bool:
    """Is the period's wake this request, by its connection and by the client's clock?"""
    ends = period.connection.client, period.connection.server
    return ends == (request.client, request.server) and abs(period.wake.first.ref.time - request.sent) < TOLERANCE


@each
def test_findings_are_the_truth(path: Path, run: Run) -> None:
    """Each request that its client saw lost after a pause is one certain finding, and nothing else is one."""
    analysis = pcapdiag.analyze(path)
    report = analysis.report
    assert (report.unproved, report.heartbeats, report.harmless, report.dropped_findings) == ((), (), (), 0)
    assert len(analysis.findings) == len(run.lost)
    for finding, request in zip(analysis.findings, run.lost, strict=True):
        period = finding.period
        assert is_of(request, period)
        assert (finding.rule, period.kind, str(finding.confidence)) == (request.rule, "request", "certain")
        assert finding.proved
        assert finding.against == ()
        assert (period.fin, period.bound, period.missed, period.hole) == (Fin.EXCLUDED, Bound.EXACT, (0, 0), False)
        assert finding.sent.label is not None
        assert finding.sent.label.startswith("GET /api/orders/")


@each
def test_gaps_are_those_of_the_endpoints(path: Path, run: Run) -> None:
    """Each gap is within 5 ms of what the client measured with its own clock, and no segment broke its silence."""
    for finding, request in zip(pcapdiag.analyze(path).findings, run.lost, strict=True):
        assert request.gap is not None
        for period in (finding.period, *finding.twins):
            assert abs(period.gap - request.gap) < TOLERANCE
            assert abs(period.silence - period.gap) < TOLERANCE
            assert period.silence_first == period.silence_answered == period.silence
            assert period.last_speaker == "server"


@each
def test_every_pause_is_an_idle_period(path: Path, run: Run) -> None:
    """The pauses that the client made, and no others, are the idle periods of its connections, lost or survived."""
    analysis = pcapdiag.analyze(path, keep="all")
    clients = {r.client for r in run.requests}
    periods = [p for p in analysis.idle_periods if p.connection.client in clients and p.connection.server != run.behind]
    expected = run.paused(SECOND)
    assert len(periods) == len(expected)
    for period, request in zip(periods, expected, strict=True):
        assert is_of(request, period)
        assert period.outcome is (Outcome.RESET if request.lost else Outcome.SURVIVED)
        assert abs(period.gap - (request.gap or 0)) < TOLERANCE


def test_the_server_side_saw_what_reached_it() -> None:
    """Behind the NAT only the requests that the server logged end an idle period; what was lost never came there."""
    (run,) = (run for path, run in SHIPPED if path == MIDDLE)
    periods = [p for p in pcapdiag.analyze(MIDDLE, keep="all").idle_periods if p.connection.server == run.behind]
    reached = [r.seen_as for r in run.paused(SECOND) if not r.lost]
    assert [p.connection.client for p in periods] == reached
    assert {p.outcome for p in periods} == {Outcome.SURVIVED}


def test_twins_are_one_incident() -> None:
    """Recorded before and after masquerading, each lost request is one incident, its twin as the server knows it."""
    (run,) = (run for path, run in SHIPPED if path == GATEWAY)
    analysis = pcapdiag.analyze(GATEWAY)
    assert len(analysis.findings) == 4
    assert sum(map(len, legs(analysis))) == 8
    for finding, request in zip(analysis.findings, run.lost, strict=True):
        (twin,) = finding.twins
        assert (twin.connection.client, twin.connection.server) == (request.seen_as, request.server)
        assert twin.connection.client != finding.period.connection.client


def test_keepalive_probes_kept_the_path() -> None:
    """With a keepalive of 2 s every silence is at most that long and survives, though the pauses were up to 8 s."""
    (run,) = (run for path, run in SHIPPED if path == SURVIVES)
    analysis = pcapdiag.analyze(SURVIVES, keep="all")
    (service,) = analysis.services
    assert (service.service.probes, service.service.outcomes[Outcome.SURVIVED]) == ((14, 0), len(run.paused(SECOND)))
    assert max(p.gap for p in analysis.idle_periods) > 7.9 * SECOND
    assert service.longest_survived is not None
    assert run.keepalive is not None
    assert service.longest_survived.length < (run.keepalive + 0.1) * SECOND


@needs("tshark")
@each
def test_frames_are_those_of_tshark(path: Path, run: Run) -> None:
    """Last payload, request and RST of each finding carry the frame numbers, times and stream that tshark shows."""
    segments = tshark(path)
    rows = {row.frame: row for row in segments}
    answers = set()
    for period in (view for views in legs(pcapdiag.analyze(path)) for view in views):
        assert period.answer is not None
        assert period.start is not None
        wake, rst = period.wake.first.ref, period.answer.first.ref
        stream = [row for row in segments if row.stream == period.stream]
        assert {rows[ref.frame].time for ref in (period.start, wake, rst)} == {period.start.time, wake.time, rst.time}
        ends = period.connection.client, period.connection.server
        assert rows[wake.frame] in stream
        assert (rows[wake.frame].sender, rows[wake.frame].receiver) == ends
        assert rows[rst.frame] in stream
        assert rows[rst.frame].flags & RST
        assert last(stream, rst.frame) == wake.frame
        assert last(stream, wake.frame) == period.start.frame
        assert not any(row.flags & (FIN | SYN) for row in stream if period.start.frame < row.frame <= rst.frame)
        answers.add(rst.frame)
    assert answers == {row.frame for row in tshark(path, "tcp.flags.reset == 1")}
    assert bool(answers) == bool(run.lost)


@needs("tshark")
@each
def test_streams_are_those_of_tshark(path: Path, run: Run) -> None:
    """Every connection has tshark's number, ends and packets, and there are as many as tshark counts."""
    assert run
    connections = {c.stream: c for c in pcapdiag.analyze(path).connections}
    by_stream: dict[int, list[tuple[int, Endpoint]]] = {}
    for row in tshark(path):
        by_stream.setdefault(row.stream, []).append((row.frame, row.sender))
    assert set(connections) == set(by_stream)
    for stream, rows in by_stream.items():
        c = connections[stream]
        senders = Counter(sender for _, sender in rows)
        assert c.packets == (senders[c.client], senders[c.server])
        assert (c.first.frame, c.last.frame) == (rows[0][0], rows[-1][0])


@needs("tshark")
def test_the_display_filter_shows_exactly_the_proof() -> None:
    """Given to tshark, a finding's display filter shows its three frames and no other."""
    from pcapdiag.report.filters import display_filters, proof

    for finding in pcapdiag.analyze(RESET).findings:
        ((_, text),) = display_filters(finding.period)
        assert [row.frame for row in tshark(RESET, text)] == [p.ref.frame for p in proof(finding.period)]
