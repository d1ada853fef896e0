"""Laws of the bytes: two makers write the same, and whoever takes them apart finds what was said."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether
from scapy.packet import Packet as Layer

from pcapdiag.conversation import LINKS, Segment, conversation
from pcapdiag.conversation.packets import packet
from tests.conversation.talks import OPENED, SIX, everything, talks
from tests.forge import conversation as fast

FEWER = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LAYERS = {"raw": (IP, IPv6), "ethernet": (Ether,), "sll": (CookedLinux,), "sll2": (CookedLinuxV2,)}


def dissected(segment: Segment, link: str) -> Layer:
    """A record taken apart by scapy."""
    kinds = LAYERS[link]
    return kinds[segment.source.six if link == "raw" else 0](packet(segment, link))


def same(segment: Segment) -> None:
    """Scapy's bytes are those that the tests make with struct."""
    assert packet(segment, "raw") == fast.packet(segment)


@pytest.mark.parametrize("six", [False, True], ids=["IPv4", "IPv6"])
def test_every_kind_of_line_is_the_same_bytes(six: bool) -> None:
    """The room's packets and the fast maker's are equal, checksums included, for every kind of line."""
    for segment in conversation(everything(six)):
        same(segment)


@FEWER
@given(talks())
def test_any_conversation_is_the_same_bytes(text: str) -> None:
    """So are those of any conversation that can be written."""
    for segment in conversation(text):
        same(segment)


@FEWER
@given(talks())
def test_what_was_said_is_in_the_packet(text: str) -> None:
    """Taken apart by scapy, each packet holds what its segment says, whatever the link."""
    link = text.split("link ")[1].split()[0]
    for segment in conversation(text):
        layers = dissected(segment, link)
        ip = layers[IPv6] if segment.source.six else layers[IP]
        assert (ip.src, ip.dst) == (segment.source.address, segment.target.address)
        assert (ip.hlim if segment.source.six else ip.ttl) == segment.ttl
        if not segment.source.six:
            assert (ip.id, "DF" in str(ip.flags)) == (segment.ip_id, segment.dont_fragment)
        if segment.icmp is None:
            tcp = layers[TCP]
            assert (tcp.sport, tcp.dport) == (segment.source.port, segment.target.port)
            assert (tcp.seq, tcp.ack, int(tcp.flags), tcp.window) == (segment.seq, segment.ack, segment.flags, segment.window)
            assert bytes(tcp.payload) == segment.payload
            stamps = dict(segment.options).get("timestamps")
            assert dict(tcp.options).get("Timestamp") == stamps
        elif not segment.source.six:
            assert (layers[ICMP].type, layers[ICMP].code) == segment.icmp


@pytest.mark.parametrize("link", sorted(LINKS))
@pytest.mark.parametrize("ends", ["", SIX], ids=["IPv4", "IPv6"])
def test_the_link_goes_before_the_packet(link: str, ends: str) -> None:
    """Each link's header is followed by the very packet that `link raw` holds, and has the length of its kind."""
    size = {"raw": 0, "ethernet": 14, "sll": 16, "sll2": 20}[link]
    for segment in conversation(f"{ends}link {link}\n{OPENED}"):
        assert packet(segment, link)[size:] == packet(segment, "raw")


def test_macs() -> None:
    """On Ethernet the client and whatever is next to it have addresses; mac= changes the sender's."""
    said = conversation(f"link ethernet\n{OPENED}1 S RST mac=02:00:00:00:00:09")
    macs = [(dissected(s, "ethernet").src[-2:], dissected(s, "ethernet").dst[-2:]) for s in said]
    assert macs == [("01", "02"), ("02", "01"), ("01", "02"), ("01", "02"), ("02", "01"), ("01", "02"), ("09", "01")]


@pytest.mark.parametrize("link", ["sll", "sll2"])
def test_cooked_captures_tell_the_direction(link: str) -> None:
    """A cooked capture is the client's: it sent what the client says (4), received the rest (0); dir= changes it."""
    said = conversation(f"link {link}\n{OPENED}1 S RST dir=out mac=02:00:00:00:00:09\n1.1 C ICMP 3/1\n1.2 S ICMP 3/1")
    layers = [dissected(s, link) for s in said]
    assert [x.pkttype for x in layers] == [4, 0, 4, 4, 0, 4, 4, 0, 4]
    assert layers[-3].src[:6] == b"\2\0\0\0\0\x09"


def test_cooked_interfaces_are_in_the_packet() -> None:
    """Version 2 of the cooked header has the interface's index: lo is 1."""
    layers = [dissected(s, "sll2") for s in conversation("link sll2\n0 C SYN\n0.1 C copy via=3")]
    assert [x.ifindex for x in layers] == [2, 5]
