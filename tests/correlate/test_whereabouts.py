"""Where a RST was made: on any path, with any clocks, what is said is true, or nothing is said."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path as File

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.correlate.comparison import Where
from pcapdiag.report.comparison import ComparedIncident, Comparison
from pcapdiag.rules.signals import the_rst
from tests.correlate.path import SECOND, Hop, Path, Point, Talk

ENDS = ("reset", "reset and passed on", "lost", "answer lost", "reset in silence", "push reset", "probe reset")
GET = b"GET /orders/%d HTTP/1.1\r\nHost: shop\r\nX-Request-Id: %032x\r\n\r\n"


@dataclass
class Happened:
    """What truly became of the request: the hop in which it was reset or lost, or its answer (the number of points: at the
    server's end)."""

    what: str
    hop: int


def happen(talk: Talk, what: str, hop: int, size: int) -> Happened:
    """A connection that is idle for 20 s, and what then becomes of its request in that hop."""
    path = talk.path
    servers = hop == len(path.points)
    request = GET % (talk.number, path.random.getrandbits(128)) + bytes(size)
    if what == "push reset":  # seen from the server, who sends it: the client's own end lies in the first hop
        hop -= 1
        talk.say(False, request, 0x18, lost=hop or None)
        talk.reset(False, hop or None)
        return Happened(what, hop)
    if what == "probe reset":
        talk.probe(lost=None if servers else hop)
        talk.reset(True, None if servers else hop)
        return Happened(what, hop)
    if what == "reset in silence":
        talk.reset(True, None if servers else hop)
        return Happened(what, hop)
    if what == "answer lost":
        talk.say(True, request, 0x18)
        talk.say(False, b"", 0x10, lost=hop)
        talk.say(False, b"HTTP/1.1 200 OK\r\n\r\n", 0x18, lost=hop)
    else:
        passed = what == "reset and passed on"
        talk.say(True, request, 0x18, lost=None if passed or (servers and what == "reset") else hop)
    if what.startswith("reset"):
        talk.reset(True, None if servers else hop)
    else:
        for wait in (200_000_000, 400_000_000, 800_000_000, 1_600_000_000):
            talk.wait(wait)
            talk.again(request, lost=hop if what == "lost" else None)
            if what == "answer lost":
                talk.say(False, b"", 0x10, lost=hop)
    return Happened(what, hop)


def chatter(path: Path, until: int) -> None:
    """A healthy connection beside the others, so that every capture shows that it still runs."""
    talk = path.connection()
    talk.open()
    while talk.now < until:
        talk.exchange(GET % (0, path.random.getrandbits(128)), b"HTTP/1.1 200 OK\r\n\r\n")
        talk.wait(700_000_000)


def compared(path: Path, order: list[int] | None = None, **options: object) -> Comparison:
    """What the command says of the points' files, named by their numbers along the path and given in that order."""
    order = order or list(range(len(path.points)))
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, data in enumerate(path.files()):
            names.append(File(folder) / f"{number}.pcap")
            names[-1].write_bytes(data)
        return pcapdiag.compare(*(names[i] for i in order), labels=[str(i) for i in order], **options)  # type: ignore[arg-type]


def true(incident: ComparedIncident, happened: Happened, labels: list[int], points: int) -> bool:
    """Is what is said of it so? The server's end lies behind the last point, in the last hop."""
    v = incident.verdict
    if v.where is Where.UNKNOWN:
        return True
    if happened.what == "reset and passed on" and the_rst(incident.finding.period) is None:
        return v.where is Where.BEYOND  # nobody recorded the RST, and the request did pass
    assert v.near is not None
    near = labels[v.places[v.near].point]
    hop = min(happened.hop, points)
    if happened.what == "push reset":
        return near >= hop and (v.far is None or labels[v.places[v.far].point] < hop)
    if v.where is Where.BEYOND:
        return near < hop or happened.what == "answer lost"  # the request is not known to be answered
    assert v.far is not None
    return near < hop <= labels[v.places[v.far].point]


hops = st.builds(Hop, st.integers(20_000, 40_000_000), st.integers(0, 2), st.booleans())
clocks = st.tuples(st.integers(-3 * 86400 * SECOND, 3 * 86400 * SECOND), st.floats(-1e-4, 1e-4))


@st.composite
def paths(draw: st.DrawFn) -> tuple[Path, list[Happened], list[int]]:
    """A path of two to four points, one to three connections with an incident each, and the order in which the points are given."""
    many = draw(st.integers(2, 4))
    way = [draw(hops) for _ in range(many + 1)]
    points = [
        Point(*draw(clocks), merges=draw(st.booleans()), twice=draw(st.booleans()), swaps=draw(st.booleans()), nano=draw(st.booleans()))
        for _ in range(many)
    ]  # fmt: skip
    path = Path(way, points, seed=draw(st.integers(0, 1 << 32)), stamps=draw(st.booleans()), ip_ids=draw(st.booleans()))
    happened = []
    for _ in range(draw(st.integers(1, 3))):
        talk = path.connection()
        talk.now = draw(st.integers(0, 10 * SECOND))
        talk.open()
        for _ in range(draw(st.integers(1, 3))):
            talk.exchange(
                GET % (7, path.random.getrandbits(128)) + bytes(draw(st.sampled_from((0, 5000)))), b"HTTP/1.1 200 OK\r\n\r\n"
            )
            talk.wait(300_000_000)
        first = path.number
        talk.wait(20 * SECOND)
        what = draw(st.sampled_from(ENDS))
        hop = draw(st.integers(1, many))
        happened.append(happen(talk, what, hop, draw(st.sampled_from((0, 4000)))))
        for point in points:  # of what is lost, some always belongs to a time at which it shows
            if draw(st.integers(0, 4)) == 0:
                lost = draw(st.sets(st.integers(first + 1, path.number)))
                seen = [first - 2, first - 1]  # the last request and its response
                point.loses |= lost | ({draw(st.sampled_from(seen))} if lost else set())
    chatter(path, 60 * SECOND)
    return path, happened, draw(st.permutations(range(many)))


def of(found: Comparison, path: Path, labels: list[int]) -> dict[int, list[ComparedIncident]]:
    """Incidents by the number of their connection, which every translation leaves in the client's port."""
    out: dict[int, list[ComparedIncident]] = {}
    for incident in found.incidents:
        out.setdefault(incident.finding.period.connection.client.port % 1000, []).append(incident)
    return out


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(paths())
def test_what_is_said_is_true(case: tuple[Path, list[Happened], list[int]]) -> None:
    """Whatever the hops, clocks, translations, losses and merged segments: where it happened is told truly, or not at all."""
    path, happened, order = case
    found = of(compared(path, order), path, order)
    for number, told in enumerate(happened, 1):
        for incident in found.get(number, ()):
            assert true(incident, told, order, len(path.points)), (told, incident.verdict)


def one(what: str, hop: int, points: list[Point], *, stamps: bool = True, hops: list[Hop] | None = None) -> Comparison:
    """A path with NAT in its middle, and one incident in that hop."""
    way = hops or [Hop(nat=i == 2) for i in range(len(points) + 1)]
    path = Path(way, points, seed=7, stamps=stamps)
    talk = path.connection()
    talk.open()
    talk.exchange(GET % (1, 1), b"HTTP/1.1 200 OK\r\n\r\n")
    talk.wait(20 * SECOND)
    happen(talk, what, hop, 3000)
    chatter(path, 40 * SECOND)
    return compared(path)


def apart() -> list[Point]:
    """Three points whose clocks have nothing to do with each other."""
    return [Point(), Point(ahead=-90 * SECOND, rate=8e-5, merges=True), Point(ahead=3600 * SECOND, rate=-8e-5, twice=True)]


@pytest.mark.parametrize("stamps", [True, False], ids=["timestamps", "none"])
@pytest.mark.parametrize("hop", [1, 2])
@pytest.mark.parametrize("what", ENDS)
def test_between_two_points(what: str, hop: int, stamps: bool) -> None:
    """Three points, clocks an hour apart that drift, NAT, merged and doubled packets: it is told between which two it happened."""
    (incident,) = one(what, hop, apart(), stamps=stamps).incidents
    v = incident.verdict
    assert v.where is (Where.BEYOND if (what, hop) == ("push reset", 1) else Where.BETWEEN)  # that one by the client itself
    assert v.ordered
    if what == "push reset":  # by the way that it took, from the server on
        assert [p.point for p in v.places] == [2, 1, 0]
        assert hop == 1 or [v.places[i].point for i in (v.near, v.far) if i is not None] == [1, 0]
        return
    assert [p.point for p in v.places] == [0, 1, 2]
    assert (v.near, v.far) == (hop - 1, hop)


@pytest.mark.parametrize("what", ["reset", "lost", "reset in silence"])
def test_beyond_the_last_point(what: str) -> None:
    """All points show it: it happened behind the last of them."""
    (incident,) = one(what, 3, apart()).incidents
    assert incident.verdict.where is Where.BEYOND
    assert incident.verdict.near == 2


def renumbered(data: bytes, by: int) -> bytes:
    """A capture behind a firewall that replaces the sequence numbers of both sides, and leaves the addresses."""
    out, at = [data[:24]], 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        record = bytearray(data[at : at + 16 + size])
        seq, ack = struct.unpack_from(">II", record, 16 + 20 + 4)
        struct.pack_into(">II", record, 16 + 20 + 4, (seq + by) & 0xFFFFFFFF, (ack + by) & 0xFFFFFFFF if ack else 0)
        out.append(bytes(record))
        at += 16 + size
    return b"".join(out)


def test_replaced_sequence_numbers_are_said(tmp_path: File) -> None:
    """The same addresses with other numbers: no verdict, and the reason names such a device."""
    path = Path([Hop(), Hop(), Hop()], [Point(), Point()])
    talk = path.connection()
    talk.open()
    talk.exchange(GET % (1, 1), b"HTTP/1.1 200 OK\r\n\r\n")
    talk.wait(20 * SECOND)
    happen(talk, "reset", 1, 0)
    chatter(path, 40 * SECOND)
    one, other = path.files()
    (tmp_path / "one.pcap").write_bytes(one)
    (tmp_path / "other.pcap").write_bytes(renumbered(other, 123_456_789))
    (incident,) = pcapdiag.compare(tmp_path / "one.pcap", tmp_path / "other.pcap").incidents
    assert incident.verdict.where is Where.UNKNOWN
    assert incident.why == ("other.pcap: the same addresses, other sequence numbers: a device between replaces them",)


def test_a_crowd_with_the_same_numbers_is_no_proof(tmp_path: File) -> None:
    """A load generator that begins every connection with the same numbers: which of its connections is which cannot be told."""
    path = Path([Hop(), Hop(nat=True), Hop()], [Point(), Point()], stamps=False)
    for _ in range(7):
        talk = path.connection()
        talk.next = {True: 1_000, False: 2_000}
        talk.open()
        talk.exchange(GET % (1, 1), b"HTTP/1.1 200 OK\r\n\r\n")
        talk.wait(20 * SECOND)
        happen(talk, "reset", 1, 0) if talk.number == 1 else talk.exchange(GET % (2, 2), b"HTTP/1.1 200 OK\r\n\r\n")
    chatter(path, 40 * SECOND)
    (incident,) = compared(path).incidents
    assert incident.verdict.where is Where.UNKNOWN
    assert "1: several connections there have its sequence numbers" in incident.why


@pytest.mark.parametrize("point", [Point(loses=frozenset({4})), Point(begins=10 * SECOND), Point(ends=20 * SECOND)],
                         ids=["misses a segment", "begins late", "ends early"])  # fmt: skip
def test_what_proves_nothing(point: Point) -> None:
    """A point that missed something, or was not recording, proves nothing by what it does not show."""
    (incident,) = one("reset", 1, [Point(), point]).incidents
    assert incident.verdict.where is Where.UNKNOWN
    assert incident.why


def test_a_new_address_after_the_silence() -> None:
    """Where the translation was forgotten and made anew, the request arrives under another port: it did arrive."""
    path = Path([Hop(), Hop(nat=True), Hop()], [Point(), Point()])
    talk = path.connection()
    talk.open()
    talk.exchange(GET % (1, 1), b"HTTP/1.1 200 OK\r\n\r\n")
    talk.wait(20 * SECOND)
    ends = path.ends
    path.ends = lambda connection, at: ends(connection + (500 if at else 0), at)  # type: ignore[method-assign]  # from now on
    happen(talk, "reset", 2, 0)
    path.ends = ends  # type: ignore[method-assign]
    chatter(path, 40 * SECOND)
    (incident,) = (i for i in compared(path).incidents if i.point == 0)
    assert incident.verdict.where is Where.BEYOND
    assert {p.client.port for p in incident.verdict.places if p.point == 1} == {41_001, 41_501}
