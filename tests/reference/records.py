"""Capture files as records: pcap and pcapng, read whole, with struct alone.

dpkt's readers give times as floats and drop original lengths and interfaces, so they do not suffice here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

SECOND = 1_000_000_000
MAGICS = {0xA1B2C3D4: (1000, 16), 0xA1B23C4D: (1, 16), 0xA1B2CD34: (1000, 24)}  # ns a tick, bytes of record header
FRAMES = (0x0BAD, 0x40000BAD, 9)  # custom and journal blocks: no packets, but frames where Wireshark counts


@dataclass(slots=True)
class Record:
    """One packet record; `interface` counts on over the sections of a pcapng file."""

    frame: int
    time: int
    interface: int
    link_type: int
    original: int
    data: bytes


@dataclass(slots=True)
class Walk:
    """The records of one file, and whether it made sense to its end."""

    records: list[Record] = field(default_factory=list)
    damaged: bool = False


@dataclass(slots=True)
class _Interface:
    link_type: int
    snap: int
    per_second: int = 1_000_000
    offset: int = 0

    def time(self, ticks: int) -> int:
        """Ticks of this interface's clock as nanoseconds, rounded down."""
        return ticks * SECOND // self.per_second + self.offset * SECOND


class _Damage(Exception):
    pass


def walk(data: bytes) -> Walk:
    """Read every whole record up to the end or to the first damage."""
    result = Walk()
    reader = _pcapng if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap
    try:
        for record in reader(data):
            record.frame = len(result.records) + 1
            result.records.append(record)
    except (_Damage, struct.error):
        result.damaged = True
    return result


def _pcap(data: bytes) -> Iterator[Record]:
    order = next((o for o in "<>" if len(data) >= 24 and struct.unpack_from(o + "I", data)[0] in MAGICS), None)
    if order is None:
        raise _Damage
    unit, size = MAGICS[struct.unpack_from(order + "I", data)[0]]
    link_type = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at < len(data):
        seconds, fraction, captured, original = struct.unpack_from(order + "IIII", data, at)
        at += size
        if at + captured > len(data):
            raise _Damage
        yield Record(0, seconds * SECOND + fraction * unit, 0, link_type, original, data[at : at + captured])
        at += captured


def _pcapng(data: bytes) -> Iterator[Record]:
    interfaces: list[_Interface] = []
    section = at = last = 0
    order = "<"
    while at < len(data):
        kind = data[at : at + 4]
        if kind == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            section = len(interfaces)
        kind, total = struct.unpack_from(order + "II", data, at)
        if total < 12 or total % 4 or at + total > len(data):
            raise _Damage
        body = data[at + 8 : at + total - 4]
        if struct.unpack_from(order + "I", data, at + total - 4)[0] != total:
            raise _Damage
        at += total
        if kind == 1:
            interfaces.append(_interface(body, order))
        elif kind in (2, 3, 6):
            record = _packet(kind, body, order, interfaces, section, last)
            last = record.time
            yield record
        elif kind in FRAMES:
            yield Record(0, last, -1, -1, len(body), body)


def _interface(body: bytes, order: str) -> _Interface:
    link_type, _, snap = struct.unpack_from(order + "HHI", body)
    found = _Interface(link_type, snap)
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0:
            break
        if code == 9 and length == 1:
            found.per_second = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        if code == 14 and length == 8:
            found.offset = struct.unpack(order + "q", value)[0]
        at += 4 + (length + 3) // 4 * 4
    return found


def _packet(kind: int, body: bytes, order: str, known: list[_Interface], section: int, last: int) -> Record:
    if kind == 3:  # simple packet: interface 0, no time of its own
        number, head = 0, 4
        original = struct.unpack_from(order + "I", body)[0]
    elif kind == 6:
        number, high, low, captured, original = struct.unpack_from(order + "IIIII", body)
        head = 20
    else:
        number, _, high, low, captured, original = struct.unpack_from(order + "HHIIII", body)
        head = 20
    if section + number >= len(known):
        raise _Damage
    interface = known[section + number]
    if kind == 3:
        captured = min(original, interface.snap or original, len(body) - head)
        time = last
    else:
        time = interface.time(high << 32 | low)
    if head + captured > len(body):
        raise _Damage
    return Record(0, time, section + number, interface.link_type, original, body[head : head + captured])
