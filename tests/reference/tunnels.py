"""What IP carries besides TCP: tunnels, walked through, and ICMP errors, whose quotation is kept."""

from __future__ import annotations

import struct

from tests.reference.decode import Header, Ip, Skip, Via, ethernet, ethertype, ip_any, need

ICMP_ERRORS = {1: (3, 4, 11, 12), 58: (1, 2, 3, 4)}  # by IP protocol: types that quote what they complain of


def tunnel(protocol: int, body: bytes, rest: int, via: Via, depth: int) -> Header:
    """Walk through GRE, IP in IP or a UDP tunnel; else say what it is."""
    if protocol in (4, 41):
        return ip_any(body, rest, (*via, "ip"), depth)
    if protocol == 47:
        return _gre(body, rest, via, depth)
    if protocol == 17:
        return _udp(body, rest, via, depth)
    raise Skip(f"IP protocol {protocol}")


def _gre(body: bytes, rest: int, via: Via, depth: int) -> Header:
    flags, kind = need(body, ">HH", 0)
    if flags & 0x4007:  # source routing, or not version 0
        raise Skip("GRE")
    size = 4 + 4 * (flags >> 15 & 1) + 4 * (flags >> 13 & 1) + 4 * (flags >> 12 & 1)
    key = need(body, ">I", 8 if flags & 0x8000 else 4)[0] if flags & 0x2000 else 0
    need(body, f"{size}x", 0)
    return ethertype(kind, body[size:], rest - size, (*via, "gre", key), depth)


def _udp(body: bytes, rest: int, via: Via, depth: int) -> Header:
    port = need(body, ">xxH4x", 0)[0]
    body, rest = body[8:], rest - 8
    if port in (4789, 8472):
        network = need(body, ">4xI", 0)[0] >> 8
        return ethernet(body[8:], rest - 8, (*via, "vxlan", network), depth)
    if port == 6081:
        first, kind, network = need(body, ">BxHI", 0)
        size = 8 + (first & 0x3F) * 4
        need(body, f"{size}x", 0)
        return ethertype(kind, body[size:], rest - size, (*via, "geneve", network >> 8), depth)
    if port == 2152:
        return _gtp(body, rest, via, depth)
    raise Skip("UDP")


def _gtp(body: bytes, rest: int, via: Via, depth: int) -> Header:
    flags, kind, endpoint = need(body, ">BBxxI", 0)
    if flags >> 4 != 3 or kind != 255:  # version 1, protocol type GTP, G-PDU
        raise Skip("UDP")
    size = 8
    if flags & 7:
        size, following = 12, need(body, "11xB", 0)[0]
        while flags & 4 and following:
            units = need(body, "B", size)[0]
            if units == 0:
                raise Skip("UDP")
            following = need(body, "B", size + units * 4 - 1)[0]
            size += units * 4
    return ip_any(body[size:], rest - size, (*via, "gtp", endpoint), depth)


def icmp(protocol: int, body: bytes) -> Header | None:
    """Return the TCP header an ICMP error quotes; its ports and sequence number are the first 8 bytes."""
    if len(body) < 8 or body[0] not in ICMP_ERRORS[protocol]:
        return None
    kind, code, quote = body[0], body[1], body[8:]
    if protocol == 1 and len(quote) >= 20 and quote[0] >> 4 == 4:
        ip = Ip(quote)
        source, target, carried, size = ip.src, ip.dst, ip.p, (quote[0] & 15) * 4
        if ip.offset:
            return None
    elif protocol == 58 and len(quote) >= 40 and quote[0] >> 4 == 6:
        source, target, carried, size = quote[8:24], quote[24:40], quote[6], 40
    else:
        return None
    tcp = quote[size:]
    if carried != 6 or len(tcp) < 8:
        return None
    sport, dport, seq = struct.unpack_from(">HHI", tcp)
    numbered = len(tcp) >= 16
    flags = tcp[13] if numbered else 0
    error = (4 if protocol == 1 else 6, kind, code)
    return Header((source, sport), (target, dport), seq, 0, flags, False, numbered, error)
