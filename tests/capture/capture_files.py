"""Small captures, as bytes, and the ways to compress them. For the tests of this folder."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct
from collections.abc import Callable, Iterable

import lz4.frame
import zstandard

from pcapdiag.capture import DamagedStream, Source

SECOND = 1_000_000_000


def pcap(times: Iterable[int] = (), order: str = "<", magic: int = 0xA1B2C3D4, payload: bytes = b"x" * 60) -> bytes:
    """A pcap file with one record of ``payload`` per time (ns)."""
    units = 1 if magic == 0xA1B23C4D else 1000
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for time in times:
        out += struct.pack(order + "IIII", time // SECOND, time % SECOND // units, len(payload), len(payload))
        out += b"\0" * 8 * (magic == 0xA1B2CD34) + payload
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block."""
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """A pcapng option."""
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(order: str = "<", options: bytes = b"") -> bytes:
    """A section header block."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(link: int = 1, options: bytes = b"", order: str = "<") -> bytes:
    """An interface description block."""
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def enhanced(ticks: int, index: int = 0, order: str = "<", payload: bytes = b"y" * 60) -> bytes:
    """An enhanced packet block at ``ticks`` of its interface."""
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(payload), len(payload))
    return block(6, head + payload, order)


def pcapng(times: Iterable[int] = (), order: str = "<") -> bytes:
    """A pcapng file with one packet per time (ns)."""
    packets = b"".join(enhanced(time // 1000, order=order) for time in times)
    return section(order) + interface(order=order) + packets


def large(records: int = 3000, seed: int = 7) -> bytes:
    """A pcap file whose payloads compress a little, as real ones do: longer than any buffer inside."""
    chance = random.Random(seed)
    out = bytearray(pcap())
    for number in range(records):
        payload = bytes(chance.randrange(8) * 31 for _ in range(40)) + chance.randbytes(chance.randrange(60))
        out += struct.pack("<IIII", 1_700_000_000 + number, 0, len(payload), len(payload)) + payload
    return bytes(out)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 6, mtime=0),
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "xz": lzma.compress,
    "bzip2": lambda data: bz2.compress(data, 1),
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
SUFFIX = {"gzip": ".gz", "zstd": ".zst", "xz": ".xz", "bzip2": ".bz2", "lz4": ".lz4"}


def everything(source: Source, size: int = 1 << 18) -> tuple[bytes, DamagedStream | None]:
    """All that ``source`` delivers in reads of ``size`` bytes, and the damage that ended it, if one did."""
    out, buffer = bytearray(), memoryview(bytearray(size))
    try:
        while count := source.readinto(buffer):
            out += buffer[:count]
    except DamagedStream as damage:
        return bytes(out), damage
    return bytes(out), None
