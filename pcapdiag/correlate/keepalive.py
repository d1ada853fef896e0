"""From socket tables to the question: which established connections have no keepalive timer, of which process, to whom?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from pcapdiag.correlate.types import Snapshot, Socket, SocketTable, Source
from pcapdiag.engine.types import Endpoint

#: Where Linux and IANA alike no longer give ports to clients: net.ipv4.ip_local_port_range begins at 32768.
_EPHEMERAL = 32768
_MS = 1_000_000
#: Timers beside which no keepalive timer can be seen: ss shows one timer of a socket, and these go first (inet_diag.c).
_HIDING = frozenset(("on", "persist", "unknown"))


class Keepalive(StrEnum):
    """Whether a connection has a keepalive timer. UNKNOWN: the snapshots show no timers, or another one in its place."""

    NONE = "none"
    ON = "on"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """One established connection over all snapshots. ``service`` is the end that clients connect to, ``outgoing`` whether that is
    the peer. ``first`` and ``last`` are the times of the snapshots that have it, None where these have no date; ``seen`` counts
    them. ``age`` is how old it is at least, ``idle`` for how long nothing was sent or received at the last, both in ns, None
    where that is not told. ``left`` is the longest time that was left on its keepalive timer, ``unanswered`` are its probes
    without an answer."""

    local: Endpoint
    peer: Endpoint
    service: Endpoint
    outgoing: bool
    process: str | None
    keepalive: Keepalive
    first: int | None
    last: int | None
    seen: int
    age: int | None
    idle: int | None
    left: int | None
    unanswered: int


@dataclass(frozen=True, slots=True)
class Group:
    """The connections of one process to (``outgoing``) or at one service, those without keepalive first, the oldest first."""

    process: str | None
    service: Endpoint
    outgoing: bool
    connections: tuple[Connection, ...]

    def count(self, keepalive: Keepalive) -> int:
        """How many of them are so."""
        return sum(c.keepalive is keepalive for c in self.connections)


@dataclass(frozen=True, slots=True)
class Survey:
    """What socket tables say of keepalive. ``loopback`` are connections within the host, which nothing on a path can forget; they
    are in no group. ``others`` counts the sockets of each other state in the last snapshot of each file; ``excluded`` are
    connections that were not asked for. ``snapshots`` and ``span`` are how many there were and when. ``timers`` and ``processes``
    are whether any snapshot shows them."""

    sources: tuple[Source, ...]
    snapshots: int
    span: tuple[int, int] | None
    timers: bool
    processes: bool
    groups: tuple[Group, ...]
    loopback: tuple[Connection, ...]
    others: dict[str, int]
    excluded: int

    def count(self, keepalive: Keepalive) -> int:
        """How many connections of all groups are so."""
        return sum(group.count(keepalive) for group in self.groups)

    @property
    def connections(self) -> int:
        """All of them, loopback aside."""
        return sum(len(group.connections) for group in self.groups)


def survey(
    tables: Sequence[SocketTable],
    *,
    min_age: int = 0,
    services: Container[Endpoint] | None = None,
    processes: Container[str] | None = None,
) -> Survey:
    """All connections of ``tables`` that are known to be at least ``min_age`` ns old, to or at ``services``, of ``processes``."""
    found = [c for table in tables for c in _connections(table)]
    wanted = [
        c
        for c in found
        if (not min_age or (c.age or 0) >= min_age)
        and (services is None or c.service in services)
        and (processes is None or c.process in processes)
    ]
    groups: defaultdict[tuple[str | None, Endpoint, bool], list[Connection]] = defaultdict(list)
    loopback = []
    for connection in wanted:
        if _within(connection):
            loopback.append(connection)
        else:
            groups[connection.process, connection.service, connection.outgoing].append(connection)
    snapshots = [s for table in tables for s in table.snapshots]
    times = [s.time for s in snapshots if s.time is not None]
    return Survey(
        sources=tuple(table.source for table in tables),
        snapshots=len(snapshots),
        span=(min(times), max(times)) if times else None,
        timers=any(s.timers for s in snapshots),
        processes=any(socket.processes for s in snapshots for socket in s.sockets),
        groups=_ordered(groups),
        loopback=tuple(loopback),
        others=_others(tables),
        excluded=len(found) - len(wanted),
    )


def _ordered(groups: dict[tuple[str | None, Endpoint, bool], list[Connection]]) -> tuple[Group, ...]:
    rank = {Keepalive.NONE: 0, Keepalive.UNKNOWN: 1, Keepalive.ON: 2}

    def order(c: Connection) -> tuple[int, int, Endpoint, Endpoint]:
        return rank[c.keepalive], -(c.age or 0), c.local, c.peer

    made = [Group(*key, tuple(sorted(connections, key=order))) for key, connections in groups.items()]
    return tuple(
        sorted(made, key=lambda g: (-g.count(Keepalive.NONE), -len(g.connections), g.process or "~", g.service, g.outgoing))
    )


def _connections(table: SocketTable) -> Iterable[Connection]:
    """Each connection of one file: over its snapshots, a 4-tuple is one."""
    seen: defaultdict[tuple[Endpoint, Endpoint], list[tuple[Snapshot, Socket]]] = defaultdict(list)
    listening = {s.local.port for snapshot in table.snapshots for s in snapshot.sockets if s.state == "LISTEN"}
    for snapshot in table.snapshots:
        for socket in snapshot.sockets:
            # where the state is left out, the filter had one state: ESTAB is the one that people ask for
            if socket.state in ("ESTAB", None) and socket.peer.port:
                seen[socket.local, socket.peer].append((snapshot, socket))
    # of two ends, the one that is an end of more connections is the service
    shared = Counter(local for local, _ in seen), Counter(peer for _, peer in seen)
    for (local, peer), sightings in seen.items():
        more = shared[0][local] - shared[1][peer]
        incoming = local.port in listening or more > 0 or (more == 0 and local.port < _EPHEMERAL <= peer.port)
        yield _connection(local, peer, incoming, sightings)


def _connection(local: Endpoint, peer: Endpoint, incoming: bool, sightings: list[tuple[Snapshot, Socket]]) -> Connection:
    sockets = [socket for _, socket in sightings]
    times = [s.time for s, _ in sightings if s.time is not None]
    probing = [s.timer for s in sockets if s.timer is not None and s.timer.name == "keepalive"]
    quiet = [wait for socket in sockets for wait in waits(socket)]
    lived = max(times) - min(times) if times else 0
    age = max([lived, *quiet], default=0)
    return Connection(
        local=local,
        peer=peer,
        service=local if incoming else peer,
        outgoing=not incoming,
        process=next((s.processes[0].name for s in sockets if s.processes), None),
        keepalive=_keepalive(sightings),
        first=min(times, default=None),
        last=max(times, default=None),
        seen=len(sightings),
        age=age or None,
        idle=next((min(found) for s in reversed(sockets) if (found := waits(s))), None),
        left=max((timer.left for timer in probing), default=None),
        unanswered=max((timer.retries for timer in probing), default=0),
    )


def _keepalive(sightings: list[tuple[Snapshot, Socket]]) -> Keepalive:
    if any(s.timer is not None and s.timer.name == "keepalive" for _, s in sightings):
        return Keepalive.ON
    # without the timer once is without keepalive: the timer runs as long as it is on
    return Keepalive.NONE if any(keepalive_of(*each) is Keepalive.NONE for each in sightings) else Keepalive.UNKNOWN


def keepalive_of(snapshot: Snapshot, socket: Socket) -> Keepalive:
    """What one snapshot shows of one socket."""
    timer = socket.timer
    if timer is not None and timer.name == "keepalive":
        return Keepalive.ON
    return Keepalive.NONE if snapshot.timers and (timer is None or timer.name not in _HIDING) else Keepalive.UNKNOWN


def waits(socket: Socket) -> list[int]:
    """How long ago something was sent and received, in ns, where -i tells it."""
    values = (socket.info.get(key, "") for key in ("lastsnd", "lastrcv"))
    return [int(value) * _MS for value in values if value.isascii() and value.isdigit() and len(value) < 15]


def _within(connection: Connection) -> bool:
    return ip_address(connection.local.address).is_loopback or connection.local.address == connection.peer.address


def _others(tables: Sequence[SocketTable]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for table in tables:
        if table.snapshots:
            counts.update(s.state for s in table.snapshots[-1].sockets if s.state is not None and s.state != "ESTAB")
    return dict(sorted(counts.items()))
