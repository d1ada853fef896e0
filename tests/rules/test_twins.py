"""One incident, several views: what is folded into one finding, and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pcapdiag
from pcapdiag.engine.types import Endpoint, IdlePeriod
from pcapdiag.rules.twins import merge_twins
from tests.engine.talk import OPENED
from tests.forge.conversation import conversation, merge
from tests.forge.files import pcapng
from tests.report.factory import MS, T0, connection
from tests.rules.cases import in_silence, probe, reset, unanswered, verdict

OUTSIDE = Endpoint("192.0.2.1", 60000)


def moved(p: IdlePeriod, by: int, **other: object) -> IdlePeriod:
    """The same packets on another leg, ``by`` ns later."""
    first = replace(p.wake.first, ref=p.wake.first.ref._replace(frame=90, time=T0 + by))
    return replace(p, connection=connection(OUTSIDE, **other), wake=replace(p.wake, first=first))


def test_the_same_request_before_and_after_nat(tmp_path: Path) -> None:
    """Two views of one request are one incident, the earlier first: it is nearer to the sender."""
    inside = conversation(OPENED + "350 C 80 bytes\n350.02 S RST")
    outside = conversation(OPENED + "350 C 80 bytes\n350.02 S RST", client=tuple(OUTSIDE))
    both = merge(inside, [packet._replace(time=packet.time + 50_000) for packet in outside])
    (tmp_path / "nat.pcapng").write_bytes(pcapng(both))
    (finding,) = pcapdiag.analyze(tmp_path / "nat.pcapng").report.findings
    assert finding.period.connection.client.address == "10.0.0.1"
    assert [twin.connection.client.address for twin in finding.twins] == ["192.0.2.1"]


def test_every_rule_has_twins() -> None:
    """Silence, probes and RSTs out of silence are seen on several legs as well as requests."""
    for p in (reset(), unanswered(), probe(), in_silence()):
        (finding,) = merge_twins([verdict(moved(p, 50_000)), verdict(p)])
        assert finding.period == p
        assert len(finding.twins) == 1


def test_what_is_no_twin() -> None:
    """Another number, another rule, or more than 10 ms later: two incidents. So are the same addresses at the same point."""
    p = reset()
    other_number = replace(p.wake, first=replace(p.wake.first, seq=1))
    for other in (moved(p, 11 * MS), moved(replace(p, wake=other_number), 0), moved(unanswered(), 0), p):
        assert len(merge_twins([verdict(p), verdict(other)])) == 2


def test_the_same_packet_at_another_capture_point() -> None:
    """The same addresses at another point are the same packet, whatever the clocks there say."""
    p = reset()
    there = replace(moved(p, 3600 * 1000 * MS), connection=connection(point=1))
    (finding,) = merge_twins([verdict(p), verdict(there)])
    assert finding.twins == (there,)
