"""Each signal of a RST by its numbers: what it says, and to whom it points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pcapdiag.engine.types import WakeKind
from pcapdiag.rules.types import Sender
from tests.report.factory import ACK, MS, RST, T0, period, ref
from tests.rules.resets import (
    ABORT,
    ABORTED,
    NEARER,
    NEITHER,
    NO_STATE,
    STRANGER,
    UNDETERMINED,
    answered,
    judged,
    named,
    peer,
    signal,
)

US = 1_000


@pytest.mark.parametrize(
    ("rst", "stamps", "points_to"),
    [
        (NO_STATE, True, STRANGER),  # lab: [R] seq=SEG.ACK ack=0 win=0 ipid=0 DF, no options
        (NO_STATE, False, STRANGER),
        (NO_STATE, None, STRANGER),
        (NO_STATE | {"ack": 77}, True, STRANGER),  # Windows leaves a number in the field of a RST without ACK
        (NO_STATE | {"window": 8201}, False, None),  # a RST alone with a live window: boxes send it
        (NO_STATE | {"timestamps": True}, True, None),
        (NO_STATE | {"timestamps": None}, True, None),  # it has options, and they were cut off
        (NO_STATE | {"seq": 1}, True, None),  # the number of another segment
        (ABORT, True, ABORTED),  # lab: SO_LINGER 0, unread data: [RA] win>0, timestamps
        (ABORT | {"timestamps": False}, False, ABORTED),
        (ABORT | {"timestamps": False}, None, ABORTED),
        (ABORT | {"timestamps": None}, True, ABORTED),
        (ABORT | {"window": 0}, True, ABORTED),  # its buffer is full, but who else has the timestamps?
        (ABORT | {"timestamps": False}, True, None),
        (NEITHER, True, None),
        (NEITHER, False, None),
    ],
)
def test_form(rst: dict[str, Any], stamps: bool | None, points_to: Sender | None) -> None:
    """Flags, number, window and options together tell a stack without the connection from a socket, or neither."""
    p = answered(peer(period(), timestamps=stamps, ttl=64), **rst)
    found = signal(p, "form")
    assert found.points_to is points_to
    assert f"window {rst['window']}" in found.values


def test_form_of_a_refusal() -> None:
    """To a SYN the RFC's reply is RST,ACK with number 0 that acknowledges it, its data (Fast Open) or not."""
    base = period(idle=False)
    syn = replace(base.wake.first, flags=0x02, seq=0xFFFFFFFF, ack=0, length=50)
    for covered, points_to in ((0, STRANGER), (50, STRANGER), (51, None)):
        p = replace(base, wake=replace(base.wake, kind=WakeKind.SYN, first=syn))
        assert signal(answered(p, flags=RST | ACK, seq=0, ack=covered, ttl=63), "form").points_to is points_to


@pytest.mark.parametrize(
    ("rst", "before", "points_to", "said"),
    [
        (64, 63, NEARER, "64 against 63 of that side's last segment: 1 hop nearer"),
        (64, 61, NEARER, "3 hops nearer"),
        (63, 63, STRANGER, "as far away as the endpoint"),
        (58, 61, None, "3 hops farther"),
        (254, 115, NEARER, "another stack, by the initial values 255 and 128: 1 against 13 hops away, nearer"),
        (252, 61, None, "3 against 3 hops away, at the same distance"),
        (49, 254, None, "15 against 1 hops away, farther"),
    ],
)
def test_distance_by_ttl(rst: int, before: int, points_to: Sender | None, said: str) -> None:
    """A higher TTL of the same stack, or fewer hops of another, is nearer; equal TTLs are as far; nothing else tells."""
    found = signal(answered(peer(period(), ttl=before), ttl=rst), "TTL")
    assert found.points_to is points_to
    assert said in found.values


def test_ttl_is_compared_only_if_recorded_the_same_way() -> None:
    """On another interface, or without an earlier segment, a TTL says nothing; IPv6 calls it hop limit."""
    other = peer(answered(), via=1)
    assert signal(other, "TTL").points_to is None
    assert "recorded another way (0)" in signal(other, "interface").values
    assert "no earlier segment" in signal(peer(answered(), ttl=None, via=None), "TTL").values
    six = answered(ip_id=None, dont_fragment=None)
    assert signal(six, "hop limit").points_to is NEARER
    assert not {"TTL", "IP ID", "interface"} & named(six)


@pytest.mark.parametrize(
    ("delay", "trip", "points_to", "said"),
    [
        (8 * MS, 20 * MS, NEARER, "8 ms after the request, round trip 20 ms: it cannot have come from the endpoint"),
        (10 * MS, 20 * MS, None, "between near and far"),
        (16 * MS, 20 * MS, None, "as long as to the endpoint"),
        (900 * MS, 20 * MS, None, "as long as to the endpoint"),
        (69 * US, 128 * US, None, "too short to tell"),
        (100 * US, MS - 1, None, "too short to tell"),
        (-MS // 2, 20 * MS, None, "it need not be an answer"),
    ],
)
def test_latency(delay: int, trip: int, points_to: Sender | None, said: str) -> None:
    """Less than half the round trip is nearer; below 1 ms, and for a RST recorded before the request, it tells nothing."""
    found = signal(answered(peer(period(), round_trip=trip), delay), "latency")
    assert found.points_to is points_to
    assert said in found.values


def test_latency_of_what_need_not_be_an_answer() -> None:
    """A socket's abort may cross the request: it comes early without being near. If it acknowledges it, it is an answer."""
    early = answered(None, 2 * MS, **ABORT, ttl=63)
    assert judged(early) is ABORTED
    assert early.answer is not None
    covering = replace(early, answer=replace(early.answer, acknowledges=True))
    assert signal(covering, "latency").points_to is NEARER
    assert judged(covering) is UNDETERMINED


def test_latency_without_the_handshake() -> None:
    """A round trip taken from requests alone may hold a server's think time: an early RST is then nobody's."""
    p = answered(peer(period(), round_trip=300 * MS), 20 * MS)
    slow = replace(p, connection=replace(p.connection, handshake=False))
    assert signal(p, "latency").points_to is NEARER
    assert "think time" in signal(slow, "latency").values


def test_latency_of_a_repeated_request() -> None:
    """It counts from the last transmission, unless the endpoint may still be answering the first."""
    p = answered(period(), 805 * MS)
    late = replace(p, wake=replace(p.wake, retransmissions=2, last_sent=ref(14, T0 + 800 * MS)))
    assert signal(late, "latency").values.startswith("5 ms after the last transmission")
    assert signal(late, "latency").points_to is NEARER
    p = answered(period(), 42 * MS)
    probe = replace(p, wake=replace(p.wake, retransmissions=1, last_sent=ref(14, T0 + 40 * MS)))
    assert "an earlier transmission" in signal(probe, "latency").values


@pytest.mark.parametrize(("name", "number"), [("incoming", 0), ("to another host", 3), ("outgoing", 4), ("unknown", 9)])
def test_direction_of_cooked_captures(name: str, number: int) -> None:
    """Both cooked headers say which way a packet went; it points to nobody by itself."""
    first = answered(link_type=113, head=number.to_bytes(2, "big") + b"\0" * 60)
    second = answered(link_type=276, head=b"\0" * 10 + bytes([number]) + b"\0" * 60)
    for p in (first, second):
        assert signal(p, "direction").values.startswith(f"{name} (packet type {number})")
    assert "direction" not in named(answered(link_type=276, head=b"\0" * 10))


def test_source_mac() -> None:
    """It is set against where the request was sent. Another address is no proof: this is a real pair, from a network with HSRP."""
    router, virtual, client = (bytes.fromhex(mac) for mac in ("000ed60b9880", "00000c07ac01", "001372c4f1e1"))
    p = answered(ttl=247, head=client + router + b"\x08\0")
    p = replace(p, wake=replace(p.wake, first=replace(p.wake.first, head=virtual + client + b"\x08\0")))
    found = signal(p, "source MAC")
    assert found.values.startswith("00:0e:d6:0b:98:80, the request was sent to 00:00:0c:07:ac:01")
    assert found.points_to is None
    assert "source MAC" not in named(answered(head=b""))  # no bytes are kept of what was not idle
