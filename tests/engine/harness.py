"""The core run on whole files, and what it said in the form of the reference's result."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from hypothesis import HealthCheck, settings

from pcapdiag.engine import EDGES, Engine
from pcapdiag.engine.types import Closings, Connection, Extreme, IdlePeriod, Pair, RecordRef, Service, Waiting
from tests.reference.run import Facts, Result
from tests.reference.services import MOST

# Examples are cheap here, and the traps are many.
MORE = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
Chunks = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    """Feed a file at once."""
    yield data


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
    connections = sorted(result.connections, key=lambda c: c["first"])
    return order, connections, result.totals, result.files, result.services, result.pairs


def core(
    files: Iterable[bytes],
    min_idle: int,
    contiguous: Sequence[bool] = (),
    *,
    chunks: Chunks = whole,
    trace: bool = False,
    **options: Any,
) -> Result:
    """Run the compiled core over files as one timeline."""
    result = Result()
    engine = Engine(min_idle=min_idle, keep="all", **({"trace": True} if trace else {}), **options)
    periods: list[IdlePeriod] = []
    for number, data in enumerate(files):
        engine.begin_file(number, contiguous=contiguous[number] if number < len(contiguous) else True)
        for chunk in chunks(data):
            engine.feed(chunk)
        facts = engine.end_file()
        periods += engine.drain()
        result.files.append({
            "records": facts.records, "segments": facts.segments, "skipped": facts.skipped,
            "span": (facts.first_time, facts.last_time), "clock_back": facts.clock_back,
            "damaged": facts.damage is not None,
        })  # fmt: skip
    periods += engine.finish()
    result.periods = [period(p) for p in periods if p.idle]
    result.contexts = [context(p) for p in periods if not p.idle]
    result.connections = [connection(c) for c in engine.connections()]
    totals, services = engine.totals(), engine.services()
    result.totals = {
        "connections": totals.connections, "copies": totals.copies, "retransmissions": totals.retransmissions,
        "probes": totals.probes, "syn_seen": totals.syn_seen, "one_sided": totals.one_sided,
        "outcomes": {str(k): v for k, v in totals.outcomes.items() if v}, "still_idle": totals.still_idle,
        "survived": sum(s.survived for s in services),
        "longest_survived": totals.longest_survived
        and (totals.longest_survived.length, totals.longest_survived.lower_bound),
    }  # fmt: skip
    if "max_connections" in options:
        result.totals["evicted"] = totals.evicted_closed + totals.evicted_open
    pairs, beyond = engine.pairs()
    least = {s.endpoint: 2 * min_idle for s in services}
    waiting, idle = engine.waiting(least, MOST), engine.waiting(least, MOST, payload=least)
    found = (service(s, waiting[s.endpoint], idle[s.endpoint]) for s in services)
    result.services = sorted(found, key=lambda s: s["first"])
    result.pairs = sorted((pair(p) for p in pairs), key=lambda p: p["first"])
    law_of_services(services)
    law_of_pairs(services, pairs, beyond)
    if trace:
        result.trace = [(t.ref.frame, t.stream, t.source, t.target, t.length, str(t.seen)) for t in engine.trace() if not t.icmp]
    return result


def law_of_services(services: Sequence[Service]) -> None:
    """A service's histogram holds each of its survived silences once."""
    for service in services:
        assert sum(service.histogram) == service.survived
        assert (service.longest_survived is None) == (service.survived == 0)
        for closed, counts in zip(service.closings, service.closed_histogram, strict=True):
            assert sum(counts) <= closed.periods
            assert (closed.shortest is None) == (sum(counts) == 0)


def law_of_pairs(services: Sequence[Service], pairs: Sequence[Pair], beyond: int) -> None:
    """Every survived silence of a service is one of a client of it."""
    counted: Counter[Any] = Counter({s.endpoint: s.survived for s in services if s.survived})
    assert beyond == 0
    assert sum((Counter({p.server: p.survived}) for p in pairs), Counter()) == counted
    for s in services:
        longest = [p.longest_survived for p in pairs if p.server == s.endpoint and p.longest_survived]
        assert extreme(max(longest, key=lambda e: (e.length, not e.lower_bound), default=None)) == extreme(s.longest_survived)


def extreme(e: Extreme | None) -> tuple[int, bool] | None:
    """Return its length and whether that is only a lower bound."""
    return e and (e.length, e.lower_bound)


def _ms(ns: int | None) -> int | None:
    assert ns is None or ns % 1_000_000 == 0
    return None if ns is None else ns // 1_000_000


def service(s: Service, waiting: Waiting, idle: Waiting) -> Facts:
    """Return what is counted of one service."""

    def closings(c: Closings) -> tuple[Any, ...]:
        return c.periods, extreme(c.shortest), extreme(c.longest)

    def waits(w: Waiting) -> tuple[Any, ...]:
        return w.connections, [(silent, place(c.first)) for c, silent in w.longest]

    return {
        "first": tuple(s.endpoint), "survived": s.survived, "longest_survived": extreme(s.longest_survived),
        "longest_probed": extreme(s.longest_probed), "closings": tuple(closings(c) for c in s.closings),
        "keepalives": sorted(((k.side, _ms(k.after), _ms(k.every), *k[3:]) for k in s.keepalives), key=str),
        "silent_at_end": s.silent_at_end,
        "closed_lengths": tuple({e: n for e, n in zip(EDGES, counts, strict=True) if n} for counts in s.closed_histogram),
        "waiting": waits(waiting), "waiting_for_payload": waits(idle),
    }  # fmt: skip


def pair(p: Pair) -> Facts:
    """Return what one client saw of one service."""
    return {"first": (tuple(p.server), p.client), "survived": p.survived, "longest_survived": extreme(p.longest_survived)}


def place(ref: RecordRef | None) -> tuple[int, int] | None:
    """Return file and frame of a record."""
    return None if ref is None else (ref.file, ref.frame)


def _by_endpoint(c: Connection, pair: tuple[Any, Any]) -> Facts:
    return {tuple(c.client): pair[0], tuple(c.server): pair[1]}  # type: ignore[dict-item]  # endpoints are tuples


def connection(c: Connection) -> Facts:
    """Return one connection's facts by endpoint."""
    return {
        "first": place(c.first), "last": place(c.last), "stream": c.stream, "packets": _by_endpoint(c, c.packets),
        "payload": _by_endpoint(c, c.payload), "retransmissions": _by_endpoint(c, c.retransmissions),
        "probes": _by_endpoint(c, c.probes), "copies": c.copies, "idle_periods": c.idle_periods,
        "fin": _by_endpoint(c, c.fin), "rst": _by_endpoint(c, c.rst),
        "survived": c.survived, "longest_survived": c.longest_survived and (
            *c.longest_survived[:2], place(c.longest_survived.before), place(c.longest_survived.ended)),
        "probing": _by_endpoint(c, (*((p.answered, _ms(p.after), _ms(p.every)) for p in c.probing),)),
        "history": [(letter.upper(), tuple(c.client if letter.isupper() else c.server)) for letter in c.history],
    }  # fmt: skip


def context(p: IdlePeriod) -> tuple[str, tuple[str, int], tuple[int, int]]:
    """Return what was reset without idle before, of whom, and by which RST."""
    assert p.answer is not None
    assert p.outcome == "reset"
    who = p.connection.client if p.sender == "client" else p.connection.server
    return str(p.wake.kind), (who.address, who.port), (p.answer.first.ref.file, p.answer.first.ref.frame)


def period(p: IdlePeriod) -> Facts:
    """Return one idle period's facts by endpoint."""
    c, w, a = p.connection, p.wake, p.answer
    who = {"client": tuple(c.client), "server": tuple(c.server), None: None}
    return {
        "connection": place(c.first), "first": place(w.first.ref), "kind": str(w.kind), "outcome": str(p.outcome),
        "sender": who[p.sender], "last_speaker": who[p.last_speaker], "start": place(p.start), "gap": p.gap,
        "bound": str(p.bound), "silence": p.silence, "silence_first": p.silence_first,
        "silence_answered": p.silence_answered, "last_before": place(p.last_before),
        "probes": {k: v for k, v in _by_endpoint(c, p.probes).items() if v}, "fin": str(p.fin),
        "peer_fin": place(p.peer_fin), "missed": p.missed, "hole": p.hole, "stream": p.stream, "length": w.length,
        "segments": w.segments, "retransmissions": w.retransmissions, "last_sent": place(w.last_sent),
        "own_fin": place(w.own_fin), "heartbeat": w.heartbeat,
        "answer": a and (str(a.kind), place(a.first.ref), a.delay, a.count, a.acknowledges, a.acknowledged,
                         None if a.icmp_type is None else (a.icmp_type, a.icmp_code), place(a.went_on)),
        "peer": (p.peer.ttl, p.peer.ip_id, p.peer.window, p.peer.timestamps, p.peer.dont_fragment)
        if p.peer.ttl is not None else None,
        "last_by": who[p.last_by], "fin_acknowledged": p.fin_acknowledged, "heard": place(p.heard),
        "cut_short": p.cut_short, "clock_back": p.clock_back,
    }  # fmt: skip


# What is compared, by what the period ended with: facts that no sentence of docs/semantics.md settles are left out.
ALWAYS = ("connection", "first", "kind", "outcome", "sender", "last_speaker", "start", "gap", "bound", "missed",
          "hole", "heartbeat")  # fmt: skip
OF_FAILURES = ("silence", "silence_first", "silence_answered", "last_before", "probes", "fin", "peer_fin", "stream",
               "length", "segments", "retransmissions", "last_sent", "own_fin", "answer", "peer", "last_by",
               "fin_acknowledged", "heard", "cut_short", "clock_back")  # fmt: skip
FAILED = ("reset", "unanswered", "unreachable", "reset-in-silence")


def comparable(result: Result) -> Facts:
    """Return what must be equal between two runs."""
    periods = []
    for p in sorted(result.periods, key=lambda p: (p["first"], p["outcome"], p["kind"])):
        names = ALWAYS + (OF_FAILURES if p["outcome"] in FAILED else ())
        if p["kind"] in ("fin", "rst", "syn"):
            names = tuple(n for n in names if n not in ("fin", "peer_fin", "length", "segments", "last_sent", "fin_acknowledged"))
        if p["answer"] and p["answer"][5] is not None:  # the silence was survived, and the RST is about something else
            names = tuple(n for n in names if n not in ("silence_first", "silence_answered", "peer"))
        periods.append({name: p[name] for name in names})
    files = [{k: v for k, v in f.items() if k not in ("skipped", "span")} for f in result.files]
    connections = sorted((dict(c) for c in result.connections), key=lambda c: c["first"])
    for c in connections:
        if any(c["rst"].values()):
            del c["last"], c["copies"], c["payload"]  # what still counts after a RST is nobody's business
            c["rst"] = True
            c["history"] = list(takewhile(lambda told: told[0] != "R", c["history"]))
    resets = any("last" not in c for c in connections)
    totals = {k: v for k, v in result.totals.items() if k != "copies" or not resets}
    contexts = [{"first": ref, "kind": kind, "whose": whose} for kind, whose, ref in sorted(result.contexts, key=lambda c: c[2])]
    return {"periods": periods, "contexts": contexts, "connections": connections, "totals": totals, "files": files,
            "services": result.services, "pairs": result.pairs}  # fmt: skip


def law_of_records(result: Result) -> None:
    """Every record is a segment, or skipped once: records == segments + sum(skipped)."""
    for file in result.files:
        assert file["records"] == file["segments"] + sum(Counter(file["skipped"]).values())
    assert sum(f["segments"] for f in result.files) == sum(sum(c["packets"].values()) for c in result.connections)


def differences(expected: Result, found: Result) -> list[tuple[Any, ...]]:
    """Where two runs disagree: (what, which, fact, expected, found), few words instead of two long dictionaries."""
    a, b = comparable(expected), comparable(found)
    out: list[tuple[Any, ...]] = []
    for name in a:
        left, right = a[name], b[name]
        if isinstance(left, dict):
            out += [(name, "", fact, left[fact], right[fact]) for fact in left if left[fact] != right[fact]]
        elif len(left) != len(right):
            keys = ("first", "kind", "outcome", "gap")
            out.append((name, "", "count", *([tuple(x.get(k) for k in keys) for x in side] for side in (left, right))))
        else:
            for x, y in zip(left, right, strict=True):
                out += [(name, x.get("first"), f, x.get(f), y.get(f)) for f in x | y if x.get(f) != y.get(f)]
    return out
