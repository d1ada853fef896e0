"""The rule's conversations: what it says, of which requests, how sure, and what it leaves to others."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.rules.types import Confidence
from tests.engine.talk import OPENED
from tests.forge.conversation import conversation
from tests.forge.files import pcapng
from tests.forge.packets import Packet


def judged(tmp_path: Path, text: str, **options: str) -> pcapdiag.Analysis:
    """What the program says of one conversation."""
    (tmp_path / "talk.pcapng").write_bytes(pcapng(conversation(OPENED + text)))
    return pcapdiag.analyze(tmp_path / "talk.pcapng", **options)  # type: ignore[arg-type]


SHOWS = {
    "a request": "350 C 80 bytes\n350.02 S RST",
    "a request in three pieces, each reset": "350 C 1400 bytes\n350.0001 C 1400 bytes\n350.0002 C 9 bytes\n"
    "350.02 S RST\n350.0201 S RST\n350.0202 S RST",
    "a retransmitted request": "350 C 80 bytes\n350.2 C again\n350.6 C again\n350.62 S RST",
    "a push of the server": "30 S 80 bytes\n30.04 C ACK\n350 S 80 bytes\n350.02 C RST",
    "after probes that were answered": "60 C probe\n60.02 S ACK\n120 C probe\n120.02 S ACK\n350 C 80 bytes\n350.02 S RST",
}
DOES_NOT_SHOW = {
    "no idleness": "0.5 C 80 bytes\n0.52 S RST",
    "the answer arrived": "350 C 80 bytes\n350.02 S ACK\n350.03 S 900 bytes",
    "FIN before": "60 S FIN\n60.04 C ACK\n350 C 80 bytes\n350.02 S RST",
    "acknowledged, then aborted": "350 C 80 bytes\n350.04 S ACK\n350.5 S RST ACK",
    "a socket that aborts at once": "350 C 80 bytes\n350.02 S RST ACK",
    "the client gives up itself": "350 C 80 bytes\n350.2 C again\n350.6 C again\n360 C RST ACK",
    "retransmission back-off": "1 C 80 bytes\n1.2 C again\n1.6 C again\n2.4 C again\n4 C again\n7.2 C again\n7.22 S RST",
    "a late answer that is reset": "1 C 80 bytes\n1.02 S ACK\n350 S 900 bytes\n350.02 C RST",
    "a RST in silence": "350 S RST",
}


@pytest.mark.parametrize("text", SHOWS.values(), ids=SHOWS)
def test_shows(text: str, tmp_path: Path) -> None:
    """Payload on an idle connection, no FIN before, RST first: one certain finding, whatever its pieces."""
    analysis = judged(tmp_path, text)
    (finding,) = analysis.findings
    assert (finding.rule, finding.confidence, finding.against) == ("IDLE101", Confidence.CERTAIN, ())
    assert not analysis.report.unproved


@pytest.mark.parametrize("text", DOES_NOT_SHOW.values(), ids=DOES_NOT_SHOW)
def test_does_not_show(text: str, tmp_path: Path) -> None:
    """Its look-alikes are other stories: a keepalive would not help, or nobody was harmed."""
    analysis = judged(tmp_path, text)
    assert not analysis.findings
    assert not analysis.report.unproved


def test_missed_traffic_is_reported_as_not_proved(tmp_path: Path) -> None:
    """A request whose own number shows that bytes were missed is listed, but counted in no headline."""
    analysis = judged(tmp_path, "300 C missed 500\n350 C 80 bytes\n350.02 S RST")
    assert not analysis.findings
    (finding,) = analysis.report.unproved
    assert finding.confidence is Confidence.POSSIBLE
    assert "missed 500 bytes" in finding.against[0]


def test_a_connection_first_seen_at_its_request(tmp_path: Path) -> None:
    """The gap is a lower bound since the capture's first record, and without the peer a FIN is not excluded: likely."""
    beacon = conversation("0 C SYN", client=("10.9.9.9", 9))
    late = conversation("312 C 80 bytes\n312.02 S RST")
    (tmp_path / "late.pcapng").write_bytes(pcapng([*beacon, *late]))
    (finding,) = pcapdiag.analyze(tmp_path / "late.pcapng").findings
    assert (finding.period.gap, finding.period.bound.value) == (312_000_000_000, "lower")
    assert finding.confidence is Confidence.LIKELY


def test_heartbeats_are_counted_apart(tmp_path: Path) -> None:
    """The third equal short wake in a row is a heartbeat: it is reset, but no request was lost."""
    beats = "".join(f"{t} C 17 bytes\n{t}.02 S 17 bytes\n{t}.06 C ACK\n" for t in (10, 20, 30))
    analysis = judged(tmp_path, beats + "350 C 17 bytes\n350.02 S RST")
    assert not analysis.findings
    assert len(analysis.report.heartbeats) == 1


def test_a_farewell_harms_nobody(tmp_path: Path) -> None:
    """Up to 64 bytes whose own FIN follows within 10 ms are a goodbye; later, they are a request."""
    soon = judged(tmp_path, "350 C 31 bytes\n350.001 C FIN\n350.02 S RST")
    assert (len(soon.findings), len(soon.report.farewells)) == (0, 1)
    late = judged(tmp_path, "350 C 31 bytes\n350.011 C FIN\n350.02 S RST")
    assert (len(late.findings), len(late.report.farewells)) == (1, 0)


def test_twins_are_one_incident(tmp_path: Path) -> None:
    """The same request before and after NAT is one incident with two views, the earlier first."""
    inside = conversation(OPENED + "350 C 80 bytes\n350.02 S RST")
    outside = conversation(OPENED + "350 C 80 bytes\n350.02 S RST", client=("192.0.2.1", 60000))
    both = sorted([*inside, *(p._replace(time=p.time + 50_000) for p in outside)], key=_time)
    (tmp_path / "nat.pcapng").write_bytes(pcapng(both))
    (finding,) = pcapdiag.analyze(tmp_path / "nat.pcapng").findings
    assert finding.period.connection.client.address == "10.0.0.1"
    assert [t.connection.client.address for t in finding.twins] == ["192.0.2.1"]


def _time(packet: Packet) -> int:
    return packet.time
