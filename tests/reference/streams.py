"""Wireshark's `tcp.stream` numbers in one file, as tshark 4.0 was seen to give them.

Only a SYN without ACK starts a new stream for a key that has one, namely if the first sequence number of that side is
known there and differs. That number is the ISN, or the first seq - 1, or the other side's first ack - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reference.decode import ACK, SYN, Header, Segment

Endpoint = tuple[bytes, int]
Key = frozenset[Endpoint]


@dataclass(slots=True)
class _Stream:
    number: int | None
    base: dict[Endpoint, int] = field(default_factory=dict)


@dataclass(slots=True)
class Streams:
    """Numbers for one file; None as soon as they cannot be known."""

    newest: dict[Key, _Stream] = field(default_factory=dict)
    given: int = 0
    lost: bool = False

    def number(self, header: Header) -> int | None:
        """Look up or give the stream number of one TCP header."""
        if not header.numbered:
            return None
        key = frozenset((header.source, header.target))
        stream = self.newest.get(key)
        opens = header.flags & (SYN | ACK) == SYN
        if stream is None or (opens and stream.base.get(header.source, header.seq) != header.seq):
            if isinstance(header, Segment) and header.fragment:
                self.lost = True  # tshark numbers it where the datagram is complete, if ever
            stream = self.newest[key] = _Stream(None if self.lost else self.given)
            self.given += 1
        if header.whole:
            first = header.seq if header.flags & SYN else header.seq - 1
            stream.base.setdefault(header.source, first & 0xFFFFFFFF)
            if header.flags & ACK:
                stream.base.setdefault(header.target, (header.ack - 1) & 0xFFFFFFFF)
        return stream.number
