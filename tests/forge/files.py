"""Packets written as capture files, in every dialect the product reads."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.forge.packets import Packet

SECOND = 1_000_000_000
ETHERNET, RAW = 1, 101


def pcap(
    packets: Sequence[Packet],
    link_type: int = RAW,
    *,
    order: str = "<",
    nano: bool = True,
    kuznetzov: bool = False,
    snap: int = 262144,
) -> bytes:
    """Return a classic pcap file; microseconds (also Kuznetzov's) round times down."""
    magic = 0xA1B2CD34 if kuznetzov else 0xA1B23C4D if nano else 0xA1B2C3D4
    unit = 1 if nano and not kuznetzov else 1000
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link_type)]
    extra = struct.pack(order + "IHBx", 2, 0x800, 0) if kuznetzov else b""
    for packet in packets:
        data = packet.data[:snap]
        whole = len(packet.data) if packet.original is None else packet.original
        seconds, rest = divmod(packet.time, SECOND)
        out += [struct.pack(order + "IIII", seconds, rest // unit, len(data), whole), extra, data]
    return b"".join(out)


@dataclass(frozen=True, slots=True)
class Interface:
    """How one interface of a pcapng file is described; `resolution` is the if_tsresol byte, None leaves it out."""

    link_type: int = RAW
    resolution: int | None = 9
    offset: int | None = None
    snap: int = 0

    def ticks(self, time: int) -> int:
        """Return nanoseconds as ticks of this interface, rounded down."""
        resolution = 6 if self.resolution is None else self.resolution
        per_second: int = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
        return (time - (self.offset or 0) * SECOND) * per_second // SECOND


def block(kind: int, body: bytes, order: str) -> bytes:
    """Return one pcapng block, padded."""
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def option(code: int, value: bytes, order: str) -> bytes:
    """Return one pcapng option, padded."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a pcapng file; every packet's `interface` is an index of `interfaces`.

    `packet_block` is 6 (enhanced), 3 (simple: interface 0, no time) or 2 (obsolete). `noise` strews in unknown blocks,
    comments and name resolution. `drops` ends the section with interface statistics.
    """

    packets: Sequence[Packet]
    interfaces: Sequence[Interface] = field(default_factory=lambda: [Interface()])
    order: str = "<"
    packet_block: int = 6
    noise: bool = False
    drops: int | None = None

    def __bytes__(self) -> bytes:
        """Return the section's bytes."""
        order = self.order
        out = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)]
        out += [self._described(i) for i in self.interfaces]
        if self.noise:
            out += [block(4, b"\0\0\0\0", order), block(0x0000BADD, b"strange", order)]
        for number, packet in enumerate(self.packets):
            out.append(self._recorded(packet))
            if self.noise and number % 3 == 0:
                out.append(block(0x0BAD0000 + number, b"x" * number, order))
        if self.drops is not None:
            statistics = option(5, struct.pack(order + "Q", self.drops), order) + option(0, b"", order)
            out.append(block(5, struct.pack(order + "III", 0, 0, 0) + statistics, order))
        return b"".join(out)

    def _described(self, interface: Interface) -> bytes:
        order = self.order
        options = b""
        if interface.resolution is not None:
            options += option(9, bytes([interface.resolution]), order)
        if interface.offset is not None:
            options += option(14, struct.pack(order + "q", interface.offset), order)
        if self.noise:
            options = option(2, b"eth0", order) + options
        options += option(0, b"", order) if options else b""
        return block(1, struct.pack(order + "HHI", interface.link_type, 0, interface.snap) + options, order)

    def _recorded(self, packet: Packet) -> bytes:
        order, data = self.order, packet.data
        whole = len(data) if packet.original is None else packet.original
        if self.packet_block == 3:
            return block(3, struct.pack(order + "I", whole) + data, order)
        ticks = self.interfaces[packet.interface].ticks(packet.time)
        head = struct.pack(order + "IIII", ticks >> 32, ticks & 0xFFFFFFFF, len(data), whole)
        padded = data + bytes(-len(data) % 4)
        comment = option(1, b"a comment", order) + option(0, b"", order) if self.noise else b""
        if self.packet_block == 2:
            return block(2, struct.pack(order + "HH", packet.interface, 0) + head + padded + comment, order)
        return block(6, struct.pack(order + "I", packet.interface) + head + padded + comment, order)


def pcapng(packets: Sequence[Packet], link_type: int = RAW, order: str = "<", resolution: int | None = 9) -> bytes:
    """Return a pcapng file of one section, with as many interfaces as the packets name."""
    count = 1 + max((p.interface for p in packets), default=0)
    return bytes(Section(packets, [Interface(link_type, resolution)] * count, order))
