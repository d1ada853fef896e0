"""From columns to packet bytes: Ethernet, IPv4 or IPv6, TCP with timestamps, payload from a pool of bytes.

IP lengths are right; IP and TCP checksums are zero (no reader measured here checks them by default). Frames
shorter than 60 bytes (a bare IPv4 RST) are padded with zeros, as Ethernet does, so payload lengths must come
from the IP header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from columns import Capture
from conversations import Ints
from numpy.typing import NDArray
from payload import REGION
from segments import CLIENT, RST, SERVER, SYN
from workloads import SERVICES

Rows: TypeAlias = NDArray[np.void]

ETHERNET: Final = 14
MINIMUM_FRAME: Final = 60
WIDTH: Final = ETHERNET + 40 + 40
"""Longest headers: a SYN over IPv6."""

_ADDRESSES: Final[dict[bool, list[tuple[Any, ...]]]] = {
    False: [
        ("ip_version", ">u2"),
        ("ip_length", ">u2"),
        ("ip_id", ">u2"),
        ("ip_fragment", ">u2"),
        ("ttl", "u1"),
        ("protocol", "u1"),
        ("ip_checksum", ">u2"),
        ("source", "u1", (4,)),
        ("destination", "u1", (4,)),
    ],
    True: [
        ("ip_version", ">u4"),
        ("ip_length", ">u2"),
        ("protocol", "u1"),
        ("ttl", "u1"),
        ("source", "u1", (16,)),
        ("destination", "u1", (16,)),
    ],
}
_OPTIONS: Final[dict[bool, list[tuple[Any, ...]]]] = {
    False: [("nop_nop_ts", ">u4"), ("ts_value", ">u4"), ("ts_echo", ">u4")],
    True: [
        ("mss_kind", ">u2"),
        ("mss", ">u2"),
        ("sack_and_ts", ">u4"),
        ("ts_value", ">u4"),
        ("ts_echo", ">u4"),
        ("nop_scale", ">u4"),
    ],
}


def header_type(ipv6: bool, syn: bool) -> np.dtype[np.void]:
    """All headers of one kind of frame, on the wire's order, padded to WIDTH."""
    ethernet: list[tuple[Any, ...]] = [("to", "u1", (6,)), ("from", "u1", (6,)), ("ethertype", ">u2")]
    tcp: list[tuple[Any, ...]] = [
        ("source_port", ">u2"),
        ("destination_port", ">u2"),
        ("seq", ">u4"),
        ("ack", ">u4"),
        ("data_offset", "u1"),
        ("flags", "u1"),
        ("window", ">u2"),
        ("tcp_checksum", ">u2"),
        ("urgent", ">u2"),
    ]
    parts = [*ethernet, *_ADDRESSES[ipv6], *tcp, *_OPTIONS[syn]]
    used = np.dtype(parts).itemsize
    return np.dtype([*parts, ("unused", "u1", (WIDTH - used,))] if used < WIDTH else parts)


@dataclass(slots=True)
class Frames:
    """Some records, ready to be written: one row, one head and one body per record.

    ``time``: ns since the epoch. ``original`` and ``captured``: bytes. Heads and bodies are cut to the snap
    length.
    """

    time: Ints
    original: Ints
    captured: Ints
    heads: list[bytes]
    bodies: list[bytes]


def make_frames(capture: Capture, begin: int, end: int, snaplen: int, pool: bytes) -> Frames:
    """The frames of records ``begin`` to ``end``, each cut to ``snaplen`` bytes."""
    rows = slice(begin, end)
    connection = capture.connection[rows]
    flags = capture.flags[rows]
    ipv6 = capture.conns.ipv6[connection]
    syn = flags & SYN != 0
    reset = flags == RST
    tcp = np.where(reset, 20, np.where(syn, 40, 32))
    head = ETHERNET + np.where(ipv6, 40, 20) + tcp
    payload = capture.payload[rows].astype(np.int64)

    headers = np.zeros((end - begin, WIDTH), np.uint8)
    for six in (False, True):
        for opening in (False, True):
            which = np.flatnonzero((ipv6 == six) & (syn == opening))
            if which.size:
                table = _headers(capture, begin + which, six, opening, tcp[which])
                headers[which] = table.view(np.uint8).reshape(-1, WIDTH)
    # A reset has no options: what was written there is padding of a short Ethernet frame, or beyond its end.
    for length in np.unique(head[reset]):
        headers[reset & (head == length), int(length) :] = 0

    original = np.maximum(head + payload, MINIMUM_FRAME)
    captured = np.minimum(original, snaplen)
    head_part = np.minimum(np.maximum(head, MINIMUM_FRAME), captured)
    start = capture.offset[rows] + REGION * _region(capture, rows)
    stop = start + captured - head_part
    flat = headers.tobytes()
    head_start = np.arange(end - begin) * WIDTH
    return Frames(
        time=capture.time[rows],
        original=original,
        captured=captured,
        heads=_slices(flat, head_start, head_start + head_part),
        bodies=_slices(pool, start, stop),
    )


def _slices(data: bytes, start: Ints, stop: Ints) -> list[bytes]:
    return [data[a:b] for a, b in zip(start.tolist(), stop.tolist(), strict=True)]


def _headers(capture: Capture, rows: Ints, ipv6: bool, syn: bool, tcp: Ints) -> Rows:
    """The headers of records that are all of one kind. ``tcp``: TCP header lengths in bytes."""
    conns = capture.conns
    connection = capture.connection[rows]
    from_client = capture.direction[rows] == CLIENT
    client, service = conns.client[connection], conns.service[connection]
    reset = capture.flags[rows] == RST
    out = np.zeros(rows.size, header_type(ipv6, syn))

    client_mac, server_mac = _mac(0x10, client), _mac(0x20, np.zeros_like(service))
    out["from"] = np.where(from_client[:, None], client_mac, server_mac)
    out["to"] = np.where(from_client[:, None], server_mac, client_mac)
    out["ethertype"] = 0x86DD if ipv6 else 0x0800
    client_ip, server_ip = _address(client, CLIENT, ipv6), _address(service, SERVER, ipv6)
    out["source"] = np.where(from_client[:, None], client_ip, server_ip)
    out["destination"] = np.where(from_client[:, None], server_ip, client_ip)
    out["protocol"] = 6
    # What answers in the place of the server is one hop away.
    hops = np.where(reset, 1, np.array([s.hops for s in SERVICES])[service])
    out["ttl"] = np.where(from_client, 64, 64 - hops)
    length = tcp + capture.payload[rows]
    if ipv6:
        out["ip_version"] = 0x60000000
        out["ip_length"] = length
    else:
        out["ip_version"] = 0x4500
        out["ip_length"] = length + 20
        out["ip_id"] = capture.ip_id[rows]
        out["ip_fragment"] = 0x4000  # do not fragment

    server_port = np.array([s.port for s in SERVICES])[service]
    out["source_port"] = np.where(from_client, conns.port[connection], server_port)
    out["destination_port"] = np.where(from_client, server_port, conns.port[connection])
    out["seq"], out["ack"] = capture.seq[rows], capture.ack[rows]
    out["data_offset"] = tcp // 4 << 4
    out["flags"] = capture.flags[rows]
    out["ts_value"], out["ts_echo"] = capture.ts_value[rows], capture.ts_echo[rows]
    if syn:
        out["window"] = np.where(from_client, 64240, 65160)
        out["mss_kind"], out["mss"] = 0x0204, conns.mss[connection] + 12
        out["sack_and_ts"] = 0x0402080A
        out["nop_scale"] = 0x01030307
    else:
        out["window"] = np.where(reset, 0, np.where(from_client, 501, 509))
        out["nop_nop_ts"] = 0x0101080A
    return out


def _mac(kind: int, number: Ints) -> Ints:
    out = np.zeros((number.size, 6), np.uint8)
    out[:, 0], out[:, 1] = 0x02, kind
    out[:, 4], out[:, 5] = number >> 8, number & 0xFF
    return out


def _address(number: Ints, side: int, ipv6: bool) -> Ints:
    """10.1.x.y for clients, 10.2.0.y for servers; 2001:db8:0:1::y and 2001:db8:0:2::y."""
    out = np.zeros((number.size, 16 if ipv6 else 4), np.uint8)
    out[:, -2], out[:, -1] = (number + 10) >> 8, (number + 10) & 0xFF
    if ipv6:
        out[:, :4], out[:, 7] = (0x20, 0x01, 0x0D, 0xB8), side + 1
    else:
        out[:, 0], out[:, 1] = 10, side + 1
    return out


def _region(capture: Capture, rows: slice) -> Ints:
    """Region of the pool: 0 random bytes for encrypted services, 1 text."""
    encrypted = np.array([s.encrypted for s in SERVICES])
    return np.where(encrypted[capture.conns.service[capture.connection[rows]]], 0, 1)
