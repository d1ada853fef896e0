"""Why a failed request belongs to no finding: what of it was captured, and the traps of addresses that proxies log."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from pcapdiag.correlate.flags import meaning
from pcapdiag.correlate.incidents import Ends
from pcapdiag.correlate.joined import Why
from pcapdiag.correlate.offsets import AGREE
from pcapdiag.correlate.types import Logged
from pcapdiag.durations import format_duration

#: What failed so long after it began waited for something: what a RST fails, fails at once.
LONG = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Captured:
    """What was captured, of what the logs name: the time, connections by their ends, and addresses."""

    span: tuple[int, int] | None
    ends: frozenset[Ends] = frozenset()
    addresses: frozenset[str] = field(default=frozenset())


def unjoined(
    line: Logged, ahead: int, rivals: int, connections: Sequence[Ends], towards_client: bool, captured: Captured
) -> tuple[Why, str]:
    """The reason, and more of it in words. ``rivals`` findings would fit; ``connections`` are those that the line names."""
    at = line.end + ahead
    if captured.span is None:
        return Why.OUTSIDE, "nothing was captured"
    first, last = captured.span
    if at < first - AGREE - line.resolution or at > last + AGREE:
        away = f"{format_duration(first - at)} before it" if at < first else f"{format_duration(at - last)} after it"
        return Why.OUTSIDE, away
    if rivals > 1:
        return Why.AMBIGUOUS, f"{rivals} findings of that upstream lie as near, and the line does not name its connection"
    if "UF" in line.flags:
        return Why.CONNECT, "nothing had been idle: it failed while connecting"
    if line.upstream is None and "upstream" not in line.odd and not towards_client:
        return Why.NOT_SENT, meaning(line.flags) or "the proxy chose no upstream"
    waited = line.duration is not None and line.duration >= LONG
    long = f"{format_duration(line.duration or 0)} after it began: what a RST fails, fails at once" if waited else ""
    if any(ends in captured.ends for ends in connections):
        return (Why.LONG, long) if waited else (Why.HEALTHY, "")
    if towards_client and line.local is None:
        return Why.DOWNSTREAM, meaning(line.flags)
    if (
        connections
        or "upstream" in line.odd
        or "local" in line.odd
        or not _known(line.upstream and line.upstream.address, captured)
    ):
        return Why.ELSEWHERE, _trap(line, captured)
    return (Why.LONG, long) if waited else (Why.NOTHING, "the line does not name its own end of the connection")


def _known(address: str | None, captured: Captured) -> bool:
    return address is not None and address in captured.addresses


def _trap(line: Logged, captured: Captured) -> str:
    """Which of the known traps makes the logged addresses others than those on the wire."""
    odd = line.odd.get("upstream") or line.odd.get("local")
    if odd is not None:
        return f"{odd[:80]} is the proxy's own name for a listener, which is on no wire"
    local, upstream = line.local, line.upstream
    if local is not None and ipaddress.ip_address(local.address).is_loopback:
        more = ", from where a sidecar calls its own application" if local.address == "127.0.0.6" else ""
        return f"{local.address} is within the host{more}: only a capture there shows it (tcpdump -i any)"
    if upstream is not None and upstream.address not in captured.addresses:
        return f"{upstream.address} does not occur in the capture: another interface or host, or NAT (a ClusterIP) between"
    if local is not None and local.address not in captured.addresses:
        return f"{local.address} does not occur in the capture: another host's log, or NAT between it and the capture"
    return "both addresses occur in the capture, but no connection of these two ports"
