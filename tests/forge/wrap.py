"""IP packets put into every link layer and tunnel the product decodes.

scapy builds the layers it knows; those it lacks, or builds for one byte order only, are packed here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, CookedLinux, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet as Layer
from scapy.packet import Raw

Wrapper = Callable[[bytes], bytes]
MACS: dict[str, Any] = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def _six(data: bytes) -> bool:
    return data[0] >> 4 == 6


def _kind(data: bytes) -> int:
    return 0x86DD if _six(data) else 0x0800


def _after(*layers: Layer) -> Wrapper:
    """Return what puts these layers before an IP packet."""

    def wrap(data: bytes) -> bytes:
        packet = layers[0].copy()
        for layer in layers[1:]:
            packet /= layer.copy()
        return bytes(packet / Raw(data))

    return wrap


def _ether(*layers: Layer, kind: int | None = None, last: str = "type") -> Wrapper:
    """Return what puts Ethernet and these layers before an IP packet; the last layer's field says which IP."""

    def wrap(data: bytes) -> bytes:
        packet = Ether(**MACS) if kind is None else Ether(**MACS, type=kind)
        for layer in layers:
            packet /= layer.copy()
        if last:
            setattr(packet.lastlayer(), last, _kind(data))
        return bytes(packet / Raw(data))

    return wrap


def _inner(data: bytes) -> Layer:
    return Ether(**MACS, type=_kind(data)) / Raw(data)


def _udp(port: int, build: Callable[[bytes], Layer]) -> Wrapper:
    return lambda data: bytes(
        Ether(**MACS) / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=49152, dport=port) / build(data)
    )


def _between(protocol: int | None = None) -> Layer:
    layer = IP(src="192.0.2.1", dst="192.0.2.2")
    if protocol is not None:
        layer.proto = protocol
    return layer


def _gre(data: bytes, **fields: Any) -> bytes:
    return bytes(Ether(**MACS) / _between(47) / GRE(proto=_kind(data), **fields) / Raw(data))


def _sll2(data: bytes) -> bytes:
    return struct.pack(">HHIHBB8s", _kind(data), 0, 3, 1, 4, 6, b"\2\0\0\0\0\1") + data


def _null(order: str, six: int = 30) -> Wrapper:
    return lambda data: struct.pack(order + "I", six if _six(data) else 2) + data


@dataclass(frozen=True, slots=True)
class Link:
    """One way to carry an IP packet: the link type of the file, what wraps it, and which IP versions it can carry."""

    name: str
    link_type: int
    wrap: Wrapper
    four: bool = True
    six: bool = True
    tshark: bool = True  # tshark 4.0 decodes it without being told


def _same(data: bytes) -> bytes:
    return data


LINKS = (
    Link("ethernet", 1, _ether()),
    Link("802.1Q", 1, _ether(Dot1Q(vlan=7))),
    Link("QinQ", 1, _ether(Dot1AD(vlan=7), Dot1Q(vlan=8))),
    Link("QinQ 0x9100", 1, _ether(Dot1Q(vlan=7), Dot1Q(vlan=8), kind=0x9100)),
    Link("three tags", 1, _ether(Dot1AD(vlan=7), Dot1Q(vlan=8), Dot1Q(vlan=9))),
    Link("MPLS", 1, _ether(MPLS(label=16, s=1), kind=0x8847, last="")),
    Link("MPLS stack", 1, _ether(MPLS(label=16, s=0), MPLS(label=17, s=1), kind=0x8847, last="")),
    Link("PPPoE", 1, lambda d: bytes(Ether(**MACS) / PPPoE(sessionid=5) / PPP(proto=0x57 if _six(d) else 0x21) / Raw(d))),
    Link("PPPoE in 802.1Q", 1, lambda d: bytes(
        Ether(**MACS) / Dot1Q(vlan=3) / PPPoE(sessionid=5) / PPP(proto=0x57 if _six(d) else 0x21) / Raw(d))),
    Link("cooked v1", 113, lambda d: bytes(CookedLinux(pkttype=4, proto=_kind(d)) / Raw(d))),
    Link("cooked v1 802.1Q", 113, lambda d: bytes(CookedLinux(proto=0x8100) / Dot1Q(vlan=3, type=_kind(d)) / Raw(d))),
    Link("cooked v2", 276, _sll2),
    Link("NULL little-endian", 0, _null("<")),
    Link("NULL big-endian", 0, _null(">", 24)),
    Link("LOOP", 108, _null(">", 28)),
    Link("RAW", 101, _same),
    Link("RAW 12", 12, _same),
    Link("RAW 14", 14, _same),
    Link("IPV4", 228, _same, six=False),
    Link("IPV6", 229, _same, four=False),
    Link("GRE", 1, _gre),
    Link("GRE with everything", 1, lambda d: _gre(
        d, chksum_present=1, key_present=1, key=9, seqnum_present=1, sequence_number=4)),
    Link("GRE Ethernet", 1, lambda d: bytes(Ether(**MACS) / _between(47) / GRE(proto=0x6558) / _inner(d))),
    Link("IP in IP", 1, lambda d: bytes(Ether(**MACS) / _between(4) / Raw(d)), six=False),
    Link("6in4", 1, lambda d: bytes(Ether(**MACS) / _between(41) / Raw(d)), four=False),
    Link("IP in IPv6", 1, lambda d: bytes(
        Ether(**MACS) / IPv6(src="2001:db8::9", dst="2001:db8::8", nh=41 if _six(d) else 4) / Raw(d))),
    Link("VXLAN", 1, _udp(4789, lambda d: VXLAN(vni=5, flags=8) / _inner(d))),
    Link("VXLAN 8472", 1, _udp(8472, lambda d: VXLAN(vni=5, flags=8) / _inner(d)), tshark=False),
    Link("Geneve", 1, _udp(6081, lambda d: GENEVE(vni=6, proto=0x6558) / _inner(d))),
    Link("Geneve IP", 1, _udp(6081, lambda d: GENEVE(vni=6, proto=_kind(d)) / Raw(d))),
    Link("GTP-U", 1, _udp(2152, lambda d: GTP_U_Header(teid=7, gtp_type=255) / Raw(d))),
    Link("GTP-U extended", 1, _udp(2152, lambda d: GTP_U_Header(teid=7, gtp_type=255, E=1, next_ex=0x85)
                                   / GTPPDUSessionContainer(type=1, QFI=5) / Raw(d))),
    Link("VXLAN on a VLAN over IPv6", 1, lambda d: bytes(
        Ether(**MACS) / Dot1Q(vlan=2) / IPv6(src="2001:db8::9", dst="2001:db8::8")
        / UDP(sport=5, dport=4789) / VXLAN(vni=5, flags=8) / _inner(d))),
)  # fmt: skip
