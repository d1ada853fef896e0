"""Hypothesis strategies for whole captures: plausible traffic, and traffic no stack would send.

A connection is a list of steps, each a few small numbers, so that a failure shrinks to a handful of simple packets. All
edges of docs/semantics.md are among the pauses: exactly 1, 50, 250 and 500 ms, 1 and 3 s, and either side of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from tests.forge.conversation import ROUTER, START
from tests.forge.packets import ACK, FIN, MASK, PSH, RST, SYN, Packet, address, icmp_error, tcp, timestamps

MS = 1_000_000
PAUSES = tuple(
    int(ms * MS)
    for ms in (0.02, 20, 40, 0, 0.3, 1, 1.001, 5, 49.999, 50, 51, 200, 249, 250, 251, 400, 500, 500.001, 700, 999.999,
               1000, 1001, 1500, 2999, 3000, 3001, 7000, 20000, 61000, 350000)
)  # fmt: skip
LONG = tuple(p for p in PAUSES if p >= 400 * MS)
SIZES = (80, 1, 40, 64, 65, 1400, 0, 8688)
ISNS = (0xFFFFFFFF - 100, 0, 1_000_000, 0x7FFFFFF0, MASK, 0x80000000, 12345, 0xFFFFF000)


class Step(NamedTuple):
    """One thing that happens: what, by whom, after which pause, and a number that chooses its variant."""

    what: str
    client: bool
    pause: int
    variant: int


@dataclass(slots=True)
class End:
    """One side's view, as the forger keeps it."""

    endpoint: tuple[bytes, int]
    isn: int
    ttl: int
    next: int = 0
    ip_id: int = 1
    window: int = 502
    sent: list[tuple[int, int, bytes]] = field(default_factory=list)  # seq, flags, payload
    last: bytes = b""
    last_time: int = 0
    interface: int = 0
    finished: bool = False
    opened: bool = False  # sent something after its SYN


@dataclass(slots=True)
class Forger:
    """Turns steps into packets."""

    ends: tuple[End, End]
    time: int
    stamps: bool
    closed: bool = False
    packets: list[Packet] = field(default_factory=list)

    def emit(self, x: End, y: End, flags: int, payload: bytes = b"", *, seq: int | None = None, ack: int = 0,
             window: int | None = None, remember: bool = False, bare: bool = False) -> None:  # fmt: skip
        """Send one segment; `ack` is relative to what the peer sent."""
        seq = x.next if seq is None else seq & MASK
        number = (y.next + ack) & MASK if flags & ACK else 0
        options = timestamps(self.time // MS, 0) if self.stamps and not bare else b""
        x.ip_id = (x.ip_id + 1) & 0xFFFF
        data = tcp(x.endpoint, y.endpoint, seq, number, flags, payload=payload, options=options, ttl=x.ttl,
                   window=0 if bare else x.window if window is None else window, ip_id=0 if bare else x.ip_id)  # fmt: skip
        x.last, x.last_time, x.opened = data, self.time, not flags & SYN
        self.packets.append(Packet(self.time, data, x.interface))
        if remember:
            x.sent.append((seq, flags, payload))

    def say(self, x: End, y: End, size: int, flags: int = ACK | PSH, ack: int = 0) -> None:
        """Send new payload; nothing follows a FIN but ACKs."""
        if x.finished:
            return self.emit(x, y, ACK, ack=ack)
        x.finished = bool(flags & FIN)
        self.emit(x, y, flags, b"x" * size, remember=True, ack=ack)
        x.next = (x.next + size + bool(flags & FIN)) & MASK

    def handshake(self, x: End, y: End, variant: int) -> None:
        """Open a connection; variants leave out or add parts of the handshake."""
        for end in (x, y):
            if x.last and not (self.closed and variant == 0):  # a port used again: another ISN, or the connection was reset
                end.isn = (end.isn + 77_777_777) & MASK
            end.next = (end.isn + 1) & MASK
            end.finished = False
        self.emit(x, y, SYN, seq=x.isn, remember=True)
        if variant in (2, 3):
            self.time += PAUSES[variant * 9]
            self.emit(x, y, SYN, seq=x.isn)
        if variant == 6:
            return
        self.time += 20 * MS
        self.emit(y, x, SYN | ACK, seq=y.isn)
        if variant != 7:
            self.time += MS
            self.emit(x, y, ACK)


def _step(forger: Forger, step: Step) -> None:
    x, y = forger.ends if step.client else forger.ends[::-1]
    forger.time += step.pause
    STEPS[step.what](forger, x, y, step.variant)


def _exchange(f: Forger, x: End, y: End, v: int) -> None:
    f.say(x, y, SIZES[v] or 200)
    f.time += PAUSES[v * 3]
    if v & 1:
        f.emit(y, x, ACK)
        f.time += LONG[v]
    f.say(y, x, 900)
    if v & 2:
        f.time += (40, 400, 500, 700)[v // 2] * MS
        f.emit(x, y, ACK)


def _say(f: Forger, x: End, y: End, v: int) -> None:
    f.say(x, y, SIZES[v] or 300)


def _burst(f: Forger, x: End, y: End, v: int) -> None:
    for _ in range(2 + v % 3):
        f.say(x, y, 1400)
        f.time += 10_000


def _cross(f: Forger, x: End, y: End, v: int) -> None:
    f.say(x, y, 100)
    f.time += 10_000
    f.say(y, x, SIZES[v] or 50, ack=-100)


def _again(f: Forger, x: End, y: End, v: int) -> None:
    for _ in range(1 + v % 4):
        if x.sent and not (x.opened and x.sent[-1][1] & SYN):
            seq, flags, payload = x.sent[-1 - (v >= 6 and len(x.sent) > 1 and not x.sent[-2][1] & SYN)]
            f.emit(x, y, flags, payload[: max(1, len(payload) - (v == 5))], seq=seq)
            f.time += PAUSES[11 + v]


def _copy(f: Forger, x: End, y: End, v: int) -> None:
    if x.last:
        f.time = x.last_time + (20_000, 300_000, MS, 20 * MS, 49 * MS, 50 * MS, 51 * MS, 0)[v]
        at = 7 if x.last[0] >> 4 == 6 else 8
        data = x.last if v % 3 else x.last[:at] + bytes([x.last[at] - 1]) + x.last[at + 1 :]
        f.packets.append(Packet(f.time, data, x.interface if v % 2 else 1 - x.interface))


def _probe(f: Forger, x: End, y: End, v: int) -> None:
    f.emit(x, y, ACK | (PSH if v == 7 else 0), b"\0" * (v in (2, 7)), seq=x.next - 1)
    if v < 5:
        f.time += 20 * MS
        f.emit(y, x, ACK)
    elif v == 6:
        f.time += MS
        f.emit(y, x, RST, seq=y.next, bare=True)


def _ack(f: Forger, x: End, y: End, v: int) -> None:
    f.emit(x, y, ACK, window=0 if v in (3, 5) else None, ack=-1 if v == 4 else 0)


def _fin(f: Forger, x: End, y: End, v: int) -> None:
    f.say(x, y, 24 if v & 1 else 0, FIN | ACK)
    f.time += MS
    if v & 2:
        f.emit(y, x, ACK)
    if v & 4:
        f.say(y, x, 0, FIN | ACK)


def _rst(f: Forger, x: End, y: End, v: int) -> None:
    f.closed = True
    if v in (2, 3):
        f.emit(x, y, RST | ACK)
    elif v == 4:
        f.emit(x, y, RST, seq=x.next + 4000, bare=True)
    else:
        f.emit(x, y, RST, bare=True)
    if v in (1, 3):
        f.time += PAUSES[12 + v]
        f.emit(x, y, RST, bare=True)


def _swapped(f: Forger, x: End, y: End, v: int) -> None:
    f.emit(y, x, RST, bare=True)
    f.time += (0, 300_000, MS, MS + 1)[v % 4]
    if v < 4:
        f.say(x, y, 80)
    else:
        f.emit(x, y, ACK, seq=x.next - 1)


def _missed(f: Forger, x: End, y: End, v: int) -> None:
    x.next = (x.next + (100, 1, 3000, 2)[v % 4]) & MASK


def _unseen_fin(f: Forger, x: End, y: End, v: int) -> None:
    x.next = (x.next + 1) & MASK
    if v & 1:
        f.emit(y, x, ACK)


def _open(f: Forger, x: End, y: End, v: int) -> None:
    f.handshake(x, y, v)
    f.closed = False


def _icmp(f: Forger, x: End, y: End, v: int) -> None:
    if x.last:
        six = x.last[0] >> 4 == 6
        kind, code = (1, v % 5) if six else (3, (1, 0, 4, 13, 3, 10, 9, 2)[v])
        router = address(ROUTER[16 if six else 4])
        f.packets.append(Packet(f.time, icmp_error(router, kind, code, x.last, 548 if v % 2 else 28), x.interface))


def _half_dead(f: Forger, x: End, y: End, v: int) -> None:
    """A SYN meets an old connection: challenge ACK, RST, SYN again."""
    old = (y.next, x.next)
    x.isn = (x.isn + 55_555_555) & MASK
    f.emit(x, y, SYN, seq=x.isn, remember=True)
    f.time += MS
    f.emit(y, x, ACK)
    f.time += MS
    f.emit(x, y, RST, seq=old[1], bare=True)
    x.next = (x.isn + 1) & MASK
    if v & 1:
        f.time += 9 * MS
        f.emit(x, y, SYN, seq=x.isn)
        y.isn = (y.isn + 1_234_567) & MASK
        y.next = (y.isn + 1) & MASK
        f.emit(y, x, SYN | ACK, seq=y.isn)


def _switch(f: Forger, x: End, y: End, v: int) -> None:
    x.interface = 1 - x.interface


def _strange(f: Forger, x: End, y: End, v: int) -> None:
    flags = (0, ACK | PSH, FIN, SYN | ACK, RST | PSH, FIN | RST | ACK, ACK | 0x40, PSH)[v]
    f.emit(x, y, flags, b"z" * (v in (1, 4, 7) and 10), seq=x.next + (0, -5, 0, -3, 2, 0, -1, 0)[v], ack=-v)


STEPS: dict[str, Callable[[Forger, End, End, int], None]] = {
    "exchange": _exchange, "say": _say, "ack": _ack, "probe": _probe, "rst": _rst, "fin": _fin, "again": _again,
    "copy": _copy, "burst": _burst, "cross": _cross, "swapped": _swapped, "missed": _missed, "open": _open,
    "unseen fin": _unseen_fin, "icmp": _icmp, "half-dead": _half_dead, "switch": _switch, "strange": _strange,
}  # fmt: skip
SANE = tuple(name for name in STEPS if name not in ("strange", "swapped"))
PLAUSIBLE = ("exchange", "exchange", "exchange", "say", "ack", "probe", "again", "burst", "rst", "fin")

pauses = st.one_of(st.sampled_from(PAUSES), st.sampled_from(LONG))


def steps(kinds: tuple[str, ...], most: int = 12) -> st.SearchStrategy[list[Step]]:
    """Lists of steps of these kinds."""
    step = st.builds(Step, st.sampled_from(kinds), st.booleans(), pauses, st.integers(0, 7))
    return st.lists(step, min_size=1, max_size=most)


@st.composite
def connections(draw: st.DrawFn, number: int = 0, kinds: tuple[str, ...] = tuple(STEPS)) -> list[Packet]:
    """One 4-tuple's packets: opened or found in the middle, both directions or one."""
    six = draw(st.booleans())
    net, port = ("fd00::" if six else "10.0.0."), draw(st.sampled_from((443, 40000)))
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
    for step in draw(steps(kinds)):
        if step.what not in opening:
            _step(forger, step)
        elif seen is None:
            _step(forger, step._replace(client=True))
    if seen is not None:
        source = forger.ends[seen].endpoint
        at, size = (8, 16) if six else (12, 4)
        kept = [p for p in forger.packets if p.data[at : at + size] == source[0]]
        return kept
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
