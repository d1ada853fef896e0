"""The evidence: the packets of a report's excerpts as a small capture of their own, which says in Wireshark what it shows.

Read again by pcapdiag it gives the same findings. So each way in which packets were recorded is an interface, because copies and
the places of two packets are told apart by it. And what only the packets left out would tell is marked by records without a
byte: since when was recorded, where a gap is only known to be at least that long; and that the clock went back inside a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pcapdiag.durations import format_duration
from pcapdiag.report.headline import headline
from pcapdiag.report.kept import Packet, Way, fitting, in_order, packets
from pcapdiag.report.model import Report
from pcapdiag.report.telling import told_less
from pcapdiag.report.text import clean
from pcapdiag.report.times import iso
from pcapdiag.report.words import count
from pcapdiag.writing import Interface, Record, pcapng

#: What more is left out where it was too little: so that few tries do.
_STEP = 1_024
#: Of findings that this file alone does not show as they are, the frames that are named.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """A pcapng file, and for each record of the captures that is in it (index of the file, frame number) its frame there."""

    data: bytes = field(repr=False)
    frames: dict[tuple[int, int], int]


def evidence(report: Report, *, command: str, payload: bool, most_bytes: int = 1_000_000) -> Evidence:
    """The packets of ``report.excerpts`` as a pcapng file of at most ``most_bytes``.

    ``command`` is said in the file's comment. Without ``payload`` packets end with their headers; lengths stay. What does not fit
    is left out, the least important first, and the file says so.
    """
    room = most_bytes
    while True:
        made = _written(report, command, payload, room)
        if len(made.data) <= most_bytes or not made.frames:
            return made
        room -= len(made.data) - most_bytes + _STEP


def _written(report: Report, command: str, payload: bool, room: int) -> Evidence:
    """The file with as many packets as take ``room`` bytes; the section's header, interfaces and marks come in addition."""
    fit, left_out = fitting(packets(report, payload=payload), room)
    chosen = in_order(fit)
    ways = sorted({p.way for p in chosen}, key=lambda w: (w.point, w.via, w.link_type, w.since or 0))
    records: list[Record] = []
    frames: dict[tuple[int, int], int] = {}
    for packet, record in _records(chosen, ways):
        records.append(record)
        if packet is not None:
            frames[packet.ref.file, packet.ref.frame] = len(records)
    said = [*_about(report, command, payload), *left_out, *_limits(report, chosen)]
    if marked := len(records) - len(chosen):
        said.append(f"{count(marked, 'record')} without a byte: no packet, but what its comment says.")
    interfaces = [Interface(way.link_type, None, _described(report, way, ways)) for way in ways]
    data = pcapng(records, interfaces, comments=["\n".join(said)], application=f"pcapdiag {report.version}")
    return Evidence(data, frames)


def _records(chosen: Sequence[Packet], ways: Sequence[Way]) -> Iterator[tuple[Packet | None, Record]]:
    """Packets as records, with the marks between them."""
    for way in sorted((w for w in ways if w.since is not None), key=lambda w: w.since or 0):
        text = "No packet. The capture recorded since this moment: a connection first seen later was silent at least since here."
        yield None, Record(way.since or 0, ways.index(way), b"", 0, (text,))
    for packet in chosen:
        interface = ways.index(packet.way)
        if packet.clock_back:
            text = f"No packet. Inside the gap that the next one ends, the clock went back {format_duration(packet.clock_back)}."
            yield None, Record(packet.ref.time + packet.clock_back, interface, b"", 0, (text,))
        yield packet, packet.record(interface)


def _about(report: Report, command: str, payload: bool) -> list[str]:
    """What this file is."""
    how = "as captured" if payload else "cut after their headers, with their true lengths"
    return [
        f"Evidence by pcapdiag {report.version}: {headline(report)}",
        f"Made by: {clean(command)}",
        f"Packets are {how}. Comments (filter: frame.comment) say what they show, and their frames in the captures.",
    ]


def _limits(report: Report, chosen: Sequence[Packet]) -> Iterator[str]:
    """What reading this file alone may make of it, and what is not in it."""
    here = {p.ref for p in chosen}
    every = report.all_findings
    shown = [f for f in every if f.period.wake.first.ref in here]
    if len(every) > len(shown):
        yield f"Of {count(len(every) - len(shown), 'more finding')} no packets are in this file."
    if holes := [f.period.wake.first.ref.frame for f in shown if f.period.hole]:
        yield ("Between capture files, before the frames numbered " + _numbers(holes) + " there, some time was not captured. "
               "This file does not show that: alone it would prove more than the captures do.")  # fmt: skip
    if less := [f.period.wake.first.ref.frame for f in shown if told_less(f.period.wake.payload, f.period.wake.length)]:
        yield ("What was sent in the frames numbered " + _numbers(less) + " in the captures was read from more payload than is "
               "kept without --payload: alone this file may say less of it.")  # fmt: skip


def _numbers(frames: Sequence[int]) -> str:
    return ", ".join(map(str, frames[:_NAMED])) + (f" and {len(frames) - _NAMED:,} more" if len(frames) > _NAMED else "")


def _described(report: Report, way: Way, ways: Sequence[Way]) -> str:
    """An interface for people."""
    files = report.points[way.point].files if way.point < len(report.points) else ()
    text = clean(report.file_name(files[0])) if len(files) == 1 else f"capture point {way.point + 1}"
    if len({w.via for w in ways if w.point == way.point}) > 1:
        text += f", way {way.via + 1} of recording (interface, direction, tags, tunnel)"
    return text + (f", since {iso(way.since)}" if way.since is not None else "")
