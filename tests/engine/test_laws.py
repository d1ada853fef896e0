"""Laws: what must not matter, does not."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.harness import FAILED, MORE, comparable, core, law_of_records
from tests.engine.talk import SECOND
from tests.forge.conversation import START
from tests.forge.files import pcap, pcapng
from tests.forge.packets import ACK, MASK, Packet
from tests.forge.traffic import MS, PLAUSIBLE, SANE, STEPS, beacon, captures, connections
from tests.reference.run import Result

NO_ICMP = tuple(name for name in SANE if name != "icmp")


def by_one(data: bytes) -> Iterator[bytes]:
    """Feed a file one byte at a time."""
    for at in range(len(data)):
        yield data[at : at + 1]


def by_chance(seed: int) -> Callable[[bytes], Iterator[bytes]]:
    """Return a way to feed a file in pieces of random sizes, empty ones too."""

    def pieces(data: bytes) -> Iterator[bytes]:
        sizes = random.Random(seed)
        at = 0
        while at < len(data):
            size = sizes.choice((0, 1, 3, 16, 24, 40, 100, 1000, 70000))
            yield memoryview(data)[at : at + size]  # type: ignore[misc]  # any buffer will do
            at += size

    return pieces


def everything(result: Result) -> tuple[Any, ...]:
    """All that a run said, where the same code must say the same."""
    order = sorted(result.periods, key=lambda p: (p["first"], p["kind"], p["outcome"]))
    return order, sorted(result.connections, key=lambda c: c["first"]), result.totals, result.files


@MORE
@given(captures(), st.booleans(), st.integers())
def test_chunking_changes_nothing(packets: list[Packet], ng: bool, seed: int) -> None:
    """`feed(buffer)` in, events out, the same events whatever the chunking."""
    data = pcapng(packets) if ng else pcap(packets)
    whole = core([data], SECOND)
    assert everything(whole) == everything(core([data], SECOND, chunks=by_chance(seed)))
    if len(data) < 4000:
        assert everything(whole) == everything(core([data], SECOND, chunks=by_one))


@MORE
@given(captures())
def test_byte_order_changes_nothing(packets: list[Packet]) -> None:
    """Byte order changes nothing."""
    for write in (pcap, pcapng):
        little, big = (core([write(packets, order=order)], SECOND) for order in "<>")
        assert everything(little) == everything(big)


@MORE
@given(captures())
def test_pcap_and_pcapng_agree(packets: list[Packet]) -> None:
    """pcap and pcapng of the same packets agree."""
    packets = [p._replace(interface=0) for p in packets]
    assert everything(core([pcap(packets)], SECOND)) == everything(core([pcapng(packets)], SECOND))


@MORE
@given(captures(kinds=NO_ICMP), st.integers(0, MASK), st.integers(0, MASK))
def test_shifting_every_isn_changes_nothing(packets: list[Packet], client: int, server: int) -> None:
    """Shifting every ISN modulo 2^32 changes nothing."""
    shifted = [_shifted(p, client, server) for p in packets]
    assert everything(core([pcapng(packets)], SECOND)) == everything(core([pcapng(shifted)], SECOND))


def _shifted(packet: Packet, client: int, server: int) -> Packet:
    data = packet.data
    at = 40 if data[0] >> 4 == 6 else 20
    if data[6 if at == 40 else 9] != 6:
        return packet
    source, target, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", data, at)
    own, peer = (client, server) if source >= 50000 else (server, client)
    numbers = (seq + own) & MASK, (ack + peer) & MASK if flags & ACK else ack
    return packet._replace(data=data[: at + 4] + struct.pack(">II", *numbers) + data[at + 12 :])


@MORE
@given(captures(), st.sampled_from((-START + 400 * SECOND, -1, 1, 10**18, 7 * 10**18)))
def test_shifting_all_times_changes_only_times(packets: list[Packet], shift: int) -> None:
    """Shifting all times changes only times."""
    moved = [p._replace(time=p.time + shift) for p in packets]
    expected, found = core([pcapng(packets)], SECOND), core([pcapng(moved)], SECOND)
    for file in found.files:
        file["span"] = tuple(None if t is None else t - shift for t in file["span"])
    for period in found.periods:
        if period["answer"] and period["answer"][5] is not None:
            period["answer"] = (*period["answer"][:5], period["answer"][5] - shift, period["answer"][6])
    assert everything(expected) == everything(found)


@MORE
@given(connections(0), st.lists(connections(7), max_size=2))
def test_bystanders_change_nothing(packets: list[Packet], others: list[list[Packet]]) -> None:
    """Bystander connections change nothing."""
    first = beacon(START - SECOND)
    tagged = [(p, True) for p in packets] + [(p, False) for other in others for p in other]
    tagged.sort(key=lambda pair: pair[0].time)
    alone = core([pcapng([first, *(p for p, mine in tagged if mine)])], SECOND)
    crowd = core([pcapng([first, *(p for p, _ in tagged)])], SECOND)
    number = {(0, 1): (0, 1)}
    for at, (_, mine) in enumerate(tagged, 2):
        if mine:
            number[0, at] = (0, len(number) + 1)
    assert _of(alone, {ref: ref for ref in number.values()}) == _of(crowd, number)


REFERENCES = ("connection", "first", "last", "start", "last_before", "peer_fin", "last_sent", "own_fin")


def _of(result: Result, number: dict[Any, Any]) -> Any:
    """What was said of some connections, frames renumbered."""
    seen = comparable(result)
    kept = {name: [x for x in seen[name] if x["first"] in number] for name in ("periods", "connections")}

    def renumbered(fact: str, value: Any) -> Any:
        if fact == "answer" and value:
            return (value[0], number[value[1]], *value[2:]) if value[0] != "icmp" else value[:1] + value[2:]
        return number[value] if fact in REFERENCES and value else value

    return {name: [{k: renumbered(k, v) for k, v in x.items() if k != "stream"} for x in kept[name]] for name in kept}


DOUBLED = {
    "another interface": lambda p: p._replace(interface=p.interface + 2, time=p.time + 20_000),
    "another TTL": lambda p: p._replace(data=_hop(p.data), time=p.time + 20_000),
}


def _hop(data: bytes) -> bytes:
    at = 7 if data[0] >> 4 == 6 else 8
    return data[:at] + bytes([data[at] - 9]) + data[at + 1 :]


@pytest.mark.parametrize("how", DOUBLED)
@MORE
@given(packets=captures(most=1, kinds=PLAUSIBLE))
def test_recording_everything_twice_changes_no_outcome(how: str, packets: list[Packet]) -> None:
    """A copy changes no state: every packet twice, on another interface or one hop further."""
    twice = [copy for p in packets for copy in (p, DOUBLED[how](p))]
    once, both = core([pcapng(packets)], SECOND), core([pcapng(twice)], SECOND)
    names = ("kind", "outcome", "sender", "last_speaker", "gap", "bound", "missed", "heartbeat", "silence", "fin",
             "length", "segments", "retransmissions", "probes")  # fmt: skip

    def told(result: Result) -> list[Any]:
        order = sorted(result.periods, key=lambda p: (p["first"], p["kind"]))
        return [[p[n] for n in names if p["outcome"] in FAILED or n in names[:8]] for p in order]

    assert told(once) == told(both)
    assert both.totals["connections"] == once.totals["connections"]
    assert both.totals["outcomes"] == once.totals["outcomes"]


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


@MORE
@given(captures(), st.sampled_from((SECOND, 60 * SECOND, SECOND * 3 // 10)))
def test_no_period_is_shorter_than_min_idle(packets: list[Packet], min_idle: int) -> None:
    """An idle period is a stretch of at least min_idle, whatever the clock did."""
    assert all(p["gap"] >= min_idle for p in core([pcapng(packets)], min_idle).periods)


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
