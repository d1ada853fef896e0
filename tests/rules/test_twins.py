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
    """Another number, another kind, or more than 10 ms later: two incidents. So are the same addresses at the same point."""
    p = reset()
    other_number = replace(p.wake, first=replace(p.wake.first, seq=1))
    other_kind = replace(probe(), wake=replace(probe().wake, first=p.wake.first))
    for other in (moved(p, 11 * MS), moved(replace(p, wake=other_number), 0), moved(other_kind, 0), p):
        assert len(merge_twins([verdict(p), verdict(other)])) == 2


def test_the_same_packet_at_another_capture_point() -> None:
    """The same addresses at another point are the same packet, whatever the clocks there say."""
    p = reset()
    there = replace(moved(p, 3600 * 1000 * MS), connection=connection(point=1))
    (finding,) = merge_twins([verdict(p), verdict(there)])
    assert finding.twins == (there,)


def test_the_leg_that_saw_most_leads(tmp_path: Path) -> None:
    """A FIN that was captured on one leg only makes one incident of it, after FIN: the other leg did not see it. So does a RST
    that one leg lacks, and traffic that one of them missed."""
    request = "75.04 C 80 bytes\n75.045 S FIN ack=-80{}\n75.06 S RST\n"
    silent = "350 C 80 bytes\n350.2 C again\n350.6 C again\n350.62 S RST{}\n"
    missed = "100 S 700 bytes{0}\n100.04 C ACK{0}\n350 C 80 bytes\n350.02 S RST\n"
    for talk, less, more in (
        (request, "IDLE101", "IDLE103"),
        (silent, "IDLE102", "IDLE101"),
        (missed, "IDLE101", "IDLE101"),
    ):
        for inside, outside in (("", " quiet"), (" quiet", "")):
            seen, elsewhere = (OPENED + talk.format(there) for there in (inside, outside))
            there = conversation(elsewhere, client=tuple(OUTSIDE))
            both = merge(conversation(seen), [packet._replace(time=packet.time + 50_000) for packet in there])
            (tmp_path / "nat.pcapng").write_bytes(pcapng(both))
            report = pcapdiag.analyze(tmp_path / "nat.pcapng").report
            (finding,) = report.findings
            assert (finding.rule, len(finding.twins), report.unproved) == (more, 1, ())
            assert finding.period.connection.client == (OUTSIDE if inside else Endpoint("10.0.0.1", 50000))
            said = f"on another leg, where less of the peer was captured, it looks like {less}"
            assert (said in finding.reasons) == (less != more)
