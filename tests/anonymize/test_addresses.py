"""Addresses under a key: networks stay networks, kinds of address stay what they are, nothing else is told."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.anonymize import Addresses

KEY = b"sixteen bytes ok"
ADDRESSES = Addresses(KEY)
KINDS = [ip_network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
                                       "224.0.0.0/4", "2000::/3", "fc00::/8", "fd00::/8", "fe80::/64", "ff00::/8")]  # fmt: skip
SAME = [ip_network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "240.0.0.0/4", "::/128", "::1/128")]

four = st.integers(0, 2**32 - 1)
six = st.integers(0, 2**128 - 1) | st.integers(0x2000 << 112, (0x4000 << 112) - 1)


def kind(address: str) -> str:
    """Which kind of address this is, as a text."""
    ip = ip_address(address)
    return next((str(n) for n in (*KINDS, *SAME) if ip.version == n.version and ip in n), f"other {ip.version}")


def shared(one: str, other: str) -> int:
    """How many first bits two addresses have in common."""
    a, b = ip_address(one), ip_address(other)
    return a.max_prefixlen - (int(a) ^ int(b)).bit_length()


@given(four, four, st.integers(0, 32))
def test_networks_stay_networks(one: int, other: int, bits: int) -> None:
    """Xu et al. 2002, 2: "if two original IP addresses share a k-bit prefix, their anonymized mappings will also share a k-bit
    prefix": of one kind exactly k where k is at least 16, as it is for all private addresses; else less than 16."""
    mask = (1 << 32 - bits) - 1
    a, b = str(IPv4Address(one)), str(IPv4Address(one & ~mask | other & mask))
    if kind(a) == kind(b) and kind(a) not in map(str, SAME):
        before, after = shared(a, b), shared(ADDRESSES.text(a), ADDRESSES.text(b))
        assert after == before if before >= 16 or kind(a) != "other 4" else after < 16


@settings(max_examples=50)
@given(st.integers(0x2000 << 112, (0x4000 << 112) - 1), st.integers(0, 2**125 - 1), st.integers(3, 128))
def test_networks_of_ipv6_stay_networks(one: int, other: int, bits: int) -> None:
    """Global unicast addresses (RFC 4291 2.4) share as many bits afterwards as before."""
    mask = (1 << 128 - bits) - 1
    a, b = str(IPv6Address(one)), str(IPv6Address(one & ~mask | other & mask))
    assert shared(ADDRESSES.text(a), ADDRESSES.text(b)) == shared(a, b)


@given(four.map(IPv4Address) | six.map(IPv6Address) | st.sampled_from([n[1] for n in KINDS]))
def test_kinds_of_address_stay(address: IPv4Address | IPv6Address) -> None:
    """Private stays private and in its block, public public; what is the same everywhere is not changed."""
    replaced = ADDRESSES.text(str(address))
    assert kind(replaced) == kind(str(address)) or int(address) >> 32 in (0xFFFF, 0x64FF9B << 72)
    if kind(str(address)) in map(str, SAME):
        assert replaced == str(address)


@given(st.sets(st.integers(0, 255), min_size=2, max_size=40), st.sampled_from(("10.7.3.", "8.8.4.", "192.168.0.", "9.255.255.")))
def test_no_two_become_one(lasts: set[int], net: str) -> None:
    """The mapping is one to one."""
    assert len({ADDRESSES.text(f"{net}{n}") for n in lasts}) == len(lasts)


def test_the_key_decides() -> None:
    """The same key maps alike in any run, another one otherwise; the mapping is this one for good."""
    texts = ("10.1.2.3", "198.51.100.80", "2001:db8::1", "fe80::1")
    assert [Addresses(KEY).text(t) for t in texts] == [ADDRESSES.text(t) for t in texts]
    assert all(Addresses(b"another sixteen b").text(t) != ADDRESSES.text(t) for t in texts)
    assert ADDRESSES.text("10.1.2.3") == "10.128.45.200"


def test_ipv4_inside_ipv6_is_the_same_address() -> None:
    """What is written as IPv4 in IPv6 (RFC 4291 2.5.5.2, RFC 6052) maps as the IPv4 address does."""
    plain = ip_address(ADDRESSES.text("10.1.2.3"))
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        inside = ip_address(ADDRESSES.text(str(ip_address(int(ip_address(prefix)) | int(ip_address("10.1.2.3"))))))
        assert int(inside) == int(ip_address(prefix)) | int(plain)


def test_networks_as_text() -> None:
    """A network becomes the one of the same length that holds what its addresses become."""
    for network, inside in (("10.1.0.0/16", "10.1.200.7"), ("2001:db8::/32", "2001:db8:5::1"), ("10.0.0.0/8", "10.9.9.9")):
        assert ip_address(ADDRESSES.text(inside)) in ip_network(ADDRESSES.network(network))


@pytest.mark.parametrize("address", ["02:00:00:00:00:01", "01:00:5e:00:00:01", "33:33:00:00:00:01", "00:50:56:12:34:56"])
def test_mac_addresses_are_nobody_s(address: str) -> None:
    """A MAC address becomes a locally administered one, without a maker; a group's stays a group's."""
    before = bytes.fromhex(address.replace(":", ""))
    after = ADDRESSES.mac(before)
    assert after != before
    assert after == Addresses(KEY).mac(before)
    assert after[0] & 2
    assert after[0] & 1 == before[0] & 1
    assert ADDRESSES.mac(b"\xff" * 6) == b"\xff" * 6
