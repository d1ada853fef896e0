"""Sockets of findings: in the last snapshot before something was sent on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pcapdiag.correlate.incidents import Incident, Pair
from pcapdiag.correlate.joined import Key, SocketSeen
from pcapdiag.correlate.keepalive import Keepalive, keepalive_of, waits
from pcapdiag.correlate.types import Snapshot, Socket, SocketTable

#: When the connection of each finding began.
Begun = dict[Key, int | None]


def join_sockets(tables: Sequence[SocketTable], found: Iterable[Incident], begun: Begun) -> tuple[SocketSeen, ...]:
    """Those of each incident, the client's before the server's. ``begun`` is when its connection began, None where that was not
    captured: a socket of the same addresses before that is another."""
    seen: defaultdict[Pair, list[tuple[int, Snapshot, Socket]]] = defaultdict(list)
    for number, table in enumerate(tables):
        for snapshot in table.snapshots:
            for socket in snapshot.sockets:
                if socket.peer.port and socket.state not in ("LISTEN", "TIME-WAIT"):
                    seen[socket.local, socket.peer].append((number, snapshot, socket))
    return tuple(one for incident in found for one in _of(incident, seen, begun.get(incident.key)))


def _of(incident: Incident, seen: dict[Pair, list[tuple[int, Snapshot, Socket]]], begun: int | None) -> Iterator[SocketSeen]:
    told: set[bool] = set()
    for client, server in (*incident.legs, *incident.others):
        for is_client, pair in ((True, (client, server)), (False, (server, client))):
            sightings = [s for s in seen.get(pair, ()) if _in_time(s[1], incident.wake, begun)]
            if not sightings or is_client in told:
                continue
            told.add(is_client)
            # the last that tells; else the last. What has no date comes before what has one
            best = max(sightings, key=lambda s: (keepalive_of(s[1], s[2]) is not Keepalive.UNKNOWN, s[1].time or -1))
            yield _seen(
                incident.key, is_client, best, [s[2] for s in sightings if s[1].time == best[1].time or _near(s[1], best[1])]
            )


def _in_time(snapshot: Snapshot, wake: int, begun: int | None) -> bool:
    return snapshot.time is None or (snapshot.time <= wake and (begun is None or snapshot.time >= begun))


def _near(one: Snapshot, other: Snapshot) -> bool:
    """Were both taken together, as ss is run with other options right after?"""
    return one.time is not None and other.time is not None and abs(one.time - other.time) < 100_000_000


def _seen(key: Key, is_client: bool, best: tuple[int, Snapshot, Socket], same: Sequence[Socket]) -> SocketSeen:
    number, snapshot, socket = best
    timer = socket.timer if socket.timer is not None and socket.timer.name == "keepalive" else None
    quiet = [min(found) for s in (socket, *same) if (found := waits(s))]
    process = next((s.processes[0].name for s in (socket, *same) if s.processes), None)
    lost = next((told for s in (socket, *same) if (told := _retransmissions(s)) is not None), None)
    return SocketSeen(
        key, number, socket.line, snapshot.time, is_client, socket.local, socket.peer, socket.state,
        keepalive_of(snapshot, socket), timer.left if timer else None,
        timer.left + quiet[0] if timer and not timer.retries and quiet else None, process, lost,
    )  # fmt: skip


def _retransmissions(socket: Socket) -> int | None:
    """All that it ever repeated, from ``retrans:CURRENT/TOTAL``."""
    total = socket.info.get("retrans", "").rpartition("/")[2]
    return int(total) if total.isascii() and total.isdigit() and len(total) < 10 else None
