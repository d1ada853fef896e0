"""Reports for pictures: with the packets of shipped captures, or by hand with as many incidents as are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pcapdiag
from pcapdiag.engine.types import Endpoint
from pcapdiag.report.drawing import Drawing, Shape, Text, extent
from pcapdiag.report.model import Report
from tests.end_to_end.shipped import CAPTURES
from tests.report import samples
from tests.report.factory import T0, S, connection, finding, period

#: Captures that differ in what a timeline has to show: RSTs, probes, late answers, retransmissions, ICMP, FINs, many packets.
SHIPPED = (
    "reset-after-idle.pcap", "keepalive-too-slow.pcap", "late-answer-lost.pcap", "silence-after-idle.pcap",
    "icmp-prohibited.pcap", "request-after-fin.pcap", "full-chain.client.pcapng", "probe-unanswered.pcap",
    "push-after-idle.pcap", "reset-in-silence.pcap", "late-capture.pcap", "ipv6.pcap",
)  # fmt: skip


@cache
def shipped(name: str) -> Report:
    """The detailed report of a capture."""
    return pcapdiag.analyze(CAPTURES / name).detailed().report


def incidents(number: int) -> Report:
    """That many, each on its own connection, spread over two hours, with gaps of 350 s to 20 min."""
    found = []
    for i in range(number):
        conn = connection(Endpoint("10.1.2.3", 20_000 + i), stream=i)
        gap, at = (350 + i * 7919 % 850) * S, T0 + i * 6007 % 7200 * S
        found.append(finding(period(gap, at, (10 * i + 1, 10 * i + 5, 10 * i + 6), conn=conn)))
    found.sort(key=lambda f: f.period.wake.first.ref.time)
    return samples.report(findings=tuple(found))


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    """Words that cover each other."""
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text)]
    boxes = [(*extent(t), t.y - t.size * 0.75, t.y, t.text) for t in texts]
    return [
        (a[4], b[4])
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
    ]


def words_of(shapes: Iterable[Shape]) -> list[str]:
    """All the words of a drawing."""
    return [shape.text for shape in shapes if isinstance(shape, Text)]
