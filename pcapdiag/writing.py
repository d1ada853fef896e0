"""Packets written as capture files: pcapng, or classic pcap; both to the nanosecond.

Written here with struct: scapy's pcapng writer cuts times to microseconds and knows one snap length; dpkt's takes nanoseconds and
several interfaces only as blocks put together by hand, in the byte order of the machine it runs on: as much code, and other
bytes elsewhere. Here it is always little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_WHOLE = 262_144  # what tcpdump writes as snap length where none is asked for
_SECOND = 1_000_000_000
_LONGEST = 0xFFFF  # an option's length has 16 bits
# Option codes of draft-ietf-opsawg-pcapng: 3.5 for every block, 4.1 of section headers, 4.2 of interfaces.
_COMMENT, _APPLICATION, _DESCRIPTION, _RESOLUTION = 1, 4, 3, 9


class Record(NamedTuple):
    """One record to be written: time in ns since the Unix epoch, interface, and the packet; ``original`` is its length on the
    wire, if that is more than ``data``, and ``comments`` are what is said of it."""

    time: int
    interface: int
    data: bytes
    original: int = 0
    comments: tuple[str, ...] = ()


class Interface(NamedTuple):
    """Where packets were recorded: a LINKTYPE_ value (tcpdump.org/linktypes.html), and a description for people."""

    link_type: int
    snap: int | None = None
    description: str = ""


def pcap(records: Sequence[Record], link_type: int, snap: int | None) -> bytes:
    """A classic pcap file in nanoseconds (draft-ietf-opsawg-pcap). It has no interfaces: all become one."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap or _WHOLE, link_type)]
    for record in records:
        seconds, rest = divmod(record.time, _SECOND)
        data = record.data[:snap]
        out += [struct.pack("<IIII", seconds, rest, len(data), max(record.original, len(record.data))), data]
    return b"".join(out)


def pcapng(
    records: Iterable[Record], interfaces: Sequence[Interface], *, comments: Sequence[str] = (), application: str = ""
) -> bytes:
    """A pcapng file of one section (draft-ietf-opsawg-pcapng): its interfaces, then enhanced packet blocks.

    ``comments`` and the name of the ``application`` that wrote it stand in the section's header.
    """
    said = [(_COMMENT, text.encode()) for text in comments]
    if application:
        said.append((_APPLICATION, application.encode()))
    out = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options(said))]
    out += [interface_block(interface) for interface in interfaces]
    out += [packet_block(record, interfaces[record.interface].snap) for record in records]
    return b"".join(out)


def interface_block(interface: Interface) -> bytes:
    """An interface description block, for times in ns."""
    told = [(_DESCRIPTION, interface.description.encode())] if interface.description else []
    head = struct.pack("<HHI", interface.link_type, 0, interface.snap or _WHOLE)
    return _block(1, head + _options([*told, (_RESOLUTION, b"\x09")]))


def packet_block(record: Record, snap: int | None = None) -> bytes:
    """An enhanced packet block."""
    data, time = record.data[:snap], record.time & (1 << 64) - 1
    head = struct.pack("<IIIII", record.interface, time >> 32, time & 0xFFFFFFFF, len(data),
                       max(record.original, len(record.data)))  # fmt: skip
    return _block(6, head + _padded(data) + _options([(_COMMENT, text.encode()) for text in record.comments]))


def _options(options: Sequence[tuple[int, bytes]]) -> bytes:
    """Options in their order, and the mark of their end; nothing if there are none."""
    out = [struct.pack("<HH", code, len(value[:_LONGEST])) + _padded(value[:_LONGEST]) for code, value in options]
    return b"".join([*out, bytes(4)]) if out else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    body = _padded(body)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
