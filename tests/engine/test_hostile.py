"""Captured bytes are hostile, damaged captures are normal: whatever comes in, a result comes out."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.harness import MORE, by_chance, core, everything, law_of_records
from tests.engine.talk import SECOND
from tests.forge.conversation import START
from tests.forge.files import pcap, pcapng
from tests.forge.packets import Packet
from tests.forge.steps import MS, STEPS
from tests.forge.traffic import beacon, captures, connections

MAGICS = [bytes.fromhex(m) for m in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "34cdb2a1", "0a0d0d0a", "")]


@MORE
@given(st.sampled_from(MAGICS), st.binary(max_size=400), st.integers())
def test_arbitrary_bytes_give_a_result(magic: bytes, data: bytes, seed: int) -> None:
    """Arbitrary bytes give a result: captured bytes are hostile."""
    survives(magic + data, seed)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid capture with some bytes changed, removed or inserted, or cut anywhere."""
    packets = draw(captures(most=2, kinds=tuple(STEPS)))
    data = bytearray(pcapng(packets) if draw(st.booleans()) else pcap(packets, draw(st.sampled_from((1, 101, 113)))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            data[at] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
        elif kind == 1:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 2:
            data[at : at + draw(st.integers(1, 8))] = b""
        else:
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
        if not data:
            break
    return bytes(data)


@MORE
@given(mutated(), st.integers())
def test_damaged_captures_give_a_result(data: bytes, seed: int) -> None:
    """Damaged captures are normal: no crash, and nothing depends on the chunking."""
    survives(data, seed)


@MORE
@given(captures(most=1), st.data())
def test_nothing_is_lost_before_the_damage(packets: list[Packet], draws: st.DataObject) -> None:
    """Everything before the damage is analysed: a file cut anywhere gives what its whole records give."""
    for write in (pcap, pcapng):
        data = write(packets)
        cut = draws.draw(st.integers(24, len(data)))
        found = core([data[:cut]], SECOND)
        expected = core([write(packets[: found.files[0]["records"]])], SECOND)
        assert everything(found)[:3] == everything(expected)[:3]


def survives(data: bytes, seed: int) -> None:
    """Feed bytes whole and in pieces: the same result, each record with one fate."""
    result = core([data], SECOND)
    law_of_records(result)
    assert everything(result) == everything(core([data], SECOND, chunks=by_chance(seed)))


@given(st.lists(connections(0), min_size=9, max_size=24))
def test_every_record_has_one_fate_under_eviction(talks: list[list[Packet]]) -> None:
    """records == segments + sum(skipped), whatever is forgotten; what is kept is bounded, and the report says how many."""
    ported = [[_from_port(p, 50000 + n) for p in talk] for n, talk in enumerate(talks)]
    packets = sorted((p for talk in ported for p in talk), key=lambda p: p.time)
    result = core([pcapng(packets)], SECOND, max_connections=8)
    for file in result.files:
        assert file["records"] == file["segments"] + sum(file["skipped"].values())
    assert len(result.connections) + result.totals["evicted"] == result.totals["connections"]


def _from_port(packet: Packet, port: int) -> Packet:
    """Put another client port into a packet that the forger made."""
    data = packet.data
    at = 40 if data[0] >> 4 == 6 else 20
    if data[6 if at == 40 else 9] != 6:
        return packet
    client_sends = struct.unpack_from(">H", data, at)[0] == 50000
    at += 0 if client_sends else 2
    return packet._replace(data=data[:at] + struct.pack(">H", port) + data[at + 2 :])


def test_time_stamps_at_the_edges() -> None:
    """Times at the ends of what a file can say are times."""
    talk = [(0, 80), (2 * SECOND, 80)]
    for start in (0, 2**31 * SECOND, (2**32 - 3) * SECOND):
        packets = [beacon(start)._replace(time=start + after) for after, _ in talk]
        assert core([pcap(packets)], SECOND).files[0]["span"] == (start, start + 2 * SECOND)


def test_an_interface_index_beyond_all() -> None:
    """A packet of an interface that was never described is damage, or skipped; the rest is read."""
    data = bytearray(pcapng([beacon(START), beacon(START + MS)]))
    at = data.rindex(struct.pack("<I", 6), 0, len(data) - 40)
    data[at + 8 : at + 12] = b"\xff\xff\xff\x7f"
    survives(bytes(data), 1)
