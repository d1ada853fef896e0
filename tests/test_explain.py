"""Everything about one connection: found by any of its packets, and saying what the analysis says."""

from __future__ import annotations

import subprocess
from io import StringIO
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.engine.types import Outcome, RolesFrom
from pcapdiag.report.explanation import Judged
from pcapdiag.report.explanation_terminal import lines
from pcapdiag.report.terminal import canvas
from pcapdiag.rules.examples import OPENED
from tests.end_to_end.shipped import GATEWAY, MIDDLE, RESET, SURVIVES
from tests.programs import needs

TALK = """
  0.000  C  SYN
  0.020  S  SYN ACK
  0.021  C  ACK
  0.022  C  120 bytes
  0.045  S  900 bytes
  0.046  C  ACK
 10.000  C  probe
 10.020  S  ACK
 40.000  C  80 bytes
 40.020  C  ICMP 3/13
 40.200  C  again
 40.600  C  again
100.000  C  RST ACK
200.000  C  SYN               # the port is used again
200.020  S  SYN ACK
200.021  C  ACK
200.022  C  10 bytes
260.000  C2 SYN               # another connection
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """The capture of the conversation above."""
    path = tmp_path / "talk.pcapng"
    path.write_bytes(forge(TALK)[0])
    return path


@pytest.mark.parametrize("path", [RESET, MIDDLE, GATEWAY], ids=lambda p: p.name)
def test_it_says_what_the_analysis_says(path: Path) -> None:
    """For each finding's wake: the same rule, the same period, the same confidence; and all rules were asked."""
    analysis = pcapdiag.analyze(path)
    assert analysis.findings
    for finding in analysis.findings:
        told = pcapdiag.explain(path, frame=finding.period.wake.first.ref.frame)
        asked = told.incarnations[told.asked]
        assert asked.connection.client == finding.period.connection.client
        (judged,) = [j for j in asked.periods if j.finding]
        assert judged.finding is not None
        assert (judged.finding.rule, judged.finding.confidence) == (finding.rule, finding.confidence)
        assert judged.period.gap == finding.period.gap
        assert [r.rule for r in judged.readings if r.leads] == [finding.rule]


def test_any_packet_leads_to_its_connection(talk: Path) -> None:
    """Each frame, an ICMP error that quotes one among them, and each stream lead to the connection they are of."""
    firsts = {}
    for frame in range(1, 19):
        told = pcapdiag.explain(talk, frame=frame)
        firsts[frame] = told.incarnations[told.asked].connection.first.frame
    assert firsts == {**dict.fromkeys(range(1, 14), 1), **dict.fromkeys(range(14, 18), 14), 18: 18}
    for stream, first in ((0, 1), (1, 14), (2, 18)):
        told = pcapdiag.explain(talk, stream=stream)
        assert told.incarnations[told.asked].connection.first.frame == first


def test_all_incarnations_are_told(talk: Path) -> None:
    """What used the same addresses and ports before and after stands beside it, each with its own packets and periods."""
    told = pcapdiag.explain(talk, frame=15)
    assert [(i.connection.first.frame, i.segments, len(i.periods)) for i in told.incarnations] == [(1, 13, 1), (14, 4, 0)]
    assert told.asked == 1
    assert told.incarnations[0].connection.roles_from is RolesFrom.SYN


def test_every_rule_says_why_not(talk: Path) -> None:
    """One rule leads; each other names the condition that does not hold, or the rule it yields to."""
    (judged,) = pcapdiag.explain(talk, frame=1).incarnations[0].periods
    assert judged.finding is not None
    assert judged.finding.rule == "IDLE102"
    for reading in judged.readings:
        assert (reading.rule == "IDLE102") == reading.leads
        assert reading.leads or reading.failed or reading.yielded_to


def test_survived_periods_are_told_too() -> None:
    """Every idle period of the connection is there, those that survived without a verdict."""
    analysis = pcapdiag.analyze(SURVIVES, keep="all")
    connection = max(analysis.connections, key=lambda c: c.idle_periods)
    told = pcapdiag.explain(SURVIVES, frame=connection.first.frame)
    periods = told.incarnations[told.asked].periods
    mine = [p for p in analysis.idle_periods if p.connection.id == connection.id]
    assert [j.period.gap for j in periods] == [p.gap for p in mine]
    assert all(j == Judged(j.period, None, ()) for j in periods if j.period.outcome is Outcome.SURVIVED)
    assert len(periods) == connection.idle_periods > 0


def test_a_ring_is_read_as_one(tmp_path: Path) -> None:
    """Frames count in the file that is named first; the others belong to the same capture, in whatever order."""
    paths = []
    for number, data in enumerate(forge(TALK.replace(" 10.000  C  probe", "file\n 10.000  C  probe"))):
        paths.append(tmp_path / f"ring_{number}.pcapng")
        paths[-1].write_bytes(data)
    told = pcapdiag.explain([paths[1], paths[0]], frame=3)
    asked = told.incarnations[told.asked]
    assert asked.connection.first.frame == 1
    assert [(s.segment.ref.file, s.segment.ref.frame) for s in asked.steps][5:9] == [(0, 6), (1, 1), (1, 2), (1, 3)]
    assert asked.periods[0].period.gap == 39_955_000_000


@needs("tshark")
@pytest.mark.parametrize("path", [RESET, SURVIVES], ids=lambda p: p.name)
def test_numbers_are_those_of_tshark(path: Path) -> None:
    """Relative sequence and ACK numbers are what Wireshark shows."""
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "tcp.seq", "-e",
               "tcp.ack", "-e", "tcp.flags.ack"]  # fmt: skip
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    shown = {int(f): (int(s), int(a) if has in ("1", "True") else None) for f, s, a, has in (row.split("\t") for row in rows)}
    checked = 0
    for connection in pcapdiag.analyze(path).connections:
        told = pcapdiag.explain(path, frame=connection.first.frame, every=True)
        for step in told.incarnations[told.asked].steps:
            assert (step.seq, step.ack) == shown[step.segment.ref.frame]
            checked += 1
    assert checked == len(shown)


def test_what_is_not_there_is_named(talk: Path) -> None:
    """No such frame, no such stream, a frame that holds no TCP, a pipe, a directory: each says what is wrong."""
    with pytest.raises(pcapdiag.CaptureError, match="no frame 99: the capture has 18"):
        pcapdiag.explain(talk, frame=99)
    with pytest.raises(pcapdiag.CaptureError, match=r"no tcp\.stream 3"):
        pcapdiag.explain(talk, stream=3)
    with pytest.raises(pcapdiag.CaptureError, match="holds no TCP segment"):
        pcapdiag.explain(RESET, frame=1)
    with pytest.raises(pcapdiag.CaptureError, match="save it to a file"):
        pcapdiag.explain("-", frame=1)
    with pytest.raises(pcapdiag.CaptureError, match="name the one file"):
        pcapdiag.explain(RESET.parent, frame=1)
    with pytest.raises(ValueError, match="either frame or stream"):
        pcapdiag.explain(talk)


def text(directory: Path, talk: str) -> str:
    """What a person is told of the first connection of a conversation, on lines as long as they like."""
    path = directory / "x.pcapng"
    path.write_bytes(forge(talk)[0])
    return "\n".join(lines(pcapdiag.explain(path, frame=1), canvas(StringIO(), 500, False), False))


def test_why_no_rule_speaks_of_what_did_not_fail(tmp_path: Path) -> None:
    """A period that survived, or was closed, says so and why no rule is asked."""
    told = text(tmp_path, OPENED + "10 C 80 bytes\n10.02 S 900 bytes\n10.03 C ACK\n30 C FIN\n30.02 S FIN\n30.03 C ACK\n")
    assert "request by the client, survived: it was answered, so that no rule applies\n" in told
    assert told.endswith("fin by the client, closed: a FIN ended it and nothing was sent before, so that no rule applies")


def test_what_was_not_kept_is_not_made_up(tmp_path: Path) -> None:
    """Of a reset without idleness little is kept: no silence, no first sight, no FIN are told of it."""
    for talk in (OPENED + "0.5 C 80 bytes\n0.52 S RST\n", "0 C SYN\n0.02 S RST ACK\n"):
        told = text(tmp_path, talk)
        assert "before      not kept, as there was no idle period\n" in told
        assert "flags, content and silence before were not kept\n" in told
        assert "first seen here" not in told
        assert "silent for" not in told
        assert "0.000 s" not in told


def test_a_reset_in_silence_has_no_fin_to_tell_of(tmp_path: Path) -> None:
    """The question whether the peer had sent FIN is asked of what is sent to it, not of its own RST."""
    told = text(tmp_path, OPENED + "350 S RST ACK\n")
    assert "FIN of the peer" not in told


def test_undetermined_is_said_with_what_was_measured(tmp_path: Path) -> None:
    """Where no signal points to anybody, the values stand there all the same."""
    told = text(tmp_path, OPENED + "350 S RST ACK win=0 ts=no\n")
    assert "RST from    undetermined (TTL: 61 against 61 of that side's last segment; timestamps: none, negotiated)\n" in told
