"""What a file is and when it begins, from its first kilobytes: enough to order files before any is read.

Only times and link types are read here; packets are the engine's. Lengths are believed as far as the bytes
go.
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass, field

from .errors import CaptureError, DamagedStream
from .magic import Format, capture_format
from .source import Source, open_source

_STEP = 4096
_LIMIT = 1 << 20
"""How far, in decompressed bytes, a first packet is looked for: past comments, TLS secrets and name
resolution."""

_SECTION, _INTERFACE, _OLD_PACKET, _ENHANCED = 0x0A0D0D0A, 1, 2, 6
_OPTION_RESOLUTION, _OPTION_OFFSET = 9, 14
_LINK_TYPE = 0x03FFFFFF  # the upper bits of pcap's field are the FCS length (draft-ietf-opsawg-pcap section 4)


@dataclass(frozen=True, slots=True)
class Preview:
    """``format`` of a capture (None: a pipe, which cannot be looked at), time of its first packet record in
    ns since the epoch (None: no packet, or none with a time), link type of that packet's interface, or of the
    first one described."""

    format: Format | None
    first_time: int | None
    link_type: int | None


def is_stream(path: str) -> bool:
    """Whether ``path`` can be read only once (``-``, a FIFO, a device), so that nothing may look at it
    before."""
    if path == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def preview(path: str) -> Preview:
    """Looks at the start of ``path``. Raises `CaptureError` if it is not a capture. A pipe is left alone."""
    if is_stream(path):
        return Preview(None, None, None)
    with open_source(path) as source:
        head = _Head(source)
        form = capture_format(head.upto(12))
        if form == "pcap":
            return _pcap(head)
        if form == "pcapng":
            return _pcapng(head)
    raise CaptureError(path, "it changed while it was looked at")


class _Head:
    """The first bytes of a source, read as far as they are asked for."""

    def __init__(self, source: Source) -> None:
        self.data = bytearray()
        self._source = source

    def upto(self, end: int) -> bytes:
        """The bytes before offset ``end``; fewer if the file, the readable part of it, or the limit ends
        before."""
        if len(self.data) < end <= _LIMIT:
            buffer = memoryview(bytearray(_STEP))
            try:
                while len(self.data) < end and (count := self._source.readinto(buffer)):
                    self.data += buffer[:count]
            except DamagedStream:
                pass  # whoever reads the file will hear of it
        return bytes(self.data[:end])

    def at(self, offset: int, size: int) -> bytes:
        """``size`` bytes at ``offset``; b"" if they are not all there."""
        data = self.upto(offset + size)[offset:]
        return data if len(data) == size else b""


def _pcap(head: _Head) -> Preview:
    order = "<" if head.data[3] == 0xA1 else ">"
    scale = 1 if 0x3C in head.data[1:3] else 1000  # a1b23c4d counts nanoseconds, all others microseconds
    link = head.at(20, 4)
    first = head.at(24, 8)
    time = None
    if first:
        seconds, fraction = struct.unpack(order + "II", first)
        time = seconds * 1_000_000_000 + fraction * scale
    return Preview("pcap", time, struct.unpack(order + "I", link)[0] & _LINK_TYPE if link else None)


@dataclass(frozen=True, slots=True)
class _Interface:
    link_type: int
    units: int  # per second
    offset: int  # seconds

    def time(self, high: int, low: int) -> int:
        return ((high << 32 | low) * 1_000_000_000) // self.units + self.offset * 1_000_000_000


@dataclass(slots=True)
class _Section:
    order: str
    interfaces: list[_Interface] = field(default_factory=list)


def _pcapng(head: _Head) -> Preview:
    at, link = 0, None
    section = _Section("<")
    while start := head.at(at, 12):
        if start[:4] == b"\x0a\x0d\x0d\x0a":
            section = _Section("<" if start[8:12] == b"\x4d\x3c\x2b\x1a" else ">")
        kind, length = struct.unpack_from(section.order + "II", start)
        if kind == _INTERFACE and 20 <= length <= _LIMIT:
            interface = _interface(head.upto(at + length - 4)[at + 8 :], section.order)
            section.interfaces.append(interface)
            link = interface.link_type if link is None else link
        elif kind in (_ENHANCED, _OLD_PACKET) and (body := head.at(at + 8, 12)):
            index, high, low = struct.unpack(section.order + ("III" if kind == _ENHANCED else "HxxII"), body)
            if index < len(section.interfaces):
                interface = section.interfaces[index]
                return Preview("pcapng", interface.time(high, low), interface.link_type)
        if length < 12:
            break
        at += length + -length % 4  # written unpadded by some; Wireshark rounds up too
    return Preview("pcapng", None, link)


def _interface(body: bytes, order: str) -> _Interface:
    """The interface that the description block's ``body`` (link type, reserved, snap length, options)
    describes."""
    link = struct.unpack_from(order + "H", body)[0] if len(body) >= 2 else 0
    units, offset, at = 1_000_000, 0, 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == _OPTION_RESOLUTION and length >= 1:
            units = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OPTION_OFFSET and length >= 8:
            offset = struct.unpack_from(order + "q", value)[0]
        at += 4 + length + -length % 4
    return _Interface(link, units, offset)
