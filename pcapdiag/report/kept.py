"""Which packets of a report's excerpts are handed on as evidence, how much of each, and what is left out if that is too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pcapdiag.engine.types import Bound, RecordRef
from pcapdiag.report.comments import begun, remarks
from pcapdiag.report.excerpt import Excerpt
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import Report
from pcapdiag.report.telling import headers, telling
from pcapdiag.report.words import count
from pcapdiag.writing import Record, packet_block

#: Ranks of packets: of what does not fit, the highest is left out first.
_PROOF, _BEFORE, _AFTER, _NEXT = range(4)
#: Payload that is worth cutting: a few telling bytes are not.
_LITTLE = 64
#: Bytes of that comment.
_COMMENT = 96


class Way(NamedTuple):
    """One way of being recorded: capture point, link type, and the engine's number for interface, direction, tags and tunnel.
    ``since`` is when it is known to have been recorded, for a connection that was first seen at its wake."""

    point: int
    link_type: int
    via: int
    since: int | None


@dataclass
class Packet:
    """One packet to be written. ``place`` is its excerpt's, by importance; ``number`` its place in its connection; ``kept`` how
    many of its bytes; ``clock_back`` by how many ns the clock went back before it, inside the gap that it ends."""

    step: Step
    way: Way
    connection: tuple[int, int]
    number: int
    place: int
    rank: int
    kept: int = 0
    clock_back: int = 0
    comments: list[str] = field(default_factory=list)

    @property
    def ref(self) -> RecordRef:
        """Where it is in the captures."""
        return self.step.segment.ref

    def record(self, interface: int) -> Record:
        """As it is written."""
        segment = self.step.segment
        original = max(segment.original, len(segment.record))
        return Record(segment.ref.time, interface, segment.record[: self.kept], original, tuple(self.comments))

    @property
    def size(self) -> int:
        """Its block in bytes, with the comment that packets are missing before it."""
        return len(packet_block(self.record(0))) + (_COMMENT if self.step.omitted else 0)


def packets(report: Report, *, payload: bool) -> list[Packet]:
    """Those of all excerpts, each once, what is lost and proved before the rest. Without ``payload``, ``kept`` ends with the
    headers, and with the few bytes of a wake that tell what kind of message it is."""
    said: dict[RecordRef, list[str]] = {}
    keep: dict[RecordRef, int] = {}
    back: dict[RecordRef, int] = {}
    since: dict[int, int] = {}
    indices = {id(excerpt): i for i, excerpt in enumerate(report.excerpts)}
    places: dict[int, int] = {}
    for finding in report.all_findings:
        period, wake = finding.period, finding.period.wake
        excerpt = report.excerpt(period)
        if excerpt is None:
            continue
        index = indices[id(excerpt)]
        places.setdefault(index, len(places))
        keep[wake.first.ref] = telling(wake.payload, wake.length)
        back[wake.first.ref] = period.clock_back
        for ref, text in remarks(report, finding, label=payload):
            said.setdefault(ref, []).append(text)
        if period.bound is Bound.LOWER and period.start is None:
            since[index] = wake.first.ref.time - period.gap
    made: dict[tuple[int, int, int], Packet] = {}
    for index, place in places.items():
        for packet in _of(report, report.excerpts[index], place, since.get(index), set(said)):
            segment, ref = packet.step.segment, packet.ref
            if made.setdefault((packet.way.point, ref.file, ref.frame), packet) is packet:
                packet.comments += said.get(ref, ())
                packet.clock_back = back.get(ref, 0)
                packet.kept = len(segment.record) if payload else headers(segment) + keep.get(ref, 0)
    return list(made.values())


def _of(report: Report, excerpt: Excerpt, place: int, since: int | None, proofs: set[RecordRef]) -> Iterator[Packet]:
    """The packets of one excerpt and of the connection after it."""
    last = max((i for i, s in enumerate(excerpt.steps) if s.segment.ref in proofs), default=-1)
    groups = [(excerpt.connection, excerpt.steps, False)]
    if excerpt.successor is not None:
        groups.append((excerpt.successor.connection, excerpt.successor.steps, True))
    for connection, steps, successor in groups:
        number = 0
        for i, step in enumerate(steps):
            number += step.omitted + 1
            segment = step.segment
            rank = _NEXT if successor else _PROOF if segment.ref in proofs else _BEFORE if i < last else _AFTER
            way = Way(connection.point, segment.link_type, segment.via, since)
            packet = Packet(step, way, (connection.point, segment.connection), number, place, rank)
            if segment.ref == connection.first:
                packet.comments.append(begun(report, segment.ref, successor=successor))
            yield packet


def fitting(chosen: Sequence[Packet], room: int) -> tuple[list[Packet], list[str]]:
    """As many of them as fit into ``room`` bytes, and in sentences what was cut or left out: payload first, then the next
    connections, then what followed, then whole connections; of the less important ones first."""
    said: list[str] = []
    over = sum(p.size for p in chosen) - room
    cut = 0
    for packet in sorted(chosen, key=lambda p: (p.rank == _PROOF, -p.place, -p.number)):
        short = headers(packet.step.segment)
        if over > 0 and packet.kept > short + _LITTLE:
            before, packet.kept, cut = packet.size, short, cut + 1
            over -= before - packet.size
    if cut:
        said.append(f"To keep this file small, the payload of {count(cut, 'packet')} is cut.")
    gone: set[tuple[int, int]] = set()
    for unit in sorted({_unit(p) for p in chosen}, key=lambda u: (-u[0], -u[1])):
        if over <= 0:
            break
        gone.add(unit)
        over -= sum(p.size for p in chosen if _unit(p) == unit)
    rest = [p for p in chosen if _unit(p) not in gone]
    if gone:
        whole = len({p.place for p in chosen}) - len({p.place for p in rest})
        text = f"To keep this file small, {count(len(chosen) - len(rest), 'packet')} left out"
        said.append(text + (f", among them all of {count(whole, 'affected connection')}." if whole else "."))
    return rest, said


def _unit(packet: Packet) -> tuple[int, int]:
    """What is left out together: a proof is none without the packets before it."""
    return max(packet.rank, _BEFORE), packet.place


def in_order(chosen: Sequence[Packet]) -> list[Packet]:
    """As they were recorded; between capture points by time, each point's own order kept although its clock may go back.
    Where packets of a connection are missing before one, it says so."""
    out: list[tuple[int, int, int, Packet]] = []
    for point in sorted({p.way.point for p in chosen}):
        now = -(1 << 63)
        for n, p in enumerate(sorted((p for p in chosen if p.way.point == point), key=lambda p: (p.ref.file, p.ref.frame))):
            now = max(now, p.ref.time)
            out.append((now, point, n, p))
    ordered = [p for *_, p in sorted(out, key=lambda o: o[:3])]
    last: dict[tuple[int, int], int] = {}
    for p in ordered:
        missing = p.number - last.get(p.connection, 0) - 1
        last[p.connection] = p.number
        if missing > 0:
            p.comments.append(f"{count(missing, 'packet')} of this connection before this one not in this file")
    return ordered
