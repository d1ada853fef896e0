"""Segments written as packets, by scapy. It is imported only here, when a packet is wanted."""

from __future__ import annotations

from typing import Any

from .segments import Option, Segment

#: As much of a packet as an ICMP error quotes: RFC 1812 4.3.2.3, so that the error itself stays within 576 bytes.
MOST_QUOTED = 548

_SCAPY_NAMES = {"timestamps": "Timestamp", "window scale": "WScale", "SACK permitted": "SAckOK", "fast open": "TFO"}
_TO_US, _FROM_US = 0, 4  # sll_pkttype of packet(7)
_ARPHRD_ETHER = 1
_INDEX = 2  # of the first interface behind lo, as Linux counts


def packet(segment: Segment, link: str) -> bytes:
    """The bytes of a record: ``link`` (as in `setting.LINKS`), IP, and TCP or ICMP, with true checksums.

    Raises ModuleNotFoundError, which says what to install, where scapy is missing.
    """
    try:
        import scapy.packet  # noqa: F401  # asked for here so that whoever lacks it is told what to do
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("packets are made by scapy: pip install 'pcapdiag[packets]'", name="scapy") from error
    network = _network(segment)
    return bytes(network if link == "raw" else _link(segment, link) / network)


def _network(segment: Segment) -> Any:
    """From the IP header on."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6

    head: Any
    if segment.source.six:
        head = IPv6(src=segment.source.address, dst=segment.target.address, hlim=segment.ttl)
    else:
        head = IP(src=segment.source.address, dst=segment.target.address, ttl=segment.ttl, id=segment.ip_id or 0,
                  flags="DF" if segment.dont_fragment else 0)  # fmt: skip
    return head / (_tcp(segment) if segment.icmp is None else _icmp(segment))


def _tcp(segment: Segment) -> Any:
    from scapy.layers.inet import TCP
    from scapy.packet import Raw

    tcp = TCP(sport=segment.source.port, dport=segment.target.port, seq=segment.seq, ack=segment.ack, flags=segment.flags,
              window=segment.window, options=[_option(o) for o in segment.options])  # fmt: skip
    return tcp / Raw(segment.payload) if segment.payload else tcp


def _option(option: Option) -> tuple[str, Any]:
    name, value = option
    return _SCAPY_NAMES.get(name, name), b"" if name == "SACK permitted" else value


def _icmp(segment: Segment) -> Any:
    """An error that quotes the segment it is about."""
    from scapy.layers.inet import ICMP
    from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded
    from scapy.packet import Raw

    kind, code = segment.icmp or (0, 0)
    head: Any
    if not segment.source.six:
        head = ICMP(type=kind, code=code)
    elif kind == 2:
        head = ICMPv6PacketTooBig(code=code, mtu=0)
    elif kind == 4:
        head = ICMPv6ParamProblem(code=code, ptr=0)
    else:
        head = (ICMPv6DestUnreach if kind == 1 else ICMPv6TimeExceeded)(code=code)
    return head / Raw(bytes(_network(segment.quoted))[:MOST_QUOTED]) if segment.quoted else head


def _link(segment: Segment, link: str) -> Any:
    """The link layer's header alone."""
    from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether

    protocol = 0x86DD if segment.source.six else 0x0800
    if link == "ethernet":
        return Ether(src=segment.source_mac, dst=segment.target_mac, type=protocol)
    kind, source = _TO_US if segment.direction == "in" else _FROM_US, bytes.fromhex(segment.source_mac.replace(":", ""))
    cooked: dict[str, Any] = {"pkttype": kind, "lladdrtype": _ARPHRD_ETHER, "lladdrlen": 6, "src": source, "proto": protocol}
    return CookedLinux(**cooked) if link == "sll" else CookedLinuxV2(**cooked, ifindex=_INDEX + segment.interface)
