"""A hole between two capture files lies inside the gap.

What it detects
    The idle period began in one file and ended in a later one, and the two do not follow each other: between them lies more
    time than the pauses of this traffic explain, or the first of them broke off. For the whole capture it counts the holes
    and says how long the longest is.

How to tell it apart
    A ring without hole goes on within moments: its files are read as one. Missing payload shows in the sequence numbers as
    well (CAP903); if they are continuous, no payload was sent in the hole. `capinfos -a -e FILE...` lists first and last time
    of each file.

Why it happens
    A file of the ring was not handed over, or had been overwritten already. tcpdump was stopped and started again. A file was
    damaged, so that what it held at its end is unknown.

What to do
    Give pcapdiag all files of the ring, in any order: `pcapdiag analyze RING.pcap*`. Make the ring large enough for the time
    until somebody fetches it: `tcpdump -i any -s 256 -B 16384 -C 500 -W 40 -w RING.pcap 'tcp port 443'` keeps 40 files of 500
    MB; with `-W 40` alone beside `-G 300`, tcpdump ends after 40 files instead of starting over. Copy the ring before it
    turns over; to shift files while tcpdump writes, leave the newest alone.

Blind spots
    Continuous sequence numbers prove that no payload was sent in the hole, and that no FIN was acknowledged by the wake.
    Keepalive probes and pure ACKs leave no such trace: they may have broken the silence, so that the timer of a middlebox
    started anew. A hole shorter than the usual pauses of the traffic is not noticed.

References
    https://www.tcpdump.org/manpages/tcpdump.1.html (-C, -G, -W); RFC 9293 section 3.4 (sequence numbers);
    https://www.wireshark.org/docs/man-pages/capinfos.html.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit


def check(period: IdlePeriod) -> Doubt | None:
    """Likely at most where part of the gap was not captured."""
    if not period.hole:
        return None
    gap = f"the gap of {format_duration(period.gap)} before the {noun(period)}"
    text = f"a hole between two files lies inside {gap}: probes and pure ACKs in it were not captured"
    return Doubt(RULE.code, text, Confidence.LIKELY)


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Holes, and the longest of them."""
    longest = max(facts.holes, default=0)
    return limit(RULE.code, len(facts.holes), f"holes between files, the longest {format_duration(longest)}")


SHOWS = (
    Example(
        "The file between these two is missing",
        OPENED + "  5.000  C2 SYN\nfile\n340.000  C3 SYN\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "The second file begins where the first ends",
        OPENED + "349.900  C2 SYN\nfile\n350.000  C3 SYN\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "A hole, but before the idle period began",
        "  0.000  C2 SYN\nfile\n" + "".join(f"{400 + float(line[:7]):7.3f}{line[7:]}\n" for line in OPENED.splitlines())
        + "750.100  C  80 bytes\n750.120  S  RST\n",
    ),
)  # fmt: skip

RULE = Caveat("CAP908", "hole-between-files", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
