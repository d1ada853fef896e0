"""The connection began before the capture: its handshake was not captured.

What it detects
    The connection was first seen at the wake of its idle period, so that how long it had been idle is known only from below
    (`>= 312 s`); or who is client had to be guessed, because nothing but the order of speaking tells. For the whole capture
    it counts connections without a SYN, and those that were forgotten because there were too many at once: what they did
    later is new to pcapdiag, as if the capture had begun there.

How to tell it apart
    Wireshark shows such a connection without SYN, and `tcp.analysis` knows neither its window scale nor its round trip. If
    only the SYN is missing but the connection was seen before its idle period, and a port or another connection tells which
    end is the server, this rule says nothing: the verdict does not rest on the handshake. If the peer was never captured
    though the connection was, that is CAP901.

Why it happens
    Connection pools keep connections for hours or days, and the capture was started after the ticket came in. A capture
    filter for SYN alone, or for a size, has the same effect.

What to do
    Let the capture run longer than the idle timeout that is suspected, so that whole idle periods fall into it:
    `tcpdump -i any -s 256 -B 16384 -C 500 -W 20 -w RING.pcap 'tcp port 443'` keeps the last 10 GB. To have the handshakes
    too, start it and then restart one client (one pod is enough): its pool opens new connections. While the connections still
    stand, `ss -tnoi` on both hosts names the ends (which port listens: `ss -tln`) and says by `lastsnd` and `lastrcv` how
    long each has been idle.

Blind spots
    Between the start of the capture and the wake nothing of the connection was captured. Before that anything may have been
    sent: a lower bound cannot be compared with an idle timeout from above. A FIN sent before the capture began was not seen
    either. If the ends were guessed the wrong way round, a request is called a push, and a late answer may be a request.

References
    RFC 9293 section 3.5 (handshake); https://man7.org/linux/man-pages/man8/ss.8.html (ss -o, -i);
    https://www.tcpdump.org/manpages/tcpdump.1.html (-C, -W).
"""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Bound, IdlePeriod, RolesFrom
from pcapdiag.rules.examples import OPENED
from pcapdiag.rules.limits import limit
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import CaptureFacts, Caveat, Confidence, Doubt, Example, Limit

_GUESSED = {
    RolesFrom.FIRST_PAYLOAD: "who is client was guessed from who first sent payload",
    RolesFrom.UNKNOWN: "who is client is not known",
}


def check(period: IdlePeriod) -> Doubt | None:
    """Likely at most where the gap is a lower bound, or request and push may be confused."""
    said = []
    if period.bound is Bound.LOWER:
        gap = format_duration(period.gap)
        said.append(
            f"the connection was first seen at its {noun(period)}: "
            + (f"it had been idle for at least {gap}" if period.idle else "whether it had been idle before is not known")
        )
    if period.connection.roles_from in _GUESSED:
        said.append(_GUESSED[period.connection.roles_from])
    most = Confidence.LIKELY if period.idle or period.bound is not Bound.LOWER else Confidence.POSSIBLE
    return Doubt(RULE.code, "; ".join(said), most) if said else None


def limits(facts: CaptureFacts) -> Iterable[Limit]:
    """Connections without SYN, and those forgotten."""
    totals = facts.totals
    without = sum(t.connections - t.syn_seen for t in totals)
    evicted = sum(t.evicted_closed + t.evicted_open for t in totals)
    return (
        *limit(RULE.code, without, "connections that began before the capture: who is client is inferred"),
        *limit(RULE.code, evicted, "connections forgotten because there were too many: what they did later is new to us"),
    )


SHOWS = (
    Example(
        "First seen at its request, 312 s after the capture began",
        "  0.000  C2 SYN                # another connection: the capture runs\n312.000  C  80 bytes\n312.020  S  RST\n",
    ),
    Example(
        "Two high ports, no handshake: whoever speaks first is taken for the client",
        "client 10.0.0.1:50000\nserver 10.0.0.2:50001\n"
        "  0.022  C  120 bytes\n  0.045  S  900 bytes\n  0.046  C  ACK\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
)
DOES_NOT_SHOW = (
    Example("The handshake was captured", OPENED + "350.100  C  80 bytes\n350.120  S  RST\n"),
    Example(
        "Without handshake, but seen before its idle period, and port 443 tells the server",
        "  0.022  C  120 bytes\n  0.045  S  900 bytes\n  0.046  C  ACK\n350.100  C  80 bytes\n350.120  S  RST\n",
    ),
)

RULE = Caveat("CAP902", "handshake-not-captured", "0.1.0", check, limits, SHOWS, DOES_NOT_SHOW)
