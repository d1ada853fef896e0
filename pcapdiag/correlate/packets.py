"""One packet as two captures are compared by: what a router on the way leaves as it is, and a little that it changes."""

from __future__ import annotations

from typing import NamedTuple

from pcapdiag.engine.types import Endpoint, RecordRef, Seen, Traced

FIN, SYN, RST, ACK = 1, 2, 4, 16
MASK = 0xFFFFFFFF
#: As much of a payload as is compared: requests differ within their first line, or in an identifier soon after it.
HEAD = 256
_END, _NOP, _TIMESTAMPS = 0, 1, 8  # TCP options: RFC 9293 3.2, RFC 7323 3.2


class Packet(NamedTuple):
    """One recorded segment. ``timeline`` is which of the capture point's timelines recorded it, ``connection`` its incarnation
    there. ``ack`` is None without the ACK flag, ``stamps`` are TSval and TSecr (None: not there, or cut off), ``head`` is the
    beginning of the payload as far as it was captured. ``copy``: the same packet was recorded before, another way."""

    timeline: int
    connection: int
    ref: RecordRef
    source: Endpoint
    target: Endpoint
    seq: int
    ack: int | None
    flags: int
    length: int
    ttl: int
    ip_id: int | None = None
    stamps: tuple[int, int] | None = None
    head: bytes = b""
    copy: bool = False
    stream: int | None = None

    @property
    def ends(self) -> frozenset[Endpoint]:
        """Both ends of its connection."""
        return frozenset((self.source, self.target))

    @property
    def takes(self) -> int:
        """How many sequence numbers it takes."""
        return self.length + (self.flags & SYN > 0) + (self.flags & FIN > 0)


def packet(segment: Traced, timeline: int) -> Packet | None:
    """From what the engine traced with its bytes; None for an ICMP error."""
    if segment.icmp is not None:
        return None
    return Packet(
        timeline, segment.connection, segment.ref, segment.source, segment.target, segment.seq,
        segment.ack if segment.flags & ACK else None, segment.flags, segment.length, segment.ttl, segment.ip_id,
        stamps(segment), segment.record[segment.payload_at :][: min(segment.length, HEAD)], segment.seen is Seen.COPY,
        segment.stream,
    )  # fmt: skip


def stamps(segment: Traced) -> tuple[int, int] | None:
    """TSval and TSecr, looked for between the fixed header, which the engine does not point to, and the payload."""
    options = _options(segment)
    at = 0
    while at < len(options) and options[at] != _END:
        if options[at] == _NOP:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2:
            return None
        if options[at] == _TIMESTAMPS and size == 10 and at + 10 <= len(options):
            return int.from_bytes(options[at + 2 : at + 6], "big"), int.from_bytes(options[at + 6 : at + 10], "big")
        at += size
    return None


def _options(segment: Traced) -> bytes:
    """The TCP options as far as captured: the header that ends where the payload begins has these ports and this number."""
    told = segment.source.port.to_bytes(2, "big") + segment.target.port.to_bytes(2, "big") + segment.seq.to_bytes(4, "big")
    for size in range(20, 61, 4):
        begin = segment.payload_at - size
        header = segment.record[max(0, begin) : segment.payload_at]
        if begin >= 0 and len(header) > 12 and header[:8] == told and header[12] >> 4 == size // 4:
            return header[20:]
    return b""
