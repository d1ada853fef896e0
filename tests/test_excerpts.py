"""The second reading: packets around what was found, as captured."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.capture import CaptureError
from pcapdiag.engine.types import Seen
from tests.end_to_end.shipped import CAPTURES


def test_an_excerpt_holds_every_frame_that_proves() -> None:
    """Start, wake and answer of each finding, with the handshake before and the next connection after, byte for byte."""
    analysis = pcapdiag.analyze(CAPTURES / "reset-after-idle.pcap").detailed()
    whole = (CAPTURES / "reset-after-idle.pcap").read_bytes()
    assert len(analysis.findings) == 4
    for finding in analysis.findings:
        excerpt = analysis.report.excerpt(finding.period)
        assert excerpt is not None
        frames = [step.segment.ref.frame for step in excerpt.steps]
        period = finding.period
        assert period.start
        assert period.answer
        assert {period.start.frame, period.wake.first.ref.frame, period.answer.first.ref.frame} <= set(frames)
        assert frames == sorted(frames)
        assert [step.segment.seen for step in excerpt.steps[:2]] == [Seen.SYN, Seen.SYN]
        assert all(step.segment.record in whole and step.segment.original for step in excerpt.steps)
        assert excerpt.successor is not None
        assert excerpt.successor.connection.server == period.connection.server
        assert excerpt.successor.connection.first.frame > period.answer.first.ref.frame
        assert [step.segment.seen for step in excerpt.successor.steps[:2]] == [Seen.SYN, Seen.SYN]


def test_a_detailed_report_names_its_captures() -> None:
    """Each file comes with the SHA-256 of what is stored, compressed or not; the plain analysis reads nothing twice."""
    import hashlib

    path = CAPTURES / "farewell.pcap"
    plain = pcapdiag.analyze(path)
    assert plain.report.files[0].sha256 is None
    assert plain.report.excerpts == ()
    assert plain.detailed().report.files[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_details_are_bounded_and_spread() -> None:
    """Of more findings than are asked for, each service and rule has its first."""
    analysis = pcapdiag.analyze([CAPTURES / "reset-after-idle.pcap", CAPTURES / "reset-in-silence.pcap"])
    assert len({f.rule for f in analysis.findings}) == 2
    excerpts = analysis.detailed(most=2).report.excerpts
    assert len(excerpts) == 2
    assert {f.rule for f in analysis.findings if any(f.period.wake.first.ref in e.wakes for e in excerpts)} == {
        "IDLE101", "IDLE104"
    }  # fmt: skip


def test_several_files_are_read_as_before(tmp_path: Path) -> None:
    """A connection that begins in one file and is reset in another has one excerpt, with the frames of both."""
    ring = sorted(CAPTURES.glob("capture-formats.ring_*.pcapng"))
    analysis = pcapdiag.analyze(ring)
    detailed = analysis.detailed()
    assert analysis.findings
    for finding in analysis.findings:
        excerpt = detailed.report.excerpt(finding.period)
        assert excerpt is not None
        refs = {step.segment.ref for step in excerpt.steps}
        assert {finding.period.start, finding.period.wake.first.ref} <= refs


def test_a_capture_that_is_gone_says_so(tmp_path: Path) -> None:
    """The second reading needs the file: without it, a clear error."""
    path = tmp_path / "gone.pcap"
    path.write_bytes((CAPTURES / "reset-after-idle.pcap").read_bytes())
    analysis = pcapdiag.analyze(path)
    path.unlink()
    with pytest.raises(CaptureError, match=r"gone\.pcap"):
        analysis.detailed()
