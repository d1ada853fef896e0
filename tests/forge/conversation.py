"""Conversations (see `pcapdiag.conversation`) as packets, by the fast maker of `packets.py`.

That these are the bytes which the product forges is proved in tests/conversation/.
"""

from __future__ import annotations

import struct
from typing import Any

from pcapdiag.conversation import START, Endpoint, Option, Segment, Setting
from pcapdiag.conversation import conversation as segments
from tests.forge.packets import Packet, address, icmp_error, tcp

ROUTER = {4: "10.9.9.9", 16: "fd00::9"}
__all__ = ["ROUTER", "START", "conversation", "merge", "packet"]


def conversation(
    text: str,
    *,
    client: tuple[str, int] = ("10.0.0.1", 50000),
    server: tuple[str, int] = ("10.0.0.2", 443),
    client_isn: int = 0xFFFFFFB0,
    server_isn: int = 1_000_000,
    ttl: tuple[int, int] = (64, 61),
    stamps: bool = True,
) -> list[Packet]:
    """Return the packets of a conversation. The client's numbers cross 2^32 within its first 80 bytes."""
    setting = Setting(Endpoint(*client), Endpoint(*server), ttl, (client_isn, server_isn), stamps)
    return [Packet(s.time, packet(s), s.interface) for s in segments(text, setting)]


def packet(segment: Segment) -> bytes:
    """Return a segment's bytes from the IP header on."""
    source, target = ((address(end.address), end.port) for end in (segment.source, segment.target))
    if segment.icmp is not None and segment.quoted is not None:
        return icmp_error(source[0], *segment.icmp, packet(segment.quoted), ttl=segment.ttl)
    return tcp(source, target, segment.seq, segment.ack, segment.flags, window=segment.window, payload=segment.payload,
               options=b"".join(map(_option, segment.options)), ttl=segment.ttl, ip_id=segment.ip_id or 0,
               dont_fragment=segment.dont_fragment is not False)  # fmt: skip


def _option(option: Option) -> bytes:
    name, value = option
    kind, form = {"NOP": (1, ""), "MSS": (2, "H"), "window scale": (3, "B"), "SACK permitted": (4, ""),
                  "timestamps": (8, "II"), "fast open": (34, "II")}[name]  # fmt: skip
    values: Any = value if isinstance(value, tuple) else () if value is None else (value,)
    return b"\1" if kind == 1 else struct.pack(f">BB{form}", kind, 2 + struct.calcsize(f">{form}"), *values)


def merge(*conversations: list[Packet]) -> list[Packet]:
    """Return the packets of several conversations in order of time."""
    return sorted((p for c in conversations for p in c), key=lambda p: p.time)
