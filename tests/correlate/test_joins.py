"""Failed requests of logs meet the findings that explain them: laws over clocks, order and strangers, and the traps one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.correlate.accesslog import read_access_log
from pcapdiag.correlate.formats import DEFAULT as ENVOY
from pcapdiag.correlate.formats import ISTIO
from pcapdiag.correlate.incidents import incidents, translations
from pcapdiag.correlate.joined import How, JoinedLog, Key, Why
from pcapdiag.correlate.joins_log import join_log
from pcapdiag.correlate.offsets import offset
from pcapdiag.correlate.reasons import Captured
from pcapdiag.correlate.types import Tracked, Tracking
from pcapdiag.engine.types import AnswerKind, Endpoint
from pcapdiag.rules.types import Finding, Severity
from tests.correlate.written import Request
from tests.report.beside import source
from tests.report.factory import MS, RST, S, connection, finding, period

SERVER = Endpoint("198.51.100.80", 80)
START_MS = 1_782_000_000_123
START = START_MS * MS
STRANGER = Request(local="10.9.9.9:4000", upstream="203.0.113.9:81", request_id="stranger")


def found(n: int, after: int = 0, **other: object) -> Finding:
    """The n-th request that was lost, n seconds after the first, on a connection of its own."""
    client = Endpoint("10.1.0.1", 37_000 + n)
    at = START + n * 10 * S + MS + after
    p = period(6 * S, at, (3 * n + 1, 3 * n + 2, 3 * n + 3), delay=30_000, flags=RST, conn=connection(client, SERVER))
    return finding(p, None, **other)  # type: ignore[arg-type]


def line(n: int, **other: object) -> Request:
    """What its proxy logged."""
    facts = {"start_ms": START_MS + n * 10_000, "duration": "1", "local": f"10.1.0.1:{37_000 + n}", "request_id": f"id-{n}"}
    return Request(**{**facts, **other})  # type: ignore[arg-type]


def joined(requests: list[Request], findings: list[Finding], form: str = ISTIO, tracked: Tracking | None = None) -> JoinedLog:
    """The log of these requests beside a capture that holds the findings and begins and ends an hour away."""
    log = read_access_log([request.text(form) + "\n" for request in requests], "a.log")
    ends = frozenset(frozenset((f.period.connection.client, f.period.connection.server)) for f in findings)
    addresses = frozenset(end.address for pair in ends for end in pair)
    known = incidents(findings, translations([tracked] if tracked else []))
    return join_log(log, known, Captured((START - 3600 * S, START + 7200 * S), ends, addresses))


def pairs(log: JoinedLog) -> dict[str | None, Key | None]:
    """By request id, the finding."""
    return {x.logged.request_id: x.finding for x in log.lines}


shifts = st.integers(-30 * 60_000, 30 * 60_000)


@given(st.sets(st.integers(0, 20), min_size=2, max_size=8), shifts, st.randoms(use_true_random=False), st.integers(0, 5))
def test_a_clock_that_is_off_changes_no_join_and_is_told(numbers: set[int], shift: int, random: object, strangers: int) -> None:
    """Lines that name their connection find their finding whatever their clock says, in any order and among strangers; the offset
    is told, and every failed line is joined or has a reason."""
    findings = [found(n) for n in numbers]
    right = {f"id-{n}": Key.of(f) for n, f in zip(numbers, findings, strict=True)}
    requests = [line(n, start_ms=START_MS + n * 10_000 + shift) for n in numbers]
    requests += [replace(STRANGER, start_ms=START_MS + i) for i in range(strangers)]
    random.shuffle(requests)  # type: ignore[attr-defined]
    log = joined(requests, findings)
    assert {name: key for name, key in pairs(log).items() if name != "stranger"} == right
    assert all(x.how is How.UPSTREAM for x in log.joined)
    assert log.offset is not None
    assert log.offset.lines == len(numbers)
    assert abs(log.offset.ahead + shift * MS) < 2 * MS
    assert len(log.lines) == len(log.joined) + sum(map(len, log.unjoined.values())) == len(numbers) + strangers


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-7200_000, 7200_000), st.sampled_from(["UC", "UF", "DC", "UT", "NR"]))))
def test_strangers_never_join_and_each_has_a_reason(strangers: list[tuple[int, int, str]]) -> None:
    """Failed requests to elsewhere belong to no finding, whatever their time and flags; the counts add up."""
    requests = [
        replace(STRANGER, local=f"10.9.9.9:{4000 + n}", start_ms=START_MS + at, flags=flags, duration="0") for n, at, flags in strangers
    ]  # fmt: skip
    log = joined(requests, [found(n) for n in range(3)])
    assert not log.joined
    assert sum(map(len, log.unjoined.values())) == len(log.lines)
    assert all(x.why is not None for x in log.lines)


def test_time_decides_between_incarnations() -> None:
    """The same ends twice, ten minutes apart: each line finds its own, also with a clock that is two minutes off."""
    first, second = found(0), found(0, after=600 * S)
    for shift in (0, 120_000):
        lines = [line(0, start_ms=START_MS + shift), line(0, start_ms=START_MS + 600_000 + shift, request_id="later")]
        assert pairs(joined(lines, [first, second])) == {"id-0": Key.of(first), "later": Key.of(second)}


def test_without_its_own_end_a_line_joins_by_upstream_and_time() -> None:
    """Envoy's default format names the upstream alone: one finding near is the one, two are not told apart, none is none."""
    log = joined([line(0), line(1)], [found(0), found(1)], ENVOY)
    assert [x.how for x in log.lines] == [How.ADDRESS, How.ADDRESS]
    assert log.offset is not None
    assert (log.offset.ahead, log.offset.lines) == (pytest.approx(0, abs=2 * MS), 2)
    near = [found(0), replace_client(found(0), 40_000)]
    known = [line(7), line(8)]
    near += [found(7), found(8)]
    assert [x.why for x in joined([line(0), *known], near, ENVOY).lines] == [Why.AMBIGUOUS, None, None]
    twice = [line(0), line(0, request_id="other"), *known]
    assert [x.why for x in joined(twice, [near[0], *near[2:]], ENVOY).lines][:2] == [Why.AMBIGUOUS] * 2
    assert [x.why for x in joined([line(5), *known], near, ENVOY).lines] == [Why.NOTHING, None, None]
    assert [x.why for x in joined([line(5)], near, ENVOY).lines] == [Why.CLOCK]


def test_one_pair_sets_no_clock() -> None:
    """One line on the connection of a loss, nine seconds away, may be another event; near the loss it is the one."""
    far = joined([line(0, start_ms=START_MS - 9_000)], [found(0)])
    assert (far.offset, [x.why for x in far.lines]) == (None, [Why.CLOCK])
    assert [x.how for x in joined([line(0)], [found(0)]).lines] == [How.UPSTREAM]


@pytest.mark.parametrize("hours", [-9, -1, 1, 2])
def test_the_captured_id_joins_at_any_distance(hours: int) -> None:
    """A clock that is set to another time zone is told by one captured x-request-id, ahead or behind alike."""
    payload = b"GET / HTTP/1.1\r\nx-request-id: id-0\r\n\r\n"
    one = found(0)
    one = replace(one, period=replace(one.period, wake=replace(one.period.wake, payload=payload)))
    log = joined([line(0, start_ms=START_MS + hours * 3_600_000)], [one])
    assert [x.finding for x in log.lines] == [Key.of(one)]
    assert log.offset is not None
    assert log.offset.ahead == pytest.approx(-hours * 3_600 * S, abs=2 * MS)


def test_an_answer_of_the_upstream_is_no_loss() -> None:
    """The upstream's own 500 on the connection that a RST ended is another request, at whatever time."""
    for by in (-9_000, 0):
        log = joined(
            [line(n, start_ms=line(n).start_ms + by, code="500", flags="-", details="via_upstream") for n in (0, 1)],
            [found(0), found(1)],
        )
        assert not log.joined
        assert log.offset is None


def test_lines_that_name_the_upstream_alone_agree_on_a_clock() -> None:
    """Four lines are three seconds ahead; one of them then falls on another's loss, and still each finds its own."""
    at = {0: 0, 1: 9_300, 2: 12_300, 3: 31_000}
    findings = [found(n, after=(ms - n * 10_000) * MS) for n, ms in at.items()]
    requests = [line(n, start_ms=START_MS + ms + 3_000) for n, ms in at.items()]
    log = joined(requests, findings, ENVOY)
    assert pairs(log) == {f"id-{n}": Key.of(f) for n, f in enumerate(findings)}
    assert log.offset is not None
    assert log.offset.ahead == pytest.approx(-3_000 * MS, abs=2 * MS)


def replace_client(f: Finding, port: int) -> Finding:
    """The same at the same time on another connection."""
    c = replace(f.period.connection, client=Endpoint("10.1.0.1", port))
    ref = f.period.wake.first.ref._replace(frame=999)
    first = replace(f.period.wake.first, ref=ref)
    return replace(f, period=replace(f.period, connection=c, wake=replace(f.period.wake, first=first)))


def test_the_offset_of_named_lines_serves_the_others() -> None:
    """A log of both formats, ten seconds off: what names its connection tells the offset by which the rest is found."""
    shift = 10_000
    named = line(0, start_ms=START_MS + shift)
    bare = replace(line(1, start_ms=START_MS + 10_000 + shift), local="-")
    log = joined([named, bare], [found(0), found(1)])
    assert [x.how for x in log.lines] == [How.UPSTREAM, How.ADDRESS]


def test_a_captured_request_id_joins_where_no_address_does() -> None:
    """A line that names no connection belongs to the request that carries its x-request-id on the wire."""
    bare = found(0)
    payload = b"GET / HTTP/1.1\r\nx-request-id: id-0\r\n\r\n"
    bare = replace(bare, period=replace(bare.period, wake=replace(bare.period.wake, payload=payload)))
    (x,) = joined([replace(line(0, start_ms=START_MS + 60_000), local="-", upstream="shop.internal:80")], [bare]).lines
    assert (x.how, x.finding) == (How.REQUEST_ID, Key.of(bare))


def test_connection_tracking_translates() -> None:
    """A log that names the connection on the other side of NAT joins by what conntrack says it is there."""
    far = Endpoint("10.2.0.2", 8080)
    entry = Tracked(
        1, None, None, None, None, (Endpoint("10.1.0.1", 37_000), SERVER), (far, Endpoint("10.1.0.1", 37_000)), True, False
    )
    lines = [line(0, upstream=str(far))]
    (x,) = joined(lines, [found(0)], tracked=Tracking(source("c"), (entry,), ())).lines
    assert (x.how, x.translated) == (How.UPSTREAM, True)
    assert [x.why for x in joined(lines, [found(0)]).lines] == [Why.ELSEWHERE]


def test_towards_the_client_the_other_connection_counts() -> None:
    """Code 0 and DC: what was lost is the response, on the connection to the client."""
    client = Endpoint("10.1.0.1", 37_000)
    lost = {
        "code": "0",
        "flags": "DC",
        "details": "downstream_remote_disconnect",
        "local": "10.3.0.1:1",
        "upstream": "10.3.0.2:80",
    }
    (x,) = joined([line(0, downstream=str(client), listener=str(SERVER), **lost)], [found(0)]).lines
    assert x.how is How.DOWNSTREAM


@pytest.mark.parametrize(
    ("other", "why", "detail"),
    [
        ({"start_ms": START_MS - 10_000_000}, Why.OUTSIDE, "before it"),
        ({"start_ms": START_MS + 90_000_000}, Why.OUTSIDE, "after it"),
        ({"flags": "UF", "local": "-", "start_ms": START_MS + 60_000}, Why.CONNECT, "connecting"),
        ({"flags": "NR", "local": "-", "upstream": "-", "code": "503"}, Why.NOT_SENT, "no route"),
        ({"start_ms": START_MS + 60_000, "duration": "120001"}, Why.LONG, "120.001 s after it began"),
        ({"start_ms": START_MS + 60_000, "duration": "3"}, Why.HEALTHY, ""),
        ({"local": "127.0.0.6:58719", "start_ms": START_MS + 60_000}, Why.ELSEWHERE, "sidecar"),
        ({"upstream": "10.99.0.1:80"}, Why.ELSEWHERE, "ClusterIP"),
        ({"local": "10.77.0.1:5", "start_ms": START_MS + 60_000}, Why.ELSEWHERE, "10.77.0.1 does not occur"),
        ({"upstream": "envoy://connect_originate/10.0.0.1:80", "local": "-"}, Why.ELSEWHERE, "own name for a listener"),
    ],
)  # fmt: skip
def test_what_belongs_to_no_finding_says_why(other: dict[str, str], why: Why, detail: str) -> None:
    """Each reason, with the trap of addresses named; a line that does join keeps the clock right."""
    log = joined([line(1), line(0, request_id="x", **other)], [found(0), found(1)])
    x = next(x for x in log.lines if x.logged.request_id == "x")
    assert (x.finding, x.why) == (None, why)
    assert detail in x.detail


def test_a_request_that_nobody_answered_is_found_by_its_beginning() -> None:
    """Silence: the proxy gave up after its timeout, and the line lasts as long; it belongs to what was sent when it began."""
    silent = found(0)
    p = replace(silent.period, answer=None, ended=silent.period.ended._replace(time=START + 15 * S))
    (x,) = joined([line(0, duration="15000", flags="UT", code="504")], [replace(silent, period=p)]).lines
    assert (x.how, x.finding) == (How.UPSTREAM, Key.of(silent))
    assert silent.period.answer is not None
    assert silent.period.answer.kind is AnswerKind.RST


def test_a_goodbye_is_no_request_of_a_line_without_ends() -> None:
    """What harmed nobody explains no failed request that names only its upstream."""
    (x,) = joined([line(0)], [found(0, severity=Severity.HARMLESS)], ENVOY).lines
    assert x.why is Why.NOTHING


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(-(10**12), 10**12))
def test_offsets_move_with_the_clock(differences: list[int], shift: int) -> None:
    """The same events on a clock that is shifted tell an offset that is supported by as many of them."""
    one, other = offset(differences), offset([d + shift for d in differences])
    assert one is not None
    assert other is not None
    assert one.lines == other.lines
    assert offset([]) is None
