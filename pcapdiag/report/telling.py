"""How much of a packet is kept where payload is private: its headers, and the few bytes that tell what kind of message it was.

A verdict may rest on them: a RST to a TLS alert or a QUIT harms nobody, and a request that is read as HTTP is no heartbeat. What
tells is a record's or frame's header, a method, a fixed command; never what somebody wrote.
"""

from __future__ import annotations

from pcapdiag.engine.types import Seen, Traced
from pcapdiag.rules.messages import recognise

#: The longest head that is kept: `GET /`, five bytes of a TLS record, a Redis QUIT of 14. More would be content.
MOST = 16


def telling(payload: bytes, length: int) -> int:
    """The fewest first bytes of a message of ``length`` from which the same is read of it: its protocol, and whether it says
    goodbye. 0 if nothing is, or if that would take more than what is no content."""
    whole = recognise(payload, length)
    for n in range(min(MOST, len(payload)) + 1):
        read = recognise(payload[:n], length)
        if (read.protocol, read.farewell, read.closing, read.label is None) == (
            whole.protocol, whole.farewell, whole.closing, whole.label is None
        ):  # fmt: skip
            # The words of an IRC QUIT are its sender's.
            return 0 if whole.label == "QUIT" and b" " in payload[:n] else n
    return 0


def told_less(payload: bytes, length: int) -> bool:
    """Is something read of the whole message that is not read of what is kept of it?"""
    whole, kept = recognise(payload, length), recognise(payload[: telling(payload, length)], length)
    return (whole.protocol, whole.farewell, whole.closing) != (kept.protocol, kept.farewell, kept.closing)


def headers(segment: Traced) -> int:
    """Where a record's headers end; of an ICMP error, those of the segment that it quotes."""
    if segment.seen is not Seen.ICMP:
        return segment.payload_at
    record, at = segment.record, segment.payload_at + 8  # behind the ICMP header, which is as long in IPv6
    if len(record) <= at:
        return len(record)
    at += 40 if record[at] >> 4 == 6 else (record[at] & 15) * 4
    return at + max(20, (record[at + 12] >> 4) * 4) if len(record) > at + 12 else len(record)
