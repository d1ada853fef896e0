"""Hypothesis strategies for whole captures: plausible traffic, and traffic no stack would send.

A connection is a list of steps, so that a failure shrinks to a handful of simple packets.
"""

from __future__ import annotations

from hypothesis import strategies as st

from tests.forge.conversation import START
from tests.forge.packets import MASK, Packet, address
from tests.forge.steps import ISNS, LONG, MS, PAUSES, STEPS, End, Forger, Step, step

SANE = tuple(name for name in STEPS if name not in ("strange", "swapped"))
PLAUSIBLE = ("exchange", "exchange", "exchange", "say", "ack", "probe", "again", "burst", "rst", "fin")

pauses = st.one_of(st.sampled_from(PAUSES), st.sampled_from(LONG))


def steps(kinds: tuple[str, ...], most: int = 12) -> st.SearchStrategy[list[Step]]:
    """Lists of steps of these kinds."""
    one = st.builds(Step, st.sampled_from(kinds), st.booleans(), pauses, st.integers(0, 7))
    return st.lists(one, min_size=1, max_size=most)


@st.composite
def connections(draw: st.DrawFn, number: int = 0, kinds: tuple[str, ...] = tuple(STEPS)) -> list[Packet]:
    """One 4-tuple's packets: opened or found in the middle, both directions or one."""
    six = draw(st.booleans())
    net, port = ("fd00::" if six else "10.0.0."), draw(st.sampled_from((443, 8443)))
    shift = draw(st.sampled_from(ISNS))
    client = End((address(f"{net}1"), 50000 + number), shift, 64)
    server = End((address(f"{net}2"), port), (shift * 7 + 1000) & MASK, 61)
    client.next, server.next = (client.isn + 1) & MASK, (server.isn + 1) & MASK
    start = START + number * 137 * MS + draw(st.sampled_from((0, 0, 900 * MS, 40_000 * MS)))
    forger = Forger((client, server), start, draw(st.booleans()))
    if draw(st.booleans()):
        forger.handshake(client, server, draw(st.integers(0, 7)))
    seen = draw(st.sampled_from((None, None, None, None, 0, 1)))
    opening = ("open", "half-dead")  # by the client, and only where both directions tell the incarnations apart
    for taken in draw(steps(kinds)):
        if taken.what not in opening:
            step(forger, taken)
        elif seen is None:
            step(forger, taken._replace(client=True))
    if seen is not None:
        source = forger.ends[seen].endpoint
        at, size = (8, 16) if six else (12, 4)
        return [p for p in forger.packets if p.data[at : at + size] == source[0]]
    return forger.packets


@st.composite
def captures(draw: st.DrawFn, most: int = 3, kinds: tuple[str, ...] = tuple(STEPS)) -> list[Packet]:
    """Several connections interleaved, after one packet that is no TCP; the clock may jump."""
    talks = [draw(connections(number, kinds)) for number in range(draw(st.integers(1, most)))]
    packets = [beacon(START - draw(st.sampled_from((0, 5000, 300_000))) * MS)]
    packets += sorted((p for talk in talks for p in talk), key=lambda p: p.time)
    jump = draw(st.sampled_from((0, 0, 0, 0, -2, -1500, -30_000, 5))) * MS
    if jump:
        at = draw(st.integers(1, len(packets)))
        packets = [p._replace(time=p.time + jump) if i >= at else p for i, p in enumerate(packets)]
    return packets


def beacon(time: int) -> Packet:
    """Return a UDP packet: it makes the capture begin, and is no segment."""
    data = bytes.fromhex("4500001c000100004011 0000 0a000063 0a0000ff 0044004300080000".replace(" ", ""))
    return Packet(time, data)
