"""Only one direction of the connection was captured before the verdict.

What it detects
    The connection was seen before its idle period ended, but nothing of the side that was to answer, except perhaps the RST
    itself. If the idle period ended by a RST alone: nothing of the side that received it. For the whole capture it counts
    connections with segments in one direction only.

How to tell it apart
    A connection that is first seen at its wake has no earlier segments of either side: that is CAP902. Single missing
    segments of a side that was otherwise captured show in the sequence numbers: CAP903. In Wireshark, Statistics >
    Conversations > TCP has "Packets A → B" or "Packets B → A" at 0; on the command line `tshark -r FILE -q -z conv,tcp`.

Why it happens
    The capture filter names one side (`src host ...`), `-Q in` or `-Q out` was given, a mirror port copies one direction, or
    the two directions take different paths (two routers, two links of a bond, direct server return). Sometimes hardware or an
    eBPF program forwards one direction before the kernel, and so tcpdump, sees it.

What to do
    Capture where both directions pass, best on the host of the client, without a direction in the filter:
    `tcpdump -i any -s 256 -B 16384 -w FILE.pcap 'host SERVER and tcp port 443'`. `host`, not `src host` or `dst host`; no
    `-Q`. For a mirror port, have both directions mirrored. For a bond, capture on the bond, not on one of its links. If the
    directions cannot be had in one place, make two captures and merge them: `mergecap -w BOTH.pcapng A.pcap B.pcap`.

Blind spots
    "Nothing came back" is worth little if nothing of that side was ever captured; a FIN may have been sent, and what looks
    like silence may have been a lively answer. Therefore such a verdict is possible at most, whatever else supports it. If a
    single segment of the silent side was captured long before, this rule says nothing.

References
    https://www.tcpdump.org/manpages/tcpdump.1.html (-Q, -i any); RFC 9293 section 3.10.7.4 (what a segment of the other side
    would have proved).
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.engine.types import IdlePeriod, WakeKind
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun, other
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit


def check(period: IdlePeriod) -> Doubt | None:
    """Possible at most where the other side is known by its RST alone, or not at all."""
    if not _unheard(period):
        return None
    side = other(period.sender)
    before = f"before the {noun(period)}" if period.wake.kind is not WakeKind.RST else "at all"
    text = f"nothing of the {side} was captured {before}: what it sent, a FIN or an answer, may only be unseen"
    return Doubt(RULE.code, text, Confidence.POSSIBLE)


def _unheard(period: IdlePeriod) -> bool:
    connection = period.connection
    if period.wake.kind is WakeKind.SYN or connection.first == period.wake.first.ref:
        return False  # nobody had been heard before
    if period.wake.kind is WakeKind.RST:  # what is known of a peer is then of the RST's own side
        return connection.packets[1 if period.sender == "client" else 0] == 0
    return period.peer.ttl is None


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Connections with one direction only."""
    one_sided = sum(totals.one_sided for totals in facts.totals)
    return limit(RULE.code, one_sided, "connections of which only one direction was captured")


_CLIENT_ONLY = """\
  0.000  C  SYN
  0.020  S  SYN ACK quiet        # sent, but not captured
  0.021  C  ACK
  0.022  C  120 bytes
  0.045  S  900 bytes quiet
  0.046  C  ACK
"""
SHOWS = (
    Example(
        "The server's side was not captured: its answer to the request may only be unseen",
        _CLIENT_ONLY + "350.000  C  80 bytes\n350.200  C  again\n350.600  C  again\n351.400  C  again\n",
    ),
    Example("Of the server only the RST was captured", _CLIENT_ONLY + "350.000  C  80 bytes\n350.020  S  RST\n"),
    Example(
        "A RST of the server ends the silence; nothing of the client was captured",
        "  0.000  C  SYN quiet\n  0.020  S  SYN ACK\n  0.021  C  ACK quiet\n  0.022  C  120 bytes quiet\n"
        "  0.045  S  900 bytes\n350.000  S  RST ACK\n",
    ),
)
DOES_NOT_SHOW = (
    Example("Both sides were captured", OPENED + "350.000  C  80 bytes\n350.020  S  RST\n"),
    Example(
        "First seen at its request: neither side had been heard",
        "  0.000  C2 SYN                # another connection: the capture runs\n350.000  C  80 bytes\n350.020  S  RST\n",
        instead="CAP902",
    ),
)

RULE = Caveat("CAP901", "one-direction", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
