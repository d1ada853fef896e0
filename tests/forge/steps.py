"""What can happen on a connection, step by step: each step is a few small numbers, turned into packets.

All edges of docs/semantics.md are among the pauses: exactly 1, 50, 250 and 500 ms, 1 and 3 s, and either side of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.forge.conversation import ROUTER
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
    reset: bool = False  # by the last step
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
            self.emit(x, y, ACK, ack=ack)
            return
        x.finished = bool(flags & FIN)
        self.emit(x, y, flags, b"x" * size, remember=True, ack=ack)
        x.next = (x.next + size + bool(flags & FIN)) & MASK

    def handshake(self, x: End, y: End, variant: int) -> None:
        """Open a connection; variants leave out or add parts of the handshake."""
        for end in (x, y):
            if (x.last or y.last) and not (self.closed and variant == 0):  # a port used again, not after a RST
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


def step(forger: Forger, taken: Step) -> None:
    """Let a step happen."""
    x, y = forger.ends if taken.client else forger.ends[::-1]
    forger.time += max(taken.pause, 2 * MS if forger.reset else 0)  # "swapped" is the step for records that changed places
    forger.reset = taken.what in ("rst", "copy", "icmp") or (taken.what == "probe" and taken.variant == 6)
    STEPS[taken.what](forger, x, y, taken.variant)


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
    if x.finished:
        f.emit(x, y, ACK)
        return
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
