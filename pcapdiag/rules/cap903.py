"""Packets of the connection are missing around the verdict.

What it detects
    The numbers of the wake do not continue those captured before it, so that the capture missed payload of one side inside
    the gap; or the RST carries the number of another segment than the wake, so that what lay between was missed. For the
    whole capture it counts the packets that the capturing program itself says it dropped.

How to tell it apart
    Wireshark marks such a place "TCP Previous segment not captured" (`tcp.analysis.lost_segment`) or "TCP ACKed unseen
    segment" (`tcp.analysis.ack_lost_segment`). A packet lost on the way is another matter: it is retransmitted, and the
    numbers close again. A RST that stands one past the wake's ACK number after a FIN counts that FIN, and a socket that had
    accepted the request resets with its own next number: neither shows that anything is missing.

Why it happens
    The kernel's capture buffer overflowed: the disk was slower than the traffic, the filter too wide, or the snap length too
    long. The mirror port was oversubscribed. Part of the connection took another path.

What to do
    Look at tcpdump's last line, "packets dropped by kernel"; in Wireshark at "Dropped packets" under Statistics > Capture
    File Properties. Give it a larger buffer, a narrower filter and less to write:
    `tcpdump -n -i eth0 -s 128 -B 65536 -w /fast/FILE.pcap 'host SERVER and tcp port 443'` (-B in KiB: 64 MiB; 128 bytes hold
    all headers without tunnels). Capture on the host itself rather than on a mirror port. If the drops remain, capture fewer
    connections: one client, one port.

Blind spots
    The gap is an upper bound: some payload inside it is missing, and when it was sent is unknown, so that there may have been
    no idle period at all. Such a verdict is listed as not proved. Missing pure ACKs and keepalive probes leave no trace in
    the numbers, here or elsewhere. Classic pcap files do not record drops: no such line does not mean that there were none.

References
    RFC 9293 section 3.10.7.1 (a RST takes its number from what it answers);
    https://www.wireshark.org/docs/wsug_html_chunked/ChAdvTCPAnalysis.html; https://www.tcpdump.org/manpages/tcpdump.1.html
    (-B).
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.conditions import fin_before, numbered, rst_of, was_accepted
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun, other
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit

_ACK = 0x10


def check(period: IdlePeriod) -> Doubt | None:
    """Possible at most where the numbers leave something out."""
    if any(period.missed):
        sides = zip(period.missed, (period.sender, other(period.sender)), strict=True)
        bytes_of = " and ".join(f"{n:,} byte{'' if n == 1 else 's'} of the {side}" for n, side in sides if n)
        text = f"the {noun(period)}'s numbers show that the capture missed {bytes_of} inside the gap: it may have been shorter"
        return Doubt(RULE.code, text, Confidence.POSSIBLE)
    rst, wake = rst_of(period), period.wake.first
    if rst is None or not _answers_another(period):
        return None
    text = f"the RST's number is {rst.seq}, the {noun(period)}'s ACK number {wake.ack}: what it answers was not captured"
    return Doubt(RULE.code, text, Confidence.POSSIBLE)


def _answers_another(period: IdlePeriod) -> bool:
    # Where nobody was idle, a RST may well answer the segment before; to a SYN, it takes no number.
    if not period.idle or period.wake.kind not in (WakeKind.PAYLOAD, WakeKind.PROBE) or not period.wake.first.flags & _ACK:
        return False
    return not was_accepted(period) and not numbered(period, beyond=1 if fin_before(period) else 0)


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """What the capturing program says it dropped."""
    drops = sum(file.reported_drops or 0 for file in facts.files)
    return limit(RULE.code, drops, "packets that the capturing program says it dropped")


SHOWS = (
    Example(
        "The capture missed 500 bytes of the client: when they were sent nobody knows",
        OPENED + "300.000  C  missed 500\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "The capture missed a response: the request acknowledges more than was captured",
        OPENED + "  1.000  S  missed 700\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "The RST's number is that of another segment: it does not answer this request",
        OPENED + "350.100  C  80 bytes\n350.120  S  RST seq=-300\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "Lost on the way and sent again: the numbers close",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.320  S  RST\n",
    ),
    Example(
        "One number is missing: a FIN, as the capture saw none, and IDLE103 says so",
        OPENED + " 60.000  S  FIN quiet\n 60.040  C  ACK quiet\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
)

RULE = Caveat("CAP903", "packets-missing", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
