"""The same packet and the same connection at two points: what NAT and network cards change does not matter, chance never matches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcapdiag.correlate.coverage import gap
from pcapdiag.correlate.matching import Leg, agreement, differences, holds, hops, leg, matched, same_connection
from pcapdiag.correlate.packets import ACK, MASK, RST, SYN, Packet, packet
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Endpoint, RecordRef
from tests.engine.talk import OPENED
from tests.forge.conversation import conversation
from tests.forge.files import pcap

CLIENT, SERVER = Endpoint("10.0.0.1", 50000), Endpoint("10.0.0.2", 443)
NAT_CLIENT, NAT_SERVER = Endpoint("192.0.2.1", 1024), Endpoint("10.9.0.2", 8443)


def seg(seq: int, ack: int | None = 7, length: int = 0, *, by_client: bool = True, at: int = 0, ttl: int = 64, flags: int = ACK,
        stamps: tuple[int, int] | None = None, head: bytes = b"", nat: bool = False, ip_id: int | None = None) -> Packet:  # fmt: skip
    """One packet, before or behind NAT."""
    ends = (NAT_CLIENT, NAT_SERVER) if nat else (CLIENT, SERVER)
    source, target = ends if by_client else ends[::-1]
    return Packet(0, 1, RecordRef(0, at + 1, at), source, target, seq & MASK, ack, flags, length, ttl, ip_id, stamps, head)


def talk(nat: bool = False, late: int = 0, ttl: int = 64) -> list[Packet]:
    """A handshake and an exchange."""
    at = [late + i * 1_000_000 for i in range(6)]
    return [
        seg(100, None, at=at[0], flags=SYN, stamps=(1, 0), nat=nat, ttl=ttl),
        seg(900, 101, by_client=False, at=at[1] - 2 * late, flags=SYN | ACK, stamps=(50, 1), nat=nat, ttl=128 - ttl),
        seg(101, 901, at=at[2], stamps=(2, 50), nat=nat, ttl=ttl),
        seg(101, 901, 80, at=at[3], stamps=(2, 50), head=b"GET /orders", nat=nat, ttl=ttl),
        seg(901, 181, 900, by_client=False, at=at[4] - 2 * late, stamps=(51, 2), head=b"HTTP/1.1 200", nat=nat, ttl=128 - ttl),
        seg(181, 1801, at=at[5], stamps=(3, 51), nat=nat, ttl=ttl),
    ]


WAKE = seg(181, 1801, 80, at=10**10, stamps=(9, 51), head=b"GET /again")


def test_nat_changes_nothing_that_is_looked_at() -> None:
    """All packets of a connection are found again behind NAT, with who is client there, and which point is nearer to it."""
    own, other = talk(), talk(nat=True, late=100_000, ttl=63)
    found = leg(own, CLIENT, other, WAKE)
    assert found is not None
    assert (found.client, found.server) == (NAT_CLIENT, NAT_SERVER)
    assert len(found.matches) == len(own)
    assert hops(own, other, CLIENT) == 1
    assert hops(other, own, NAT_CLIENT) == -1
    assert hops(own, other, SERVER) == -1
    assert {d.difference for d in differences(own, other, CLIENT) if d.outward} == {100_000}


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p._replace(seq=p.seq + 1),
        lambda p: p._replace(ack=None, flags=0),
        lambda p: p._replace(ack=8),
        lambda p: p._replace(flags=ACK | SYN),
        lambda p: p._replace(stamps=(1, 3)),
        lambda p: p._replace(head=b"GET /else"),
        lambda p: p._replace(length=0, head=b""),
    ],
)
def test_what_differs_is_another_packet(change: Callable[[Packet], Packet]) -> None:
    """Numbers, flags, timestamps and payload are the same wherever a packet is recorded, as far as they were."""
    one = seg(5, 7, 80, stamps=(1, 2), head=b"GET /this")
    assert agreement(one, one) == 3
    assert agreement(one, change(one)) is None


def test_what_was_not_captured_does_not_differ() -> None:
    """Options and payload that a snap length cut off, and segments that were merged, leave the rest to agree."""
    one = seg(5, 7, 3000, stamps=(1, 2), head=b"GET /this and more")
    assert agreement(one, one._replace(stamps=None, head=b"")) == 1
    assert agreement(one, one._replace(length=1448)) == 3
    assert agreement(one, one._replace(head=b"GET /thi")) == 3


def test_one_number_alone_proves_nothing() -> None:
    """A SYN without options has one number: no proof. Two packets with an ACK number each are, or one with its timestamps too."""
    lone = [seg(5, None, flags=SYN)]
    assert not same_connection(matched(lone, [seg(5, None, flags=SYN, nat=True)]))
    assert not same_connection(matched([seg(5)], [seg(5, nat=True)]))
    assert same_connection(matched([seg(5), seg(6)], [seg(5, nat=True), seg(6, nat=True)]))
    assert same_connection(matched([seg(5, stamps=(1, 2))], [seg(5, stamps=(1, 2), nat=True)]))
    assert not same_connection(matched([seg(5, None, flags=RST)] * 2, [seg(5, None, flags=RST)]))


@given(st.lists(st.tuples(st.integers(0, MASK), st.integers(0, MASK)), min_size=2, max_size=30))
def test_chance_matches_nothing(numbers: list[tuple[int, int]]) -> None:
    """Packets of other connections that happen to have one number in common are not the connection."""
    own = talk()
    known = {(p.seq, p.ack) for p in own}
    strangers = [seg(own[i % 6].seq if i % 2 else seq, ack, nat=True) for i, (seq, ack) in enumerate(numbers)]
    if not any((p.seq, p.ack) in known for p in strangers):
        assert leg(own, CLIENT, strangers, WAKE) is None


def test_equal_numbers_of_another_conversation() -> None:
    """A program that begins all its connections with the same number has others with the same numbers and other payload."""
    other = [p._replace(head=b"PUT /other" if p.head else b"", stamps=None) for p in talk(nat=True)]
    own = [p._replace(stamps=None) for p in talk()]
    more = [seg(1801 + 80 * i, 5000 + i, 80, head=b"GET /more%d" % i) for i in range(9)]
    others = [p._replace(head=b"PUT /more", source=NAT_CLIENT, target=NAT_SERVER) for p in more]
    assert leg([*own, *more], CLIENT, [*other, *others], WAKE) is None


def test_an_ack_that_is_gone_on_from() -> None:
    """Of a connection that one capture has from its wake on, the last ACK before it at another point is all there is."""
    found = leg([WAKE], CLIENT, [seg(181, 1801, nat=True, stamps=(3, 51))], WAKE)
    assert found is not None
    assert (found.client, found.matches) == (NAT_CLIENT, ())
    assert leg([WAKE], CLIENT, [seg(181, 1802, nat=True)], WAKE) is None


def test_what_was_sent_twice_tells_no_time() -> None:
    """A retransmission without timestamps and IP ID may be another packet than the one that the other point recorded."""
    once, twice = seg(5, 7, 80, at=1), seg(5, 7, 80, at=200)
    assert differences([once, twice], [seg(5, 7, 80, at=190, nat=True)], CLIENT) == []
    own = [once._replace(ip_id=1), twice._replace(ip_id=2)]
    assert differences(own[:1], [seg(5, 7, 80, at=190, nat=True, ip_id=2)], CLIENT) == []


@given(st.integers(0, MASK), st.integers(1, 5000), st.integers(1, 1500))
def test_a_part_of_the_payload_is_enough(seq: int, length: int, piece: int) -> None:
    """However a request was cut, each piece of it is a part of it, and what lies before or behind is not."""
    for at in range(0, length, piece):
        assert holds([seg(seq + at, length=min(piece, length - at))], seq, length)
    assert not holds([seg(seq + length, length=10), seg(seq - 10, length=10), seg(seq)], seq, length)


def test_gaps_that_a_capture_shows_itself() -> None:
    """A number that jumps, or an ACK of what is not there, shows that a capture missed something; retransmissions do not."""

    def of(packets: list[Packet], last: int = 10**9) -> bool:
        return gap(Leg(0, CLIENT, SERVER, tuple(packets), ()), last)

    whole = talk()
    assert not of(whole)
    assert not of([*whole, whole[3]])
    assert not of(whole[2:])
    assert of([*whole[:3], *whole[4:]])  # the request
    assert of([*whole[:4], *whole[5:]])  # the response
    assert not of([*whole[:4], *whole[5:]], last=3_500_000)


def test_a_packet_from_its_bytes() -> None:
    """Numbers, timestamps and the beginning of the payload are read from the record, whatever the options; an ICMP error is none."""
    engine = Engine(trace=True, records=True)
    engine.begin_file(0)
    engine.feed(pcap(conversation(OPENED + "\n 0.1 C ICMP 3/13")))
    engine.end_file()
    found = [packet(t, 0) for t in engine.trace()]
    assert [p is None for p in found] == [False] * 6 + [True]
    told = [p for p in found if p is not None]
    assert all(p.stamps is not None for p in told)
    assert [len(p.head) for p in told] == [0, 0, 0, 120, 256, 0]
    assert told[1].stamps is not None
    assert told[0].stamps is not None
    assert told[1].stamps[1] == told[0].stamps[0]


@given(st.binary(max_size=120), st.integers(0, 130))
def test_hostile_options_do_no_harm(record: bytes, at: int) -> None:
    """Whatever stands where options should, they are read or they are not."""
    engine = Engine(trace=True, records=True)
    engine.begin_file(0)
    engine.feed(pcap(conversation(OPENED)))
    engine.end_file()
    segment = engine.trace()[0]
    told = packet(segment._replace(record=record, payload_at=at), 0)
    assert told is not None
    header = segment.record[segment.payload_at - 20 :][:8]
    packet(segment._replace(record=header + record, payload_at=len(header) + 12), 0)
