"""The line of packets of a finding: who sent what, in the order in which it came."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcapdiag.report.canvas import Canvas
from pcapdiag.report.strip import strip
from tests.rules.analysed import HELLO, verdict


@pytest.mark.parametrize(
    ("talk", "shown"),
    [
        ("60 C 80 bytes\n60.02 S RST\n", "<P >A -- 59.955 s -- >P <R"),
        ("60 C 80 bytes\n60.2 C again\n60.6 C again\n60.62 S RST\n", "<P >A -- 59.955 s -- >P >rx2 <R"),
        ("60 C 80 bytes\n60.2 C again\n60.6 C again\n300 C RST\n", "<P >A -- 59.955 s -- >P >rx2 nothing"),
        ("30 S FIN\n30.02 C ACK\n60 C 80 bytes\n60.02 S RST\n", "<P >A <F -- 59.955 s -- >P <R"),
        ("60 C probe\n60.02 S RST\n", "<P >A -- 59.955 s -- >K <R"),
        ("30 C probe\n30.02 S ACK\n60 C 80 bytes\n60.02 S RST\n", "<P >K -- 59.955 s -- >P <R"),
        ("60 S RST\n", "<P >A -- 59.955 s -- <R"),
        ("60 C 80 bytes\n60.02 S ACK\n60.2 S RST ACK\n", "<P >A -- 59.955 s -- >P <A <R"),
    ],
)
def test_a_strip_names_what_decides(tmp_path: Path, talk: str, shown: str) -> None:
    """Before the gap the last payload, its ACK, probes and a FIN; after it the wake, what was sent again, what came back."""
    line = " ".join(span.text for span in strip(verdict(tmp_path, HELLO + talk), Canvas(unicode=False)))
    assert line == shown
