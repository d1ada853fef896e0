"""One record into one TCP segment, or the reason why not: the headers are unpacked by dpkt's classes.

Every layer is a function of (bytes, original length of what these bytes are the beginning of, how it came), and calls
the next. dpkt's own descent from layer to layer is switched off: it guesses where headers were cut.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

import dpkt

from tests.reference.records import Record

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DEEPEST = 16  # headers below the link layer; more than that is an attack, not a network
TAGS = {0x8100, 0x88A8, 0x9100}
NULL_FAMILIES = {2, 24, 28, 30}  # AF_INET, and AF_INET6 of NetBSD, FreeBSD and macOS
V6_OPTIONS = {0, 43, 60, 140}  # hop-by-hop, routing, destination options, shim6: all in units of 8 bytes
Via = tuple[object, ...]


class Skip(Exception):
    """The record holds no TCP segment; args[0] is the reason."""


class Ip(dpkt.ip.IP):  # type: ignore[misc]  # dpkt has no types
    """IPv4 header; its data stays bytes."""

    _protosw: ClassVar[dict[int, type]] = {}


@dataclass(slots=True)
class Header:
    """What a TCP header says, in a segment, in an ICMP quotation, cut off or bad (then not `whole`)."""

    source: tuple[bytes, int]
    target: tuple[bytes, int]
    seq: int
    ack: int
    flags: int
    whole: bool = True
    numbered: bool = True  # tshark gives it a stream number
    icmp: tuple[int, int, int] | None = None  # IP version, type, code


@dataclass(slots=True)
class Segment(Header):
    """A TCP segment; `length` is its payload by the IP header."""

    time: int = 0
    frame: int = 0
    file: int = 0
    window: int = 0
    length: int = 0
    ttl: int = 0
    ip_id: int | None = None
    dont_fragment: bool | None = None
    timestamps: bool | None = None
    via: Via = ()
    payload: bytes = b""
    fragment: bool = False

    @property
    def ref(self) -> tuple[int, int]:
        """File and frame."""
        return self.file, self.frame


@dataclass(slots=True)
class _Packet:
    """What the IP header said to the layers above."""

    source: bytes
    target: bytes
    ttl: int
    ip_id: int | None
    dont_fragment: bool | None
    fragment: bool = False


def decode(record: Record) -> Header:
    """Return the segment in a record, or a bare Header if only tshark would number it; else raise Skip."""
    via: Via = (record.interface,)
    data, kind, whole = record.data, record.link_type, max(record.original, len(record.data))
    if kind == 1:
        return ethernet(data, whole, via, 0)
    if kind in (12, 14, 101, 228, 229):
        return ip_any(data, whole, via, 0)
    if kind in (0, 108):
        family = need(data, ">I", 0)[0]
        known = {family, need(data, "<I", 0)[0]} if kind == 0 else {family}
        if not known & NULL_FAMILIES:
            raise Skip("NULL family")
        return ip_any(data[4:], whole - 4, via, 0)
    if kind == 113:
        direction, protocol = need(data, ">H12xH", 0)
        return ethertype(protocol, data[16:], whole - 16, (*via, direction), 0)
    if kind == 276:
        protocol, index, direction = need(data, ">HxxIxxB9x", 0)
        return ethertype(protocol, data[20:], whole - 20, (*via, direction, index), 0)
    raise Skip(f"link type {kind}")


def need(data: bytes, form: str, at: int) -> tuple[int, ...]:
    if len(data) < at + struct.calcsize(form):
        raise Skip("cut by snap length")
    return struct.unpack_from(form, data, at)


def ethernet(data: bytes, whole: int, via: Via, depth: int) -> Header:
    return ethertype(need(data, ">12xH", 0)[0], data[14:], whole - 14, via, depth)


def ethertype(kind: int, data: bytes, whole: int, via: Via, depth: int) -> Header:
    if depth > DEEPEST:
        raise Skip("nested too deeply")
    if kind in (0x0800, 0x86DD):
        return ip_any(data, whole, via, depth)
    if kind in TAGS:
        tag, inner = need(data, ">HH", 0)
        return ethertype(inner, data[4:], whole - 4, (*via, kind, tag & 0xFFF), depth + 1)
    if kind in (0x8847, 0x8848):
        label = need(data, ">I", 0)[0]
        inner = 0x0800 if label & 0x100 else kind  # at the bottom of the stack the IP version tells
        return ethertype(inner, data[4:], whole - 4, (*via, "mpls", label >> 12), depth + 1)
    if kind == 0x8864:
        session, protocol = need(data, ">xxHxxB", 0)
        size = 1 if protocol & 1 else 2  # RFC 1661 2: the first byte is odd if the field was compressed
        if protocol == 0:
            protocol = need(data, ">6xH", 0)[0]
        if protocol not in (0x21, 0x57):
            raise Skip("PPPoE")
        return ip_any(data[6 + size :], whole - 6 - size, (*via, "pppoe", session), depth + 1)
    if kind == 0x6558:
        return ethernet(data, whole, via, depth + 1)
    raise Skip("ARP" if kind == 0x0806 else "802.3" if kind < 1536 else f"EtherType {kind:04x}")


def ip_any(data: bytes, whole: int, via: Via, depth: int) -> Header:
    if depth > DEEPEST:
        raise Skip("nested too deeply")
    version = need(data, "B", 0)[0] >> 4
    if version == 4:
        packet, protocol, body, rest = _ip4(data, whole)
    elif version == 6:
        packet, protocol, body, rest = _ip6(data, whole)
    else:
        raise Skip("bad IP header")
    return _above(packet, protocol, body, rest, via, depth)


def _ip4(data: bytes, whole: int) -> tuple[_Packet, int, bytes, int]:
    need(data, "20x", 0)
    size = (data[0] & 15) * 4
    if size < 20:
        raise Skip("bad IP header")
    ip = Ip(data)
    length = ip.len or whole
    if length < size:
        raise Skip("bad IP header")
    if ip.offset:
        raise Skip("IP fragment")
    need(data, f"{size}x", 0)
    packet = _Packet(ip.src, ip.dst, ip.ttl, ip.id, bool(ip.df), bool(ip.mf))
    return packet, ip.p, data[size:length], length - size


def _ip6(data: bytes, whole: int) -> tuple[_Packet, int, bytes, int]:
    need(data, "40x", 0)
    following, payload, hops = data[6], struct.unpack_from(">H", data, 4)[0], data[7]
    packet = _Packet(data[8:24], data[24:40], hops, None, None)
    rest = payload or whole - 40
    body = data[40 : 40 + rest]
    while following in V6_OPTIONS or following in (44, 51):
        size = 8
        if following == 44:
            follows, offset = need(body, ">BxH4x", 0)
            if offset & 0xFFF8:
                raise Skip("IP fragment")
            packet.fragment = packet.fragment or bool(offset & 1)
        else:
            follows, units = need(body, "BB", 0)
            size = (units + 2) * 4 if following == 51 else (units + 1) * 8
        if size > rest:
            raise Skip("bad IP header")
        need(body, f"{size}x", 0)
        following, body, rest = follows, body[size:], rest - size
    return packet, following, body, rest


def _above(packet: _Packet, protocol: int, body: bytes, rest: int, via: Via, depth: int) -> Header:
    from tests.reference.tunnels import icmp, tunnel  # the layers call each other in a circle

    if protocol == 6:
        return _tcp(packet, body, rest, via)
    if protocol in (1, 58):
        raise Skip("ICMP", icmp(protocol, body))
    return tunnel(protocol, body, rest, via, depth + 1)


def _tcp(packet: _Packet, body: bytes, rest: int, via: Via) -> Header:
    if rest < 20:
        raise Skip("bad TCP header")
    if len(body) < 16:
        raise Skip("cut by snap length")
    sport, dport, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", body)
    source, target = (packet.source, sport), (packet.target, dport)
    size = (offset >> 4) * 4
    if len(body) < 20 or size < 20 or size > rest:
        cut = Header(source, target, seq, ack, flags, whole=size <= rest)
        raise Skip("cut by snap length" if len(body) < 20 else "bad TCP header", cut)
    tcp = dpkt.tcp.TCP(body)
    options = [option for option in dpkt.tcp.parse_opts(tcp.opts) if option]  # None: cut off
    stamps: bool | None = any(kind == dpkt.tcp.TCP_OPT_TIMESTAMP and len(value) == 8 for kind, value in options)
    if not stamps and len(body) < size:
        stamps = None
    return Segment(
        source, target, tcp.seq, tcp.ack, flags, window=tcp.win, length=rest - size, ttl=packet.ttl,
        ip_id=packet.ip_id, dont_fragment=packet.dont_fragment, timestamps=stamps, via=via, payload=bytes(tcp.data),
        fragment=packet.fragment, whole=not packet.fragment,
    )  # fmt: skip
