"""Held to tshark: stream, frame, direction and length of every TCP segment, keepalive flags, and the gaps between payload.

What tshark says otherwise, and why, is `EXPLAINED`: nothing else may differ.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import core as run_core
from tests.engine.talk import OPENED, SECOND
from tests.engine.tshark import Row, Segment, tshark
from tests.forge.conversation import conversation, merge
from tests.forge.files import Interface, Section, block, pcap, pcapng
from tests.forge.packets import ACK, PSH, RST, Packet, address, fragments, icmp_error, tcp
from tests.forge.wrap import LINKS
from tests.programs import needs
from tests.reference.run import Result, reference

pytestmark = needs("tshark")
SHIPPED = sorted(p for p in (Path(__file__).parents[2] / "captures").iterdir() if ".pcap" in p.suffixes)

EXPLAINED = {
    "push": "flags a 1-byte PSH,ACK at next seq - 1 as keepalive: it is a retransmission of one byte",
    "outstanding": "flags a keepalive though its sender has unacknowledged data",
    "window": "flags a zero-window probe as keepalive",
    "fin": "counts the FIN as a byte, so that an ACK at the FIN's own number is flagged",
    "opening": "flags a pure ACK at the ISN, before the handshake is over",
    "reset": "goes on after a RST",
    "ipv6 length": "calls IPv6 with payload length 0 malformed",
    "beyond": "takes no more payload than the original record holds, whatever the IP length says",
    "reuse": "keeps a stream when a connection begins again with the same ISN",
}


@dataclass(frozen=True)
class Reading:
    """Both readings of one file."""

    rows: list[Row]
    segments: list[Segment]
    result: Result


@pytest.fixture(params=["core", "reference"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], Reading]:
    """Read a file with tshark and with an engine."""

    def reading(data: bytes) -> Reading:
        if request.param == "core":
            result = run_core([data], SECOND // 2, trace=True)
        else:
            result = reference([data], SECOND // 2)
        segments = [Segment(f, s, tuple(a), tuple(b), n, k) for f, s, a, b, n, k in result.trace]
        return Reading(tshark(data, tmp_path), segments, result)

    return reading


def same_segments(seen: Reading) -> None:
    """Frame, stream, direction and payload length agree for every segment."""
    ours = [(s.frame, s.stream, s.source, s.target, s.length) for s in seen.segments]
    theirs = [(r.frame, r.stream, r.source, r.target, r.length) for r in seen.rows]
    assert ours == theirs


def keepalives(seen: Reading) -> tuple[set[int], set[int]]:
    """The frames that are probes, and those that tshark flags."""
    return {s.frame for s in seen.segments if s.kind == "probe"}, {r.frame for r in seen.rows if r.keepalive}


TALK = OPENED + """
    30.000 C probe
    30.020 S ACK
    60.000 C 80 bytes
    60.200 C again
    60.220 S 10 bytes
    60.230 C ACK
    90.000 C probe 1 byte
    90.020 S ACK
   350.100 C 1400 bytes
   350.120 S RST
"""  # fmt: skip
TALK6: dict[str, Any] = {"client": ("2001:db8::1", 50000), "server": ("2001:db8::2", 443)}


def test_link_types_and_tunnels(read: Callable[[bytes], Reading], tmp_path: Path) -> None:
    """Every link type and tunnel; those of one link type together in one file, as connections of their own."""
    for link_type in sorted({link.link_type for link in LINKS}):
        packets: list[Packet] = []
        for number, link in enumerate(link for link in LINKS if link.link_type == link_type):
            for six in [six for six in (False, True) if (link.six if six else link.four)]:
                ends: dict[str, Any] = dict(TALK6) if six else {"client": ("10.0.0.1", 0), "server": ("10.0.0.2", 443)}
                ends["client"] = (ends["client"][0], 50000 + number)
                packets += [p._replace(data=link.wrap(p.data)) for p in conversation(TALK, **ends)]
        packets.sort(key=lambda p: p.time)
        seen = read(pcap(packets, link_type))
        assert len(seen.segments) == len(packets)
        same_segments(seen)
        probes, flagged = keepalives(seen)
        assert probes == flagged


def test_snap_lengths(read: Callable[[bytes], Reading]) -> None:
    """Options and payload cut off change nothing; fewer than 20 bytes of TCP are counted."""
    talks = merge(*(conversation(TALK, client=("10.0.0.1", 50000 + n)) for n in range(5)))
    for snap in (40, 41, 52, 60, 80):
        same_segments(read(pcap([p.cut(snap) for p in talks])))


REUSE = """
    0.000 C SYN
    0.001 C SYN
    0.020 S SYN ACK
    0.021 C ACK
    1.000 C SYN
    1.020 S SYN ACK
    1.021 C ACK
    1.022 C 10 bytes
    1.040 S RST
    2.000 C SYN
    2.020 S RST ACK
    3.000 C SYN isn=0
    3.020 S SYN ACK isn=0
    3.021 C FIN
    3.040 S FIN
    3.041 C ACK
    4.000 C SYN isn=77
    4.020 S SYN ACK
"""  # fmt: skip
MIDDLES = ("0 C 10 bytes\n0.1 S 10 bytes\n1 C SYN isn=5\n1.1 S SYN ACK", "0 S 10 bytes\n1 C SYN isn=5\n1.1 S SYN ACK",
           "0 C ACK\n1 C SYN isn=5", "0 C RST\n1 C SYN isn=5", "0 S SYN ACK\n1 C SYN isn=5\n2 C SYN isn=9",
           "0 C SYN quiet\n0 S SYN ACK\n0.1 C copy\n1 C ACK", "0 C SYN\n1 S SYN\n2 C SYN ACK\n3 S SYN ACK",
           "0 S RST\n1 C SYN isn=5\n2 C SYN isn=6", "0 C SYN\n1 S SYN isn=8\n2 S SYN isn=9\n3 C SYN isn=3")  # fmt: skip


def test_stream_numbers(read: Callable[[bytes], Reading]) -> None:
    """`stream` equals tshark's: a SYN whose ISN differs from the first number known of that side starts a new one."""
    texts = (REUSE, *MIDDLES)
    same_segments(read(pcap(merge(*(conversation(t, client=("10.0.0.1", 50000 + n)) for n, t in enumerate(texts))))))
    for text in texts:
        same_segments(read(pcapng(conversation(text) + conversation("900 C SYN", client=("10.9.9.9", 9)))))


def test_a_stream_goes_on_with_the_same_isn(read: Callable[[bytes], Reading]) -> None:
    """Explained, `reuse`: for us a new connection, for tshark the same stream; the number is tshark's."""
    seen = read(pcap(conversation(OPENED + "1 S RST\n2 C SYN isn=4294967216\n2.02 S SYN ACK isn=9")))
    same_segments(seen)
    assert [c["stream"] for c in seen.result.connections] == [0, 0]


def test_tcp_quoted_in_icmp_has_a_number(read: Callable[[bytes], Reading]) -> None:
    """TCP quoted by an ICMP error takes a stream number, if 16 bytes of it are quoted."""
    router = address("10.9.9.9")
    first, other = conversation(OPENED), conversation(OPENED, client=("10.0.0.1", 50001))
    for most in (28, 35, 36, 548):
        error = Packet(first[0].time - 1000, icmp_error(router, 3, 1, first[3].data, most))
        same_segments(read(pcap([error, *merge(other, first)])))
    reused = conversation("0 C SYN isn=9", client=("10.0.0.1", 50000))[0].data
    error = Packet(first[2].time, icmp_error(router, 11, 0, reused))
    same_segments(read(pcap(merge(first[:3], [error], first[3:], other))))


def test_fragments(read: Callable[[bytes], Reading]) -> None:
    """First fragments are decoded when they hold the TCP header; an atomic IPv6 fragment is no fragment.

    With default preferences tshark reassembles, and numbers the stream where the datagram is complete: the numbers of
    connections that begin with a fragment, and of those after them, cannot be known.
    """
    everyone: tuple[dict[str, Any], ...] = ({}, TALK6)
    for ends in everyone:
        packets = conversation(OPENED + "1 C 3000 bytes\n1.02 S ACK", **ends)
        big = packets[-2]
        cut = [big._replace(data=piece) for piece in fragments(big.data, 1480, 77)]
        seen = read(pcap([*packets[:-2], *cut, packets[-1]]))
        assert [s.frame for s in seen.segments] == [r.frame for r in seen.rows]
        assert [(s.stream, s.source) for s in seen.segments] == [(r.stream, r.source) for r in seen.rows]
        assert len(seen.segments) == len(packets)
        alone = read(pcap([*cut, *conversation(OPENED, client=("10.0.0.9", 9))]))
        assert {s.stream for s in alone.segments} == {None}
    whole = conversation("0 C 10 bytes", **TALK6)[0]
    same_segments(read(pcap([whole._replace(data=fragments(whole.data, 4096, 7)[0])])))


def test_ip_length_zero(read: Callable[[bytes], Reading]) -> None:
    """IP length 0 (offload) uses the original length, as tshark does."""
    a, b = (address("10.0.0.1"), 5), (address("10.0.0.2"), 80)
    packets = []
    for number, (size, original) in enumerate(((33, None), (0, None), (100, 3040))):
        data = tcp(a, b, 100 + number * 5000, 1, ACK | PSH, payload=b"x" * size, length=0)
        packets.append(Packet(number * SECOND, data, 0, original))
    same_segments(read(pcap(packets)))


def test_lengths_that_differ(read: Callable[[bytes], Reading]) -> None:
    """Explained, `ipv6 length` and `beyond`."""
    a, b = (address("2001:db8::1"), 5), (address("2001:db8::2"), 80)
    seen = read(pcap([Packet(0, tcp(a, b, 1, 1, ACK | PSH, payload=b"x" * 9, length=0))]))
    assert (len(seen.rows), [s.length for s in seen.segments]) == (0, [9])
    a, b = (address("10.0.0.1"), 5), (address("10.0.0.2"), 80)
    seen = read(pcap([Packet(0, tcp(a, b, 1, 1, ACK | PSH, payload=b"x" * 9, length=600))]))
    assert ([r.length for r in seen.rows], [s.length for s in seen.segments]) == ([9], [560])


FLAGGED = {
    "push": OPENED + "1 C 1 bytes\n1.02 S ACK\n30 C again\n30.02 S ACK",
    "outstanding": OPENED + "1 C 80 bytes\n1.9 C probe",
    "window": OPENED + "1 C 80 bytes\n1.02 S ACK win=0\n5 C probe\n5.02 S ACK win=0",
    "fin": OPENED + "1 S FIN\n1.02 C ACK\n5 S ACK seq=-1\n5.02 C ACK",
    "reset": OPENED + "1 S RST\n5 C probe\n5.02 S RST",
}


@pytest.mark.parametrize("why", FLAGGED)
def test_keepalives_that_are_none(read: Callable[[bytes], Reading], why: str) -> None:
    """tshark flags one frame more, for a listed reason."""
    probes, flagged = keepalives(read(pcap(conversation(FLAGGED[why]))))
    assert not probes, EXPLAINED[why]
    assert len(flagged) == 1, EXPLAINED[why]


def test_keepalives(read: Callable[[bytes], Reading]) -> None:
    """Probes of either side, of Linux and Windows, answered, unanswered and reset, are tshark's keepalives."""
    runs = "".join(f"{n}0 C probe\n{n}0.02 S ACK\n{n}5 S probe\n{n}5.02 C ACK\n" for n in range(1, 9))
    texts = (OPENED + runs, OPENED + "10 C probe\n20 C probe\n30 C probe\n30.02 S RST", OPENED + "9 S probe 1 byte\n9.1 C ACK")
    seen = read(pcap(merge(*(conversation(t, client=("10.0.0.1", 50000 + n)) for n, t in enumerate(texts)))))
    probes, flagged = keepalives(seen)
    assert probes == flagged
    assert len(probes) == 20


def test_file_formats(read: Callable[[bytes], Reading]) -> None:
    """Frame numbers and times are tshark's in every dialect of pcap and pcapng."""
    packets = conversation(TALK)
    files = [pcap(packets, order=order, **how) for order in "<>" for how in ({}, {"nano": False})]
    files.append(pcap(packets, kuznetzov=True))
    for order in "<>":
        for resolution, offset in ((6, None), (9, None), (None, 5), (0x80 | 20, None), (3, 1_600_000_000)):
            section = Section(packets, [Interface(resolution=resolution, offset=offset)], order, noise=True, drops=1)
            files.append(bytes(section))
        files.append(bytes(Section(packets, order=order, packet_block=2)))
    files.append(bytes(Section(packets[:4])) + bytes(Section(packets[4:], [Interface(), Interface()], ">")))
    for data in files:
        seen = read(data)
        same_segments(seen)
        same_gaps(seen)


def test_blocks_that_are_frames(read: Callable[[bytes], Reading]) -> None:
    """Custom and journal blocks are no packets, but take a frame number; name resolution and the like do not."""
    packets = conversation(TALK)
    journal = b"__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\n\n"
    bodies = {10: struct.pack("<II", 0x544C534B, 4) + b"key ", 9: journal, 4: bytes(4)}
    for kind in (0x0BAD, 0x40000BAD, 9, 4, 5, 10, 0x0BADD):
        between = block(kind, bodies.get(kind, bytes(12)), "<")
        head, tail = bytes(Section(packets[:3])), bytes(Section(packets[3:]))[len(bytes(Section([]))) :]
        same_segments(read(head + between + tail))


def same_gaps(seen: Reading) -> None:
    """Each exact gap is the time between tshark's frames of its two ends, in ns."""
    time = {row.frame: row.time for row in seen.rows}
    for p in seen.result.periods:
        if p["start"]:
            assert p["gap"] == max(0, time[p["first"][1]] - time[p["start"][1]])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_captures(read: Callable[[bytes], Reading], path: Path) -> None:
    """Every shipped capture: segments, gaps, and keepalives but for the listed reasons."""
    seen = read(path.read_bytes())
    same_segments(seen)
    same_gaps(seen)
    probes, flagged = keepalives(seen)
    assert probes <= flagged
    copies = {s.frame for s in seen.segments if s.kind == "copy"}  # of a probe: tshark knows no copies
    assert not flagged - probes - copies


def test_a_reset_before_its_request_is_in_tsharks_order(read: Callable[[bytes], Reading]) -> None:
    """Frames are numbered as recorded, also where records were swapped."""
    a, b = (address("10.0.0.1"), 50000), (address("10.0.0.2"), 443)
    packets = conversation(OPENED)
    late = packets[-1].time + 60 * SECOND
    rst = Packet(late, tcp(b, a, 1_000_901, 0, RST, window=0))
    wake = Packet(late + 100_000, tcp(a, b, 41, 1_000_901, ACK | PSH, payload=b"x" * 8))
    seen = read(pcap([*packets, rst, wake]))
    same_segments(seen)
    (period,) = [p for p in seen.result.periods if p["outcome"] == "reset"]
    assert (period["first"], period["answer"][1]) == ((0, 8), (0, 7))
