"""A record with its addresses replaced, its payload removed and its checksums right, through the layers that the engine decodes.

What could carry an address or a name and cannot be rewritten is emptied (IP options, unknown TCP options, Geneve options), or the
record is given up: source routes, authentication headers. A record in which another segment is found than the engine found is
given up too.
"""

from __future__ import annotations

from pcapdiag.anonymize.addresses import Addresses
from pcapdiag.engine.types import Seen, Traced

_IPV4, _IPV6, _BRIDGED = 0x0800, 0x86DD, 0x6558
_TCP, _UDP, _ICMP, _ICMPV6 = 6, 17, 1, 58
_DEEPEST = 12  # as the engine
#: TCP options that hold nothing but numbers of the connection: segment size, window scale, SACK, timestamps. Others may carry
#: addresses (MPTCP's ADD_ADDR, load balancers' private kinds) or secrets (cookies, signatures).
_KNOWN = (2, 3, 4, 5, 8)
_NOP = 1


class _GivenUp(Exception):
    """A record cannot be rewritten safely."""


def rewritten(segment: Traced, addresses: Addresses, kept: int) -> bytes | None:
    """The record of ``segment``, ended after its headers and ``kept`` bytes of payload; None if it had to be given up."""
    walk = _Walk(bytearray(segment.record), max(segment.original, len(segment.record)), addresses, kept)
    try:
        walk.run(segment.link_type)
    except (_GivenUp, IndexError):
        return None
    icmp = segment.seen is Seen.ICMP
    return bytes(walk.data) if walk.found == (segment.payload_at, icmp) else None


class _Walk:
    """One record while it is rewritten in place, from the outside in."""

    def __init__(self, data: bytearray, wire: int, addresses: Addresses, kept: int) -> None:
        self.data, self.wire, self.addresses, self.kept = data, wire, addresses, kept
        self.at = 0
        self.found: tuple[int, bool] | None = None
        #: Checksums of tunnels, to be made when what is inside is done: where they cover from, where they stand, pseudo header.
        self.around: list[tuple[int, int, bytes]] = []

    def run(self, kind: int) -> None:
        """From the link layer (a LINKTYPE_ value) to the end of the headers."""
        self._link(kind)
        for start, at, pseudo in reversed(self.around):
            self._check(start, at, pseudo)

    def _link(self, kind: int) -> None:
        if kind == 1:
            self._macs(0)
            self.at = 14
            self._network(self._number(12))
        elif kind == 113:
            self._hardware(6, self._number(4))
            self.at = 16
            self._network(self._number(14))
        elif kind == 276:
            self._hardware(12, self.data[11])
            self.at = 20
            self._network(self._number(0))
        elif kind in (0, 108):
            self.at = 4
            self._network(self._by_version())
        elif kind in (101, 12, 14, 228, 229):
            self._network(self._by_version())
        else:
            raise _GivenUp

    def _network(self, ethertype: int) -> None:
        for _ in range(_DEEPEST):
            at, data = self.at, self.data
            if ethertype in (_IPV4, _IPV6):
                protocol, room, pseudo = self._ip4() if ethertype == _IPV4 else self._ip6()
                if protocol == _TCP:
                    return self._tcp(room, pseudo)
                if protocol in (_ICMP, _ICMPV6):
                    return self._icmp(room, pseudo if protocol == _ICMPV6 else b"")
                ethertype = self._inside(protocol, pseudo)
            elif ethertype in (0x8100, 0x88A8, 0x9100):
                ethertype, self.at = self._number(at + 2), at + 4
            elif ethertype in (0x8847, 0x8848):
                self.at = at + 4
                if data[at + 2] & 1:
                    ethertype = {4: _IPV4, 6: _IPV6}.get(data[at + 4] >> 4, _BRIDGED)
                    self.at += 4 if ethertype == _BRIDGED and data[at + 4] >> 4 == 0 else 0
            elif ethertype == 0x8864:
                ethertype, self.at = {0x21: _IPV4, 0x57: _IPV6}.get(self._number(at + 6), 0), at + 8
            elif ethertype == _BRIDGED:
                self._macs(at)
                ethertype, self.at = self._number(at + 12), at + 14
            elif data[at : at + 5] == b"\xaa\xaa\x03\0\0":
                ethertype, self.at = self._number(at + 6), at + 8
            else:
                break
        raise _GivenUp

    def _inside(self, protocol: int, pseudo: bytes) -> int:
        """Into a tunnel: what is inside, as an EtherType."""
        at, data = self.at, self.data
        if protocol in (4, 41):
            return _IPV4 if protocol == 4 else _IPV6
        if protocol == 47:
            flags = data[at]
            if flags & 0x40 or data[at + 1] & 7:
                raise _GivenUp  # a source route, or another version
            self.at += 4 + sum(4 for bit in (0x80, 0x20, 0x10) if flags & bit)
            if flags & 0x80:
                self.around.append((at, at + 4, b""))
            return self._number(at + 2)
        if protocol != _UDP:
            raise _GivenUp
        if self._number(at + 6):  # RFC 768, RFC 6935: 0 is none
            self.around.append((at, at + 6, pseudo + bytes([0, _UDP]) + bytes(data[at + 4 : at + 6])))
        port = self._number(at + 2)
        if port in (4789, 8472):
            self.at += 16
            return _BRIDGED
        if port == 6081:
            options = (data[at + 8] & 0x3F) * 4
            inside, self.at = self._number(at + 10), at + 16 + options
            data[at + 16 : at + 16 + options] = bytes(options)
            return inside
        if port == 2152:
            self.at += 16
            if data[at + 8] & 7:
                self.at += 4
                while data[at + 8] & 4 and data[self.at - 1]:
                    self.at += data[self.at] * 4 or self._give_up()
            return self._by_version()
        raise _GivenUp

    def _ip4(self) -> tuple[int, int, bytes]:
        """Over an IPv4 header: protocol, what it carries, and the addresses for the checksums inside."""
        at, data = self.at, self.data
        header, total = (data[at] & 15) * 4, self._number(at + 2)
        if data[at] >> 4 != 4 or header < 20 or self._number(at + 6) & 0x1FFF:
            raise _GivenUp
        room = (total or self.wire - at) - header
        self._quoted4(at, header)
        self.at += header
        return data[at + 9], room, bytes(data[at + 12 : at + 20])

    def _quoted4(self, at: int, header: int) -> None:
        """An IPv4 header's addresses, options and checksum."""
        data = self.data
        self._address(at + 12, 4)
        self._address(at + 16, 4)
        data[at + 20 : at + header] = bytes([_NOP]) * (len(data[at + 20 : at + header]))
        self._put(at + 10, 0)
        self._put(at + 10, _sum(data[at : at + header]))

    def _ip6(self) -> tuple[int, int, bytes]:
        """Over an IPv6 header and its extensions, as `_ip4`."""
        at, data = self.at, self.data
        if data[at] >> 4 != 6:
            raise _GivenUp
        room, protocol = self._number(at + 4) or self.wire - at - 40, data[at + 6]
        self._address(at + 8, 16)
        self._address(at + 24, 16)
        self.at += 40
        while protocol in (0, 44, 60):
            here = self.at
            size = 8 if protocol == 44 else (data[here + 1] + 1) * 8
            if protocol == 44 and self._number(here + 2) & 0xFFF8:
                raise _GivenUp
            if protocol != 44:  # options become one of padding (RFC 8200 4.2)
                if size > 256 or len(data) < here + size:
                    raise _GivenUp
                data[here + 2 : here + size] = bytes([1, size - 4]) + bytes(size - 4)
            protocol, self.at, room = data[here], here + size, room - size
        return protocol, room, bytes(data[at + 8 : at + 40])

    def _tcp(self, room: int, pseudo: bytes) -> None:
        at, data = self.at, self.data
        end = at + (data[at + 12] >> 4) * 4
        if len(data) < at + 20 or end < at + 20:
            raise _GivenUp
        self.found = (end, False)
        del data[end + self.kept :]
        self._options(at + 20, min(end, len(data)))
        self._check(at, at + 16, pseudo + bytes([0, _TCP]) + room.to_bytes(4, "big"))

    def _options(self, at: int, end: int) -> None:
        """TCP options that are not known become NOP."""
        data = self.data
        while at < end and data[at] != 0:
            if data[at] == _NOP:
                at += 1
                continue
            size = data[at + 1] if at + 1 < end else 0
            if size < 2:
                break
            if data[at] not in _KNOWN:
                filled = min(at + size, end)
                data[at:filled] = bytes([_NOP]) * (filled - at)
            at += size
        if at < end:
            data[at:end] = bytes(end - at)

    def _icmp(self, room: int, pseudo: bytes) -> None:
        """An error: the packet that it quotes, as far as that is headers."""
        at, data = self.at, self.data
        self.found = (at, True)
        inner = at + 8
        if data[inner] >> 4 == 6:
            header = 40
            self._address(inner + 8, 16)
            self._address(inner + 24, 16)
        else:
            header = (data[inner] & 15) * 4
            if data[inner] >> 4 != 4 or header < 20:
                raise _GivenUp
            self._quoted4(inner, header)
        tcp = inner + header
        known = len(data) > tcp + 12
        del data[tcp + max(20, (data[tcp + 12] >> 4) * 4) if known else tcp + 8 :]
        self._options(tcp + 20, len(data))
        if len(data) >= tcp + 18:
            self._put(tcp + 16, 0)  # it was computed over payload and other addresses
        self._check(at, at + 2, pseudo + room.to_bytes(4, "big") + bytes([0, 0, 0, _ICMPV6]) if pseudo else b"")

    def _check(self, start: int, at: int, ahead: bytes) -> None:
        """Put the checksum at ``at`` right. What was removed counts as zeros: its own sum would tell something of it."""
        self._put(at, 0)
        self._put(at, _sum(ahead + self.data[start:]))

    def _hardware(self, at: int, length: int) -> None:
        """A cooked capture's link-layer address of up to 8 bytes; what is no MAC address is emptied."""
        mac = bytes(self.data[at : at + 6])
        self.data[at : at + 8] = (self.addresses.mac(mac) if length == 6 else bytes(6)) + bytes(2)

    def _macs(self, at: int) -> None:
        for here in (at, at + 6):
            self.data[here : here + 6] = self.addresses.mac(bytes(self.data[here : here + 6]))

    def _address(self, at: int, size: int) -> None:
        address = bytes(self.data[at : at + size])
        if len(address) < size:
            raise _GivenUp
        self.data[at : at + size] = self.addresses.packed(address)

    def _by_version(self) -> int:
        return _IPV6 if self.data[self.at] >> 4 == 6 else _IPV4

    def _number(self, at: int) -> int:
        return self.data[at] << 8 | self.data[at + 1]

    def _put(self, at: int, value: int) -> None:
        self.data[at : at + 2] = value.to_bytes(2, "big")

    def _give_up(self) -> int:
        raise _GivenUp


def _sum(data: bytes | bytearray) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = bytes(data) + bytes(len(data) % 2)
    total = sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
