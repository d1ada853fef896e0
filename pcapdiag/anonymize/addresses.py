"""Addresses replaced so that networks stay networks: two that share their first n bits share n bits afterwards, and no more.

The construction is Crypto-PAn's (Xu, Fan, Ammar, Moon, Prefix-Preserving IP Address Anonymization, ICNP 2002): each bit is
flipped or not by a keyed function of the bits before it, here BLAKE2b (RFC 7693). Without the key nothing leads back.

What a kind of address says stays true: private stays private and in its block, link-local link-local, multicast multicast; what
is the same everywhere (loopback, the unspecified address) stays as it is. Only the bits behind a block's own are replaced. A
public address whose image would lie in such a block is mapped again until it does not; so among public addresses networks
of /16 (IPv6: /32) and longer are kept exactly, and what shares less shares less than that afterwards.
"""

from __future__ import annotations

import ipaddress
from functools import cached_property
from hashlib import blake2b

#: Of RFC 6890's registries, the kinds of address that tell something about a capture, and whether such a one stays as it is.
_BLOCKS = {
    "0.0.0.0/8": True, "127.0.0.0/8": True, "10.0.0.0/8": False, "100.64.0.0/10": False, "169.254.0.0/16": False,
    "172.16.0.0/12": False, "192.168.0.0/16": False, "224.0.0.0/4": False, "240.0.0.0/4": True,
    "::/128": True, "::1/128": True, "2000::/3": False, "fc00::/8": False, "fd00::/8": False, "fe80::/64": False,
    "ff00::/8": False,
}  # fmt: skip
#: IPv6 prefixes behind which the last 32 bits are an IPv4 address (RFC 4291 2.5.5.2, RFC 6052 2.1): replaced as that is.
_MAPPED = tuple(ipaddress.IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96"))


class Addresses:
    """The replacement of addresses under one key: with the same key the same, in any run."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._known: dict[bytes, bytes] = {}

    def text(self, address: str) -> str:
        """An IP address as text. Raises ValueError if it is none."""
        return str(ipaddress.ip_address(self.packed(ipaddress.ip_address(address).packed)))

    def network(self, network: str) -> str:
        """A network as text, ``10.1.0.0/16``: that of the same length in which the replaced addresses lie."""
        given = ipaddress.ip_network(network, strict=False)
        replaced = self.text(str(given.network_address))
        return str(ipaddress.ip_network(f"{replaced}/{given.prefixlen}", strict=False))

    def packed(self, address: bytes) -> bytes:
        """An IP address as its 4 or 16 bytes."""
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = self._replaced(address)
        return known

    def mac(self, address: bytes) -> bytes:
        """A MAC address: another one, locally administered, a group's if it was one. Broadcast and zero stay."""
        if address in (b"\xff" * 6, bytes(6)):
            return address
        digest = blake2b(address, key=self._key, digest_size=6, person=b"mac").digest()
        return bytes([digest[0] & 0xFC | 2 | address[0] & 1]) + digest[1:]

    def _replaced(self, address: bytes) -> bytes:
        if len(address) == 16 and any(ipaddress.IPv6Address(address) in network for network in _MAPPED):
            return address[:12] + self.packed(address[12:])
        width = len(address) * 8
        block = self._block(int.from_bytes(address, "big"), width)
        if block is not None and block[2]:
            return address
        value = int.from_bytes(address, "big")
        while True:
            value = self._flipped(value, width, 0 if block is None else block[1])
            if self._block(value, width) == block and not (width == 128 and _is_mapped(value)):
                return value.to_bytes(len(address), "big")

    def _flipped(self, value: int, width: int, fixed: int) -> int:
        """Every bit but the first ``fixed`` flipped or not, by the bits before it."""
        flips = 0
        for n in range(fixed, width):
            before = value >> (width - n) if n else 0
            message = bytes([n]) + before.to_bytes(16, "big")
            flips = flips << 1 | blake2b(message, key=self._key, digest_size=1, person=b"ip%d" % width).digest()[0] & 1
        return value ^ flips

    def _block(self, value: int, width: int) -> tuple[int, int, bool] | None:
        """The special block of an address: its first bits, their number, and whether it stays as it is."""
        for first, length, stays in self._blocks[width]:
            if value >> (width - length) == first:
                return first, length, stays
        return None

    @cached_property
    def _blocks(self) -> dict[int, list[tuple[int, int, bool]]]:
        blocks: dict[int, list[tuple[int, int, bool]]] = {32: [], 128: []}
        for text, stays in _BLOCKS.items():
            network = ipaddress.ip_network(text)
            width = network.max_prefixlen
            blocks[width].append((int(network.network_address) >> (width - network.prefixlen), network.prefixlen, stays))
        return blocks


def _is_mapped(value: int) -> bool:
    return any(value >> 32 == int(network.network_address) >> 32 for network in _MAPPED)
