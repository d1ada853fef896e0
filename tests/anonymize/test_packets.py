"""Records rewritten: the same segment for the engine and for tshark, with other addresses, no payload, and right checksums."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.anonymize.addresses import Addresses
from pcapdiag.anonymize.packets import rewritten
from pcapdiag.engine import Engine
from pcapdiag.engine.types import Seen, Traced
from tests.forge.files import pcap
from tests.forge.packets import ACK, PSH, SYN, Packet, address, checksum, icmp_error, ip, tcp, timestamps
from tests.forge.wrap import LINKS, MACS, Link
from tests.programs import needs

ADDRESSES = Addresses(b"k" * 16)
SECRET = b"GET /secret HTTP/1.1\r\nHost: secret.example\r\n\r\n"
ENDS = {False: ("10.1.2.3", "203.0.113.80"), True: ("2001:db8:1::1", "2001:db8:2::2")}
#: Every address that the wrappers and these tests use.
USED = (*ENDS[False], *ENDS[True], "192.0.2.1", "192.0.2.2", "2001:db8::9", "2001:db8::8", "10.9.9.9")


@dataclass(frozen=True)
class Case:
    """A link with an IP version."""

    link: Link
    six: bool

    def __str__(self) -> str:
        return f"{self.link.name} {6 if self.six else 4}"


CASES = [Case(link, six) for link in LINKS for six in (False, True) if (link.six if six else link.four)]


def ends(six: bool) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
    """Client and server."""
    client, server = ENDS[six]
    return (address(client), 40000), (address(server), 8080)


def segments(six: bool) -> list[bytes]:
    """A handshake, a request and its ACK, as IP packets."""
    client, server = ends(six)
    odd = bytes([30, 4, 0, 7, 2, 4, 5, 180])  # MPTCP, then a segment size
    return [
        tcp(client, server, 1000, 0, SYN, options=odd),
        tcp(server, client, 5000, 1001, SYN | ACK, options=timestamps(1, 2)),
        tcp(client, server, 1001, 5001, PSH | ACK, payload=SECRET, options=timestamps(3, 4)),
        tcp(server, client, 5001, 1001 + len(SECRET), ACK),
    ]


def traced(records: Sequence[bytes], link_type: int, originals: Sequence[int] | None = None) -> list[Traced]:
    """What the engine makes of these records, each a second after the other."""
    whole = originals or [len(record) for record in records]
    packets = [Packet(n * 10**9, r, original=o) for n, (r, o) in enumerate(zip(records, whole, strict=True), 1)]
    engine = Engine(trace=True, records=True)
    engine.begin_file(0)
    engine.feed(pcap(packets, link_type))
    engine.end_file()
    return engine.trace()


def done(segment: Traced, kept: int = 0) -> bytes:
    """Its record, rewritten."""
    record = rewritten(segment, ADDRESSES, kept)
    assert record is not None
    return record


def told(segment: Traced) -> tuple[object, ...]:
    """What the diagnosis rests on."""
    return (segment.seq, segment.ack, segment.flags, segment.window, segment.length, segment.ttl, segment.ip_id, segment.seen,
            segment.payload_at, segment.icmp, segment.source.port, segment.target.port)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_engine_reads_the_same_segments(case: Case) -> None:
    """Through every link layer, tag and tunnel: the same numbers between the replaced addresses, and nothing of the old ones."""
    before = traced([case.link.wrap(data) for data in segments(case.six)], case.link.link_type)
    assert len(before) == 4
    records = [done(segment) for segment in before]
    after = traced(records, case.link.link_type, [segment.original for segment in before])
    assert [told(segment) for segment in after] == [told(segment) for segment in before]
    for one, other in zip(before, after, strict=True):
        assert other.source.address == ADDRESSES.text(one.source.address)
        assert other.target.address == ADDRESSES.text(one.target.address)
    every = b"".join(records)
    assert b"secret" not in every
    assert not [text for text in USED if address(text) in every]
    for mac in MACS.values():
        assert bytes.fromhex(mac.replace(":", "")) not in every


@needs("tshark")
@pytest.mark.parametrize("link_type", sorted({case.link.link_type for case in CASES}))
def test_checksums_are_right(link_type: int, tmp_path: Path) -> None:
    """For tshark no checksum is wrong, and those of packets without payload, which it can check, are right."""
    cases = [case for case in CASES if case.link.link_type == link_type]
    found = [s for case in cases for s in traced([case.link.wrap(data) for data in segments(case.six)], link_type)]
    path = tmp_path / "out.pcap"
    path.write_bytes(pcap([Packet(n, done(s), original=s.original) for n, s in enumerate(found)], link_type))
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for protocol in ("tcp", "ip", "udp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE", "-e", f"{protocol}.checksum.status"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = [line.split("\t") for line in run.stdout.splitlines()]
    bad, good, unverified = "0", "1", "2"
    assert len(shown) == len(found)
    assert not [row for row in shown if bad in ",".join(row).split(",")]
    for case, rows in zip(cases, (shown[n : n + 4] for n in range(0, len(shown), 4)), strict=True):
        if case.link.tshark:
            assert [row[0] for row in rows] == [good, good, unverified, good]


@pytest.mark.parametrize("six", [False, True])
def test_icmp_errors_quote_the_new_addresses(six: bool) -> None:
    """An error and the packet in it are rewritten alike; of the quoted payload nothing is left; its own checksum is right."""
    router = address("2001:db8::9" if six else "192.0.2.1")
    request = segments(six)[2]
    error = icmp_error(router, 1 if six else 3, 1 if six else 13, request)
    (*_, quoted) = traced([*segments(six), error], 101)
    assert quoted.seen is Seen.ICMP
    record = done(quoted)
    assert b"secret" not in record
    assert b"GET" not in record
    assert not [text for text in USED if address(text) in record]
    (*_, again) = traced([*map(done, traced(segments(six), 101)), record], 101, [*map(len, segments(six)), quoted.original])
    assert told(again) == told(quoted)
    body = record[40 if six else 20 :]
    length = len(error) - (40 if six else 20)
    pseudo = record[8:40] + length.to_bytes(4, "big") + bytes([0, 0, 0, 58]) if six else b""
    assert checksum(pseudo + body) == 0


def test_options_that_may_name_somebody_are_emptied() -> None:
    """MPTCP, load balancers' addresses and cookies become NOPs, IP options too; sizes, scales and timestamps stay."""
    client, server = ends(six=False)
    options = bytes([2, 4, 5, 180, 254, 8, 10, 9, 9, 9, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 3, 3, 7, 0, 0xAA, 0xBB])
    whole = tcp(client, server, 1, 0, SYN, options=options)
    with_route = bytes([0x47]) + whole[1:20] + bytes([7, 7, 4, 10, 9, 9, 9, 0]) + whole[20:]
    with_route = with_route[:2] + len(with_route).to_bytes(2, "big") + with_route[4:]
    record = done(traced([with_route], 101)[0])
    assert address("10.9.9.9") not in record
    assert record[20:28] == b"\1" * 8
    assert record[48:] == bytes([2, 4, 5, 180, *[1] * 8, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 3, 3, 7, 0, 0, 0])


def test_a_source_route_is_given_up() -> None:
    """An IPv6 routing header names routers; a record with one is left out."""
    client, server = ends(six=True)
    body = tcp(client, server, 1, 0, SYN)[40:]
    route = bytes([6, 2, 0, 1, 0, 0, 0, 0]) + address("2001:db8::9") + body
    (segment,) = traced([ip(client[0], server[0], 43, route)], 101)
    assert rewritten(segment, ADDRESSES, 0) is None


def test_ipv6_options_become_padding() -> None:
    """A home address (RFC 6275 6.3) in a destination option is gone, and the packet is read as before."""
    client, server = ends(six=True)
    body = tcp(client, server, 1, 0, SYN)[40:]
    option = bytes([6, 2, 1, 2, 0, 0, 201, 16]) + address("2001:db8::9") + body
    (segment,) = traced([ip(client[0], server[0], 60, option)], 101)
    record = done(segment)
    assert address("2001:db8::9") not in record
    assert told(traced([record], 101)[0]) == told(segment)


def test_padding_behind_a_short_frame_goes() -> None:
    """What an adapter pads a frame with may be a rest of another packet."""
    frame = next(link for link in LINKS if link.name == "ethernet").wrap(segments(six=False)[3]) + b"rest"
    assert len(done(traced([frame], 1)[0])) == len(frame) - 4


def test_offloaded_segments_keep_their_length() -> None:
    """Where the IP length is 0, the original length tells the payload's, and still does."""
    client, server = ends(six=False)
    data = tcp(client, server, 1, 1, ACK, payload=b"x" * 3000, length=0)
    (segment,) = traced([data], 101)
    (again,) = traced([done(segment)], 101, [segment.original])
    assert (segment.length, again.length) == (3000, 3000)


@settings(max_examples=300)
@given(st.sampled_from(CASES), st.integers(0, 3), st.data())
def test_no_bytes_break_it(case: Case, which: int, data: st.DataObject) -> None:
    """Whatever a record holds, it is rewritten so that the engine reads the same segment, or given up."""
    record = bytearray(case.link.wrap(segments(case.six)[which]))
    for _ in range(data.draw(st.integers(0, 4))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(record[: data.draw(st.integers(20, len(record)))])
    for segment in traced([cut], case.link.link_type, [len(record)]):
        new = rewritten(segment, ADDRESSES, 0)
        if new is not None:
            (again,) = traced([new], case.link.link_type, [segment.original])
            assert told(again) == told(segment)
            assert again.source.address == ADDRESSES.text(segment.source.address)
