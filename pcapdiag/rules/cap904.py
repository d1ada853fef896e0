"""TCP options were cut off by the snap length, and the verdict rests on them.

What it detects
    The RST acknowledges the request and has window 0, so that only its timestamps option can tell a socket that gave up from
    something that answers in its place; and the options of the RST, or of all that the peer sent before, were not captured.
    For the whole capture it counts records in which even the TCP header's 20 fixed bytes are missing: they are no segments to
    pcapdiag.

How to tell it apart
    Wireshark says "Packet size limited during capture". Payload that was cut off does no harm to any verdict: its length is
    taken from the IP header. It does make goodbyes and the names of requests unreadable.

Why it happens
    The capture was taken with a small snap length (`-s 64`, `-s 68`, the default of very old tcpdumps), and tags, tunnels or
    the header of a cooked capture used it up.

What to do
    `tcpdump -i any -s 128 -w FILE.pcap 'tcp port 443'`: the headers take at most 20 (cooked, v2) + 40 (IPv6) + 60 (TCP) = 120
    bytes. With VLAN tags, VXLAN, GRE or Geneve around them `-s 256`. With `-s 512` the beginning of requests can be read too,
    if the policy of the house allows to record payload; `-s 0` records everything.

Blind spots
    A verdict between IDLE101 and IDLE107 is likely at most, and who sent the RST stays undetermined if only its options would
    have told. A segment whose header was not captured at all cannot be missed by name: its payload shows as missing (CAP903),
    its ACK or FIN may not.

References
    RFC 7323 section 3.2 (timestamps in every segment but, perhaps, a RST); https://www.tcpdump.org/manpages/tcpdump.1.html
    (-s); https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.conditions import rst_of
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit


def check(period: IdlePeriod) -> Doubt | None:
    """Likely at most where timestamps would have told who resets."""
    rst, answer, peer = rst_of(period), period.answer, period.peer
    if rst is None or answer is None or not answer.acknowledges or rst.window:
        return None
    cut = []
    if rst.timestamps is None:
        cut.append("the RST")
    if peer.timestamps is None and peer.ttl is not None:  # of a peer that was never captured CAP901 speaks
        cut.append("the peer's segments")
    if not cut:
        return None
    text = (
        f"the options of {' and of '.join(cut)} were cut off: whether the RST, which acknowledges the {noun(period)} with "
        "window 0, lacks the timestamps that were negotiated is unknown"
    )
    return Doubt(RULE.code, text, Confidence.LIKELY)


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Records without a whole TCP header."""
    cut = sum(file.skipped.get("cut by snap length", 0) for file in facts.files)
    return limit(RULE.code, cut, "records cut so short by the snap length that the TCP header is missing")


SHOWS = (
    Example(
        "40 bytes of each packet: the fixed headers and no option",
        "link raw\nsnap 40\n" + OPENED + "350.100  C  80 bytes\n350.140  S  RST ACK win=0\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "Options are cut off, but the RST is bare: nothing rests on them",
        "link raw\nsnap 40\n" + OPENED + "350.100  C  80 bytes\n350.120  S  RST\n",
    ),
    Example(
        "A live window tells a socket without any option",
        "link raw\nsnap 40\n" + OPENED + "350.100  C  80 bytes\n350.140  S  RST ACK\n",
    ),
    Example("The options were captured", OPENED + "350.100  C  80 bytes\n350.140  S  RST ACK win=0 ts=no\n"),
)

RULE = Caveat("CAP904", "headers-cut", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
