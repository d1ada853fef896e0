"""The reference as one function: capture files in, plain facts out.

Everything is compared by endpoint and record, not by role: how client and server are told apart without a handshake is
not a matter of docs/semantics.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.reference import connection, ends, services
from tests.reference.decode import Header, Segment, Skip, decode
from tests.reference.records import Record, walk
from tests.reference.services import text
from tests.reference.sides import MS, Mark, Side
from tests.reference.state import Clock, Connection
from tests.reference.streams import Key, Streams

Facts = dict[str, Any]


@dataclass(slots=True)
class Result:
    """What a run saw, in a form that two implementations can be compared in."""

    periods: list[Facts] = field(default_factory=list)
    connections: list[Facts] = field(default_factory=list)
    contexts: list[tuple[str, tuple[str, int], tuple[int, int]]] = field(default_factory=list)  # kind, whose, by which RST
    totals: Facts = field(default_factory=dict)
    services: list[Facts] = field(default_factory=list)
    pairs: list[Facts] = field(default_factory=list)
    files: list[Facts] = field(default_factory=list)
    trace: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    min_idle: int
    newest: dict[Key, Connection] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    streams: Streams = field(default_factory=Streams)
    number: int = 0
    started: int | None = None
    interfaces: dict[int, int] = field(default_factory=dict)
    trace: list[tuple[Any, ...]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    now: int | None = None

    def segment(self, s: Segment, stream: int | None, began: Mark) -> str:
        key = frozenset((s.source, s.target))
        c = self.newest.get(key)
        if c is not None:
            c.piece = self.number
            if connection.copied(c, s):
                return "copy"
            if connection.is_successor(c, s):
                ends.succeeded(c, s)
                c = None
        if c is None:
            sides = Side(s.source), Side(s.target)
            start = Mark(s.time, s.ref, self.number) if s.flags & 2 else began
            c = Connection(sides, s, began, self.min_idle, start, self.number, first_stream=stream, clock=self.clock)
            self.newest[key] = c
            self.connections.append(c)
        c.stream = stream
        return connection.take(c, s)

    def record(self, record: Record, file: int) -> str | None:
        """Take one record; return why it held no segment."""
        if self.started is None:
            self.started = record.time
        elif self.now is not None and self.now - record.time >= MS:
            self.clock.at, self.clock.step = (file, record.frame), self.now - record.time
        self.now = record.time
        began = Mark(self.interfaces.get(record.interface, self.started), None, self.number)
        self.interfaces.setdefault(record.interface, record.time)
        try:
            s = decode(record)
        except Skip as skip:
            reason, *header = skip.args
            if header and header[0]:
                self.streams.number(header[0])
                self._quote(header[0], (file, record.frame), record.time)
            return str(reason)
        assert isinstance(s, Segment)
        s.time, s.frame, s.file = record.time, record.frame, file
        stream = self.streams.number(s)
        kind = self.segment(s, stream, began)
        self.trace.append((record.frame, stream, text(s.source), text(s.target), s.length, kind))
        return None

    def _quote(self, header: Header, ref: tuple[int, int], time: int) -> None:
        c = self.newest.get(frozenset((header.source, header.target)))
        if c is not None and header.icmp:
            ends.quoted(c, header, ref, time)


def reference(files: Iterable[bytes], min_idle: int, contiguous: Iterable[bool] = ()) -> Result:
    """Read decompressed capture files as one timeline; `contiguous` says for each whether it follows without a hole."""
    run, result, follows = _Run(min_idle), Result(), list(contiguous)
    now = 0
    for file, data in enumerate(files):
        if file < len(follows) and not follows[file]:
            run.number, run.started = run.number + 1, None
            run.interfaces.clear()
        run.streams = Streams()
        walked = walk(data)
        skipped = Counter(reason for r in walked.records if (reason := run.record(r, file)))
        times = [r.time for r in walked.records]
        now = times[-1] if times else now
        result.files.append({
            "records": len(times), "segments": len(times) - skipped.total(), "skipped": dict(skipped),
            "span": (min(times), max(times)) if times else (None, None),
            "clock_back": sum(b < a for a, b in pairwise(times)), "damaged": walked.damaged,
        })  # fmt: skip
    for c in run.connections:
        ends.finished(c, now)
        result.contexts += [(kind, text(side.endpoint), rst.ref) for kind, side, rst in c.without_idle]
        result.periods += [{"connection": c.first.ref, **_plain(p.plain())} for p in c.periods]
        result.connections.append(_connection(c))
    result.totals = _totals(run.connections, now)
    open_still = [c for c in run.newest.values() if services.is_open(c)]
    result.services = services.services(run.connections, open_still, now)
    result.pairs = services.pairs(run.connections)
    result.trace = run.trace
    return result


def _plain(facts: Facts) -> Facts:
    facts["sender"] = text(facts["sender"])
    for name in ("last_speaker", "last_by"):
        facts[name] = facts[name] and text(facts[name])
    facts["probes"] = {text(k): v for k, v in facts["probes"].items()}
    return facts


def _connection(c: Connection) -> Facts:
    def each(name: str) -> dict[tuple[str, int], Any]:
        return {text(side.endpoint): getattr(side, name) for side in c.sides}

    return {
        "first": c.first.ref, "last": (c.last or c.first).ref, "stream": c.first_stream,
        "packets": each("packets"), "payload": each("payload"), "retransmissions": each("retransmissions"),
        "probes": each("probes"), "copies": c.copies, "idle_periods": len(c.periods),
        "survived": len(c.survived), "longest_survived": services.longest_silence(c.survived, places=True),
        "probing": {text(s.endpoint): (s.answered, s.after, s.every) for s in c.sides},
        "history": [(letter, text(side.endpoint)) for letter, side in c.letters],
        "fin": {k: bool(v) for k, v in each("fin").items()}, "rst": {k: v is not None for k, v in each("reset").items()},
    }  # fmt: skip


def _totals(connections: list[Connection], now: int) -> Facts:
    sides = [side for c in connections for side in c.sides]
    survived = [s for c in connections for s in c.survived]
    return {
        "connections": len(connections), "copies": sum(c.copies for c in connections),
        "retransmissions": sum(s.retransmissions for s in sides), "probes": sum(s.probes for s in sides),
        "syn_seen": sum(any(s.isn is not None and not s.syn_ack for s in c.sides) for c in connections),
        "one_sided": sum(any(not s.packets for s in c.sides) for c in connections),
        "outcomes": dict(Counter(p.outcome for c in connections for p in c.periods)),
        "still_idle": sum(services.still_idle(c, now) for c in connections), "survived": len(survived),
        "longest_survived": services.longest_silence(survived),
    }  # fmt: skip
