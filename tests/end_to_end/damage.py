"""Small forged captures of one lost request, to be damaged: what is in them, and where each unit of them ends."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tests.forge.conversation import conversation
from tests.forge.files import RAW, Interface, Section, pcap

#: One request lost after 9 s of idleness; the last packet is the RST.
LOST = conversation("""
    0.000  C  SYN
    0.020  S  SYN ACK
    0.021  C  ACK
    0.022  C  20 bytes
    0.045  S  30 bytes
    0.046  C  ACK
    9.100  C  25 bytes
    9.120  S  RST
""")
#: What comes after it, on another connection, and is idle for as long.
LATER = conversation("""
    12.000  C  20 bytes
    12.001  S  20 bytes
    12.002  C  20 bytes
    21.900  C  20 bytes
""", client=("10.0.0.3", 50001))  # fmt: skip
RST_FRAME = len(LOST)


class Unit(NamedTuple):
    """A file header, record or block: where it begins and ends, and the records up to and with it."""

    begin: int
    end: int
    records: int


@dataclass(frozen=True, slots=True)
class Small:
    """A capture and its units."""

    data: bytes
    units: tuple[Unit, ...]

    def whole(self, size: int) -> Unit:
        """The last unit that is whole if the file is cut to ``size`` bytes."""
        return max((u for u in self.units if u.end <= size), default=Unit(0, 0, 0))


def small_pcap(order: str = "<", *, later: bool = False, nano: bool = True) -> Small:
    """The lost request as pcap."""
    data = pcap([*LOST, *LATER] if later else LOST, order=order, nano=nano)
    units, at = [Unit(0, 24, 0)], 24
    while at < len(data):
        end = at + 16 + struct.unpack_from(order + "I", data, at + 8)[0]
        units.append(Unit(at, end, units[-1].records + 1))
        at = end
    return Small(data, tuple(units))


def small_pcapng(order: str = "<", *, later: bool = False, packet_block: int = 6) -> Small:
    """The lost request as pcapng, with comments, and with unknown blocks between the packets."""
    packets = [*LOST, *LATER] if later else LOST
    data = bytes(Section(packets, [Interface(RAW, 9)], order, packet_block, noise=True, drops=0))
    units, at, records = [], 0, 0
    while at < len(data):
        kind, length = struct.unpack_from(order + "II", data, at)
        records += kind in (2, 3, 6)
        units.append(Unit(at, at + length, records))
        at += length
    return Small(data, tuple(units))


@contextmanager
def in_a_pipe(data: bytes) -> Iterator[str]:
    """The name of a pipe that holds ``data`` (at most 64 KiB) and was closed after it."""
    reading, writing = os.pipe()
    try:
        with open(writing, "wb") as end:
            end.write(data)
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
