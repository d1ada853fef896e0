"""Single packets as raw bytes, built with struct alone: property tests build hundreds of thousands of them."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MASK = 0xFFFFFFFF


class Packet(NamedTuple):
    """One packet to be recorded: time in ns, bytes from the IP header on (or from the link layer, once wrapped)."""

    time: int
    data: bytes
    interface: int = 0
    original: int | None = None

    def __repr__(self) -> str:
        """Say what it holds, as far as an IP packet tells: failures are read by people."""
        data = self.data
        at = 40 if data[:1] and data[0] >> 4 == 6 else 20
        what = f"{len(data)} bytes"
        if len(data) >= at + 14 and data[6 if at == 40 else 9] == 6:
            sport, dport, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", data, at)
            names = "".join(name for bit, name in zip((1, 2, 4, 8, 16), "FSRPA", strict=True) if flags & bit)
            length = len(data) - at - (offset >> 4) * 4
            what = f"{sport}>{dport} {names} seq={seq} ack={ack} len={length} ttl={data[7 if at == 40 else 8]}"
        return f"<{self.time / 1e9:.6f} {what} interface={self.interface}>"

    def cut(self, snap: int) -> Packet:
        """Return the packet as a capture with this snap length holds it."""
        whole = self.original if self.original is not None else len(self.data)
        return self._replace(data=self.data[:snap], original=whole)


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def address(text: str) -> bytes:
    """Return a textual IP address as 4 or 16 bytes."""
    return ip_address(text).packed


def ip(
    source: bytes,
    target: bytes,
    protocol: int,
    body: bytes,
    ttl: int = 64,
    ip_id: int = 0,
    length: int | None = None,
    dont_fragment: bool = True,
) -> bytes:
    """Return an IPv4 or IPv6 packet; `length` overrides the length field."""
    if len(source) == 16:
        size = len(body) if length is None else length
        return struct.pack(">IHBB", 0x60000000, size, protocol, ttl) + source + target + body
    size = 20 + len(body) if length is None else length
    df = 0x4000 if dont_fragment else 0
    head = struct.pack(">BBHHHBBH", 0x45, 0, size & 0xFFFF, ip_id, df, ttl, protocol, 0) + source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def tcp(
    source: tuple[bytes, int],
    target: tuple[bytes, int],
    seq: int,
    ack: int,
    flags: int,
    *,
    window: int = 502,
    payload: bytes = b"",
    options: bytes = b"",
    ttl: int = 64,
    ip_id: int = 0,
    length: int | None = None,
    dont_fragment: bool = True,
) -> bytes:
    """Return an IP packet with one TCP segment; `length` overrides the IP length field (0: offload)."""
    (a, sport), (b, dport) = source, target
    offset = 0x50 + (len(options) // 4 << 4)
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & MASK, ack & MASK, offset, flags, window, 0, 0)
    body = head + options + payload
    body = head[:16] + struct.pack(">H", checksum(a + b + struct.pack(">HH", 6, len(body)) + body)) + body[18:]
    return ip(a, b, 6, body, ttl, ip_id, length, dont_fragment)


def timestamps(value: int, echo: int) -> bytes:
    """Return the timestamps option as Linux pads it."""
    return struct.pack(">BBBBII", 1, 1, 8, 10, value & MASK, echo & MASK)


def icmp_error(router: bytes, kind: int, code: int, quoted: bytes, most: int = 548, ttl: int = 64) -> bytes:
    """Return an ICMP or ICMPv6 error that quotes a packet, sent to its source."""
    body = struct.pack(">BBHI", kind, code, 0, 0) + quoted[:most]
    if len(router) == 16:
        pseudo = router + quoted[8:24] + struct.pack(">II", len(body), 58)
        body = body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:]
        return ip(router, quoted[8:24], 58, body, ttl)
    body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
    return ip(router, quoted[12:16], 1, body, ttl)


def fragments(packet: bytes, size: int, ident: int) -> list[bytes]:
    """Cut an IPv4 or IPv6 packet into fragments of `size` payload bytes (a multiple of 8)."""
    six = packet[0] >> 4 == 6
    head, body = (packet[:40], packet[40:]) if six else (packet[:20], packet[20:])
    pieces = []
    for at in range(0, len(body), size):
        piece, more = body[at : at + size], at + size < len(body)
        if six:
            part = struct.pack(">BxHI", head[6], at | more, ident) + piece
            pieces.append(head[:4] + struct.pack(">HB", len(part), 44) + head[7:] + part)
        else:
            flags = at // 8 | (0x2000 if more else 0)
            new = head[:2] + struct.pack(">HHH", 20 + len(piece), ident, flags) + head[8:10] + b"\0\0" + head[12:]
            pieces.append(new[:10] + struct.pack(">H", checksum(new)) + new[12:] + piece)
    return pieces
