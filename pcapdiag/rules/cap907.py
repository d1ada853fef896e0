"""Packets of the connection were recorded more than once.

What it detects
    The same packet again: same addresses, numbers, flags, window and timestamps within 50 ms, on another interface, in
    another direction, tag or tunnel, with another TTL, or identical byte for byte. Copies change no verdict. This rule only
    says that they are there, because they surprise whoever opens the capture in Wireshark.

How to tell it apart
    Wireshark takes copies for "TCP Retransmission", "TCP Dup ACK" or "TCP Out-Of-Order". A real retransmission of Linux comes
    after 200 ms or more and has a new IP ID; a copy comes within microseconds with the same one. The same packet with other
    addresses (before and after NAT) is no copy: it belongs to another connection, and the two findings are twins, one
    incident.

Why it happens
    `-i any` records a packet on every interface it crosses: the container's veth, the bridge, the bond and its link. A mirror
    port that copies both ports of a path, or a VLAN inside and outside, does the same.

What to do
    Nothing for pcapdiag's sake. For a tidier capture name one interface: `tcpdump -i eth0 -s 256 -w FILE.pcap 'tcp port 443'`
    (`ip route get SERVER` names it). `editcap -d FILE.pcap ONCE.pcap` takes out what is identical byte for byte, but not
    copies whose TTL or tag differs. Do keep `-i any` where it is not known which interface drops the packet: copies show how
    far it came.

Blind spots
    The TTL of a RST can be compared with that of earlier segments only if both were recorded the same way; of a packet with
    copies it is that of the last one. Two equal pure ACKs without IP ID within 50 ms may be two packets or one.

References
    https://www.tcpdump.org/manpages/tcpdump.1.html (-i any); https://www.wireshark.org/docs/man-pages/editcap.html (-d); RFC
    6864 (what an IP ID identifies).
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.types import CaptureFacts, Caveat, Doubt, Example, Limit


def check(period: IdlePeriod) -> Doubt | None:
    """Says how many there are; weakens nothing."""
    copies, packets = period.connection.copies, sum(period.connection.packets)
    if not copies:
        return None
    text = f"{copies:,} of the connection's {packets:,} packets are copies, recorded once more: they were left out"
    return Doubt(RULE.code, text, None)


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """All copies."""
    copies = sum(totals.copies for totals in facts.totals)
    return limit(RULE.code, copies, "packets recorded more than once: the copies change nothing")


SHOWS = (
    Example(
        "Request and RST on two interfaces, one behind the other",
        OPENED
        + "350.100000  C  80 bytes\n350.100020  C  copy via=1 ttl=63\n"
        + "350.120000  S  RST via=1\n350.120020  S  copy via=0 ttl=60\n",
    ),
)
DOES_NOT_SHOW = (
    Example(
        "A retransmission is no copy: it has a new IP ID and comes after 200 ms",
        OPENED + "350.100  C  80 bytes\n350.300  C  again\n350.320  S  RST\n",
    ),
)

RULE = Caveat("CAP907", "copies", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
