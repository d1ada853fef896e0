"""Captures taken apart and put together again: as records, in pieces, in other formats."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.forge.files import ETHERNET
from tests.forge.files import pcapng as forged_pcapng
from tests.forge.packets import Packet

_HEADER, _RECORD = 24, 16


@dataclass(frozen=True, slots=True)
class Pieces:
    """A little-endian pcap file of microseconds: its header, and its records with their headers."""

    header: bytes
    records: tuple[bytes, ...]

    def pcap(self, first: int = 1, last: int | None = None) -> bytes:
        """Frames ``first`` to ``last`` (1-based, inclusive) as a pcap file."""
        return self.header + b"".join(self.records[first - 1 : last])

    def pcapng(self, first: int = 1, last: int | None = None) -> bytes:
        """The same as pcapng."""
        (link,) = struct.unpack_from("<I", self.header, 20)
        return forged_pcapng([packet(record) for record in self.records[first - 1 : last]], link, resolution=6)


def packet(record: bytes) -> Packet:
    """A record as a Packet."""
    seconds, micro, _, original = struct.unpack_from("<IIII", record)
    return Packet(seconds * 1_000_000_000 + micro * 1000, record[_RECORD:], original=original)


def pieces(source: Path | bytes) -> Pieces:
    """Take a capture apart."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    records, at = [], _HEADER
    while at < len(data):
        end = at + _RECORD + int.from_bytes(data[at + 8 : at + 12], "little")
        records.append(data[at:end])
        at = end
    return Pieces(data[:_HEADER], tuple(records))


def parts(whole: Pieces, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """The frames (first, last) of the files that a ring would have, cut after the frames ``cuts``."""
    edges = [0, *cuts, len(whole.records)]
    return [(a + 1, b) for a, b in pairwise(edges)]


def ethernet(packets: Sequence[Packet]) -> list[Packet]:
    """IPv4 packets with an Ethernet header before them."""
    head = bytes.fromhex("020000000001 020000000002 0800")
    return [p._replace(data=head + p.data) for p in packets]


__all__ = ["ETHERNET", "Pieces", "ethernet", "packet", "parts", "pieces"]
