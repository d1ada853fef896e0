"""What connections say together: of each service, and of each client of it; and which are silent at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from tests.reference.probes import two_digits
from tests.reference.sides import MS, gap
from tests.reference.state import Connection
from tests.reference.wakes import Period, Silence

Facts = dict[str, Any]
Endpoint = tuple[str, int]
FAREWELL, FAREWELL_MOST = 10 * MS, 64
MOST = 2  # so many silent connections are compared one by one


def text(endpoint: tuple[bytes, int]) -> Endpoint:
    """Return an endpoint as text (RFC 5952) and port."""
    return str(ip_address(endpoint[0])), endpoint[1]


def longest_silence(silences: Iterable[Silence], *, places: bool = False) -> tuple[Any, ...] | None:
    """Return the longest, whether that is a lower bound, and (`places`) between which records."""
    best = max(silences, key=lambda s: (s.first_length, s.before.ref is not None), default=None)
    if best is None:
        return None
    found = best.first_length, best.before.ref is None
    return (*found, best.before.ref, best.ended.ref) if places else found


def is_open(c: Connection) -> bool:
    """Whether it ended neither by FIN nor by RST, and is more than a SYN: the newest under its key is meant."""
    return not c.reset and not any(side.fin for side in c.sides) and any(letter in "AD" for letter, _ in c.letters)


def still_idle(c: Connection, now: int) -> bool:
    """Whether nobody has spoken for min_idle, and nobody waits for an acknowledgement."""
    a, b = c.sides
    if c.reset or c.over or a.fin or b.fin or (c.wake and c.wake.pending) or c.last is None:
        return False
    if c.spoke and not c.side(c.spoke.endpoint)[1].packets:
        return False  # whether what it sent was answered is not known
    return gap(now, c.idle_from.time) >= c.min_idle and all(c.acknowledged(s, now) for s in c.sides)


def _closes(c: Connection, p: Period) -> bool:
    """Whether an idle period was ended by a FIN: alone, or behind a last word of whom nobody waited for."""
    if p.bound == "upper":
        return False
    if p.kind == "fin":
        return p.outcome == "closed" and not p.hole_in_numbers
    last_word = p.own_fin is not None and p.length <= FAREWELL_MOST and gap(p.finished, p.first.time) <= FAREWELL
    return p.outcome == "survived" and last_word and p.spoke in (None, c.server())


def _closings(closed: list[Period]) -> tuple[Any, ...]:
    lengths = [(p.gap, p.bound == "lower") for p in closed]
    known = [x for x in lengths if not x[1]]
    return len(closed), min(known, default=None), max(lengths, key=lambda x: (x[0], not x[1]), default=None)


def buckets(lengths: Iterable[int]) -> dict[int, int]:
    """Count lengths by the lower edges of their buckets, in quarters of octaves: all below 1.05 ms are in one."""
    return dict(Counter(max(4 << 18, n >> (n.bit_length() - 3) << (n.bit_length() - 3)) if n >= 4 else 4 << 18 for n in lengths))


def services(connections: list[Connection], open_still: list[Connection], now: int) -> list[Facts]:
    """Return what is counted for each service with an idle period, a survived silence or a reset."""
    mine: dict[Endpoint, list[Connection]] = defaultdict(list)
    for c in connections:
        mine[text(c.server().endpoint)].append(c)
    found = []
    for endpoint, own in sorted(mine.items()):
        if not any(c.periods or c.survived or c.without_idle for c in own):
            continue
        ended = [(c, p) for c in own for p in c.periods]
        probed = [p for _, p in ended if p.outcome == "survived" and any(p.probes.values()) and p.bound != "upper"]
        alive = [c for c in open_still if c in own]
        found.append({
            "first": endpoint, "survived": sum(len(c.survived) for c in own),
            "longest_survived": longest_silence(s for c in own for s in c.survived),
            "longest_probed": max(((p.gap, p.bound == "lower") for p in probed), key=lambda x: (x[0], not x[1]), default=None),
            "closed_lengths": tuple(buckets(p.gap for c, p in ended if _closes(c, p) and (p.x is c.server()) == of and p.bound == "exact")
                                    for of in (False, True)),
            "closings": tuple(_closings([p for c, p in ended if _closes(c, p) and (p.x is c.server()) == of])
                              for of in (False, True)),
            "keepalives": _keepalives(own), "silent_at_end": sum(gap(now, c.last.time) for c in alive if c.last),
            "waiting": _waiting(alive, now), "waiting_for_payload": _waiting(alive, now, payload=True),
        })  # fmt: skip
    return found


def _keepalives(own: list[Connection]) -> list[tuple[Any, ...]]:
    connections, probes, answered = Counter[Any](), Counter[Any](), Counter[Any]()
    for c in own:
        for side in c.sides:
            if side.probes:
                key = ("server" if side is c.server() else "client", two_digits(side.after), two_digits(side.every))
                connections[key] += 1
                probes[key] += side.probes
                answered[key] += side.answered
    return sorted(((*key, n, probes[key], answered[key]) for key, n in connections.items()), key=str)


def _waiting(alive: list[Connection], now: int, *, payload: bool = False) -> tuple[Any, ...]:
    silent = [(gap(now, c.idle_from.time if payload else c.last.time), c.first.ref) for c in alive
              if c.last and all(s.packets for s in c.sides) and still_idle(c, now)]  # fmt: skip
    silent = sorted((x for x in silent if x[0] >= 2 * alive[0].min_idle), key=lambda x: (-x[0], x[1]))
    return len(silent), silent[:MOST]


def pairs(connections: list[Connection]) -> list[Facts]:
    """Return what survived for each client address of each service."""
    seen: dict[tuple[Endpoint, str], list[Silence]] = defaultdict(list)
    for c in connections:
        server = c.server()
        client, _ = c.side(server.endpoint)[1].endpoint
        if c.survived:
            seen[text(server.endpoint), str(ip_address(client))] += c.survived
    return [{"first": key, "survived": len(silences), "longest_survived": longest_silence(silences)}
            for key, silences in sorted(seen.items())]  # fmt: skip
