"""Packets written as capture files: pcapng, or classic pcap; both to the nanosecond.

Written here with struct: scapy's pcapng writer cuts times to microseconds and knows one snap length; dpkt's takes nanoseconds and
several interfaces only as blocks put together by hand, in the byte order of the machine it runs on: as much code, and other
bytes elsewhere. Here it is always little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

_WHOLE = 262_144  # what tcpdump writes as snap length where none is asked for
_SECOND = 1_000_000_000


class Record(NamedTuple):
    """One record to be written: time in ns since the Unix epoch, interface, and the whole packet."""

    time: int
    interface: int
    data: bytes


def pcap(records: Sequence[Record], link_type: int, snap: int | None) -> bytes:
    """A classic pcap file in nanoseconds (draft-ietf-opsawg-pcap). It has no interfaces: all become one."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap or _WHOLE, link_type)]
    for record in records:
        seconds, rest = divmod(record.time, _SECOND)
        data = record.data[:snap]
        out += [struct.pack("<IIII", seconds, rest, len(data), len(record.data)), data]
    return b"".join(out)


def pcapng(records: Sequence[Record], link_type: int, snap: int | None, interfaces: int = 1) -> bytes:
    """A pcapng file of one section (draft-ietf-opsawg-pcapng): its interfaces, then enhanced packet blocks."""
    resolution = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)  # if_tsresol 10^-9, opt_endofopt
    described = _block(1, struct.pack("<HHI", link_type, 0, snap or _WHOLE) + resolution)
    out = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), described * interfaces]
    for record in records:
        data = record.data[:snap]
        head = struct.pack("<IIIII", record.interface, record.time >> 32, record.time & 0xFFFFFFFF, len(data), len(record.data))
        out.append(_block(6, head + data))
    return b"".join(out)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
