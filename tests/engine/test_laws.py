"""Laws: what must not matter, does not."""

from __future__ import annotations

import struct
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.harness import FAILED, MORE, by_chance, by_one, comparable, core, everything
from tests.engine.talk import SECOND
from tests.forge.conversation import START
from tests.forge.files import pcap, pcapng
from tests.forge.packets import ACK, MASK, Packet
from tests.forge.traffic import PLAUSIBLE, SANE, beacon, captures, connections
from tests.reference.run import Result

NO_ICMP = tuple(name for name in SANE if name != "icmp")


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
    source, seq, ack, flags = struct.unpack_from(">HxxIIxB", data, at)
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
            period["answer"] = (*period["answer"][:5], period["answer"][5] - shift, *period["answer"][6:])
    assert everything(expected) == everything(found)


@MORE
@given(connections(0), st.lists(connections(7), max_size=2))
def test_bystanders_change_nothing(packets: list[Packet], others: list[list[Packet]]) -> None:
    """Bystander connections change nothing, but for how long the capture goes on: here as long without them."""
    first = [beacon(START - SECOND), beacon(START - SECOND)._replace(interface=1)]
    tagged = [(p, True) for p in packets] + [(p, False) for other in others for p in other]
    tagged.sort(key=lambda pair: pair[0].time)
    last = beacon(max((p.time for p, _ in tagged), default=START))
    alone = core([pcapng([*first, *(p for p, mine in tagged if mine), last])], SECOND)
    crowd = core([pcapng([*first, *(p for p, _ in tagged), last])], SECOND)
    number = {(0, 1): (0, 1), (0, 2): (0, 2)}
    for at, (_, mine) in enumerate(tagged, 3):
        if mine:
            number[0, at] = (0, len(number) + 1)
    assert _of(alone, {ref: ref for ref in number.values()}) == _of(crowd, number)


REFERENCES = ("connection", "first", "last", "start", "last_before", "peer_fin", "last_sent", "own_fin", "heard")


def _of(result: Result, number: dict[Any, Any]) -> Any:
    """What was said of some connections, frames renumbered."""
    seen = comparable(result)
    kept = {name: [x for x in seen[name] if x["first"] in number] for name in ("periods", "contexts", "connections")}

    def renumbered(fact: str, value: Any) -> Any:
        if fact == "answer" and value:
            went_on = value[7] and number[value[7]]
            return (value[0], number[value[1]], *value[2:7], went_on) if value[0] != "icmp" else value[:1] + value[2:]
        if fact == "longest_survived" and value:
            return *value[:2], value[2] and number[value[2]], number[value[3]]
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
    # A copy is recorded a little later: where a packet just fits into the 50 ms within which it may be one itself, its copy does not.
    assume(not any(0 <= 50_000_000 - (b.time - a.time) < 40_000 for a, b in combinations(packets, 2)))
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
    assert sampled(once) == sampled(both)


def sampled(result: Result) -> Any:
    """What brackets rest on, without places."""
    order = sorted(result.connections, key=lambda c: c["first"])
    each = [(c["survived"], c["longest_survived"] and c["longest_survived"][:2], c["probing"]) for c in order]
    ended = [
        {k: v for k, v in s.items() if k not in ("silent_at_end", "waiting", "waiting_for_payload")} for s in result.services
    ]
    return each, ended, result.pairs


@MORE
@given(captures())
def test_silences_are_ordered(packets: list[Packet]) -> None:
    """A failure happened at an idle time in (silence_first, silence_answered], if unanswered segments lie between."""
    result = core([pcapng(sorted(packets, key=lambda p: p.time))], SECOND)
    for p in result.periods:
        if p["outcome"] == "reset" and p["answer"][5] is None:
            assert p["silence_first"] <= p["silence_answered"]


@MORE
@given(captures(), st.sampled_from((SECOND, 60 * SECOND, SECOND * 3 // 10)))
def test_no_period_is_shorter_than_min_idle(packets: list[Packet], min_idle: int) -> None:
    """An idle period is a stretch of at least min_idle, whatever the clock did."""
    assert all(p["gap"] >= min_idle for p in core([pcapng(packets)], min_idle).periods)
