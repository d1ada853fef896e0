"""A path with capture points on it: connections across NAT, seen at each point by its own clock, and what truly happened.

A hop lies before each point, and one behind the last: hop ``h`` is between the points ``h - 1`` and ``h``. Client and server are
at the ends. What is made or lost in a hop is so between the points beside it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.forge.files import pcap
from tests.forge.packets import ACK, FIN, MASK, PSH, RST, SYN, Packet, address, tcp, timestamps

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND
MSS = 1448


@dataclass(frozen=True, slots=True)
class Hop:
    """The way to the next point: ns, routers, and whether addresses are translated."""

    delay: int = 1_000_000
    routers: int = 1
    nat: bool = False


@dataclass(slots=True)
class Point:
    """A capture point: by how much its clock is ahead and how fast it gains, what it loses, from when to when it runs, whether it
    records large segments as they are, each packet twice, and some a little out of order."""

    ahead: int = 0
    rate: float = 0.0
    loses: frozenset[int] = frozenset()
    begins: int = -3600 * SECOND
    ends: int = 86400 * SECOND
    merges: bool = False
    twice: bool = False
    swaps: bool = False
    nano: bool = True
    packets: list[tuple[int, Packet]] = field(default_factory=list)


@dataclass(slots=True)
class Sent:
    """One segment under way: when and in which hop it was made, where it is lost (None: nowhere)."""

    time: int
    from_client: bool
    seq: int
    ack: int
    flags: int
    payload: bytes = b""
    made: int | None = None
    lost: int | None = None
    stamps: tuple[int, int] | None = None


class Path:
    """Connections one after the other over the same hops and points."""

    def __init__(self, hops: list[Hop], points: list[Point], *, seed: int = 0, stamps: bool = True, ip_ids: bool = True) -> None:
        assert len(hops) == len(points) + 1
        self.hops, self.points, self.stamps, self.ip_ids = hops, points, stamps, ip_ids
        self.random = random.Random(seed)
        self.number = self.connections = 0

    @property
    def trip(self) -> int:
        """From end to end."""
        return sum(hop.delay for hop in self.hops)

    def connection(self) -> Talk:
        """A new one."""
        self.connections += 1
        return Talk(self, self.connections)

    def ends(self, connection: int, at: int) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
        """Client and server as they are called at a point: each translation changes both."""
        translated = sum(hop.nat for hop in self.hops[1 : at + 1])
        client = (address(f"10.{translated}.0.1"), 40_000 + connection + 1_000 * translated)
        return client, (address(f"10.9.{translated}.2"), 443 + translated)

    def send(self, connection: int, sent: Sent) -> None:
        """Let it pass the points between where it was made and where it ends."""
        self.number += 1
        last = len(self.hops) - 1
        made = (0 if sent.from_client else last) if sent.made is None else sent.made
        ip_id = self.random.randrange(1, 65536) if self.ip_ids and not (sent.flags & RST) else 0
        options = timestamps(*sent.stamps) if sent.stamps else b""
        time, ttl, hop = sent.time, 64, made
        while True:
            whole = made in (0, last) and hop == made  # at an end: the way to the first point is all of its hop
            time += self.hops[hop].delay if whole else self.hops[hop].delay // 2 if hop == made else self.hops[hop].delay
            ttl -= self.hops[hop].routers if hop != made else 0
            at = hop if sent.from_client else hop - 1
            if hop == sent.lost or not 0 <= at < len(self.points):
                return
            self._record(connection, at, sent, time, ttl, ip_id, options)
            hop += 1 if sent.from_client else -1

    def _record(self, connection: int, at: int, sent: Sent, time: int, ttl: int, ip_id: int, options: bytes) -> None:
        point = self.points[at]
        client, server = self.ends(connection, at)
        source, target = (client, server) if sent.from_client else (server, client)
        shown = START + time + point.ahead + int(point.rate * time)
        if not point.begins <= time <= point.ends:
            return
        size = max(1, len(sent.payload) if point.merges else MSS)
        for i in range(0, max(1, len(sent.payload)), size):
            piece = sent.payload[i : i + size]
            more = i + size < len(sent.payload)
            data = tcp(source, target, sent.seq + i, sent.ack, sent.flags & ~(FIN | PSH) if more else sent.flags, payload=piece,
                       options=options, ttl=ttl, ip_id=(ip_id + i // size) & 0xFFFF,
                       window=0 if sent.flags & RST else 500)  # fmt: skip
            point.packets.append((self.number, Packet(shown + i // size, data)))
            if point.twice:
                point.packets.append((self.number, Packet(shown + i // size + 20_000, data)))

    def files(self) -> list[bytes]:
        """What each point wrote."""
        out = []
        for point in self.points:
            kept = [packet for number, packet in point.packets if number not in point.loses]
            packets = sorted(kept, key=lambda p: p.time)
            if point.swaps:
                for i in range(3, len(packets) - 1, 5):
                    a, b = packets[i], packets[i + 1]
                    if b.time - a.time < 500_000:  # two queues: the records are swapped, each with its own time
                        packets[i], packets[i + 1] = b, a
            out.append(pcap(packets, nano=point.nano))
        return out


class Talk:
    """One connection, as its ends speak it. ``now`` is when the last segment arrived."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.number, self.now = path, number, 0
        chance = path.random
        self.next = {True: chance.getrandbits(32), False: chance.getrandbits(32)}
        self.base = {True: chance.getrandbits(32), False: chance.getrandbits(32)}
        self.last = {True: 0, False: 0}  # each side's TSval as the other knows it

    def say(self, from_client: bool, payload: bytes = b"", flags: int = ACK, *, lost: int | None = None) -> int:
        """Send a segment; gives its number among all that were sent."""
        stamps = None
        if self.path.stamps:
            value = (self.base[from_client] + self.now // 1_000_000) & MASK
            stamps = value, self.last[not from_client] if flags & ACK else 0
            self.last[from_client] = value
        ack = self.next[not from_client] if flags & ACK else 0
        sent = Sent(self.now, from_client, self.next[from_client], ack, flags, payload, None, lost, stamps)
        self.path.send(self.number, sent)
        self.next[from_client] = (self.next[from_client] + len(payload) + (flags & (SYN | FIN) > 0)) & MASK
        self.now += self.path.trip
        return self.path.number

    def again(self, payload: bytes, *, lost: int | None) -> None:
        """The client's last payload once more."""
        self.next[True] = (self.next[True] - len(payload)) & MASK
        self.say(True, payload, ACK | PSH, lost=lost)

    def probe(self, *, lost: int | None) -> None:
        """A keepalive probe of the client."""
        self.next[True] = (self.next[True] - 1) & MASK
        self.say(True, lost=lost)
        self.next[True] = (self.next[True] + 1) & MASK

    def reset(self, to_client: bool, hop: int | None, *, lost: int | None = None) -> int:
        """The RST of somebody without the connection, in a hop or at the end."""
        self.path.send(self.number, Sent(self.now, not to_client, self.next[not to_client], 0, RST, made=hop, lost=lost))
        return self.path.number

    def open(self) -> None:
        """Handshake."""
        self.say(True, flags=SYN)
        self.say(False, flags=SYN | ACK)
        self.say(True)

    def exchange(self, request: bytes, response: bytes) -> None:
        """Request, response, and its ACK."""
        self.say(True, request, ACK | PSH)
        self.say(False, response, ACK | PSH)
        self.say(True)

    def wait(self, ns: int) -> None:
        """Nobody speaks."""
        self.now += ns
