"""Pictures of an analysis, as a notebook asks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.capture import CaptureError
from tests.end_to_end.command import environment
from tests.end_to_end.shipped import CAPTURES, RESET, ROOT


def words(figure: object) -> list[str]:
    """All that is written in a figure."""
    return [text.get_text() for text in figure.axes[0].texts]  # type: ignore[attr-defined]  # a Figure, of an optional guest


@pytest.mark.parametrize("align", ["time", "wake"])
def test_a_plain_analysis_draws_its_packets(align: str) -> None:
    """plot_timeline() reads the captures again for the packets around each incident, as after detailed()."""
    plain = pcapdiag.analyze(RESET)
    drawn = plain.plot_timeline(align=align)  # type: ignore[arg-type]  # one of the two
    assert "SYN" in words(drawn)
    assert words(drawn) == words(plain.detailed().plot_timeline(align=align))  # type: ignore[arg-type]  # as above
    assert [text for text in words(drawn) if text.startswith("idle ")] or align == "wake"
    assert plain.report.excerpts == ()


def test_gaps_need_no_second_reading(tmp_path: Path) -> None:
    """plot_gaps() rests on what is counted; plot_timeline() of a capture that is gone says which."""
    path = tmp_path / "gone.pcap"
    path.write_bytes(RESET.read_bytes())
    analysis = pcapdiag.analyze(path)
    path.unlink()
    assert "failed 6.001 s" in words(analysis.plot_gaps())
    with pytest.raises(CaptureError, match=r"gone\.pcap"):
        analysis.plot_timeline()


def test_standard_input_is_drawn_from_the_frames_that_prove() -> None:
    """What cannot be read again still has a timeline: each gap, its wake and what came back."""
    code = "import pcapdiag; f = pcapdiag.analyze('-').plot_timeline(); print(*[t.get_text() for t in f.axes[0].texts], sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], input=RESET.read_bytes(), capture_output=True, check=True, cwd=ROOT, env=environment(), timeout=60)  # fmt: skip
    told = done.stdout.decode()
    assert told.count("bare RST after") == 4
    assert "SYN" not in told


def test_every_shipped_capture_can_be_drawn() -> None:
    """Whatever was found, both pictures are made, and no capture has a timeline that is empty without saying so."""
    for path in sorted(CAPTURES.glob("*.pcap*")):
        analysis = pcapdiag.analyze(path)
        told = words(analysis.plot_timeline())
        drawn = analysis.report.incidents or analysis.report.heartbeats or analysis.report.unproved
        assert ("No affected connection to draw." in told) is not bool(drawn), os.fspath(path)
        assert words(analysis.plot_gaps())
