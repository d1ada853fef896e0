"""What a timeline shows, as plain data: a lane for each affected connection, and the time axis they share.

Laid out here once, so that every drawing (PNG, SVG, PDF, inline SVG) shows the same. Made of the excerpts where a report has
them, else of the frames that prove. Times stay integers of ns; positions come from the axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pcapdiag.engine.types import Endpoint, IdlePeriod, RecordRef, WakeKind
from pcapdiag.report.axis import Axis, Span, axis
from pcapdiag.report.excerpt import Side
from pcapdiag.report.filters import proof
from pcapdiag.report.headline import headline, others
from pcapdiag.report.marks import Mark, MarkKind, marks, other, side
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean, cut
from pcapdiag.report.words import answer, count, gap, sent
from pcapdiag.rules.types import Finding

Align = Literal["time", "wake"]
#: Of a request's label, in cells: more would cover its neighbours.
LABEL = 40
#: What a picture says of an anonymised report.
REPLACED = "Anonymised: addresses are replaced, what was sent is hidden."


@dataclass(frozen=True, slots=True)
class Note:
    """What is said beside a mark: above it if the client sent it, else below."""

    at: int
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class GapBar:
    """An idle gap from its last payload to its wake. ``text`` is its length; ``open`` that it began before the capture saw the
    connection; ``summary`` is the length and what came back, for drawings without room for notes."""

    start: int
    end: int
    text: str
    open: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One affected connection. ``label`` names its ends, ``about`` says what was found on it; captured text in them is made
    harmless. ``omitted`` counts packets of it that are not drawn."""

    label: str
    client: str
    about: str
    marks: tuple[Mark, ...]
    bars: tuple[GapBar, ...]
    notes: tuple[Note, ...]
    omitted: int


@dataclass(frozen=True, slots=True)
class Lanes:
    """A whole timeline. ``origin`` is the time in ns since the epoch at which the axis shows 0 (None: aligned on wakes, each
    lane has its own). ``left_out`` counts affected connections without a lane, and ``note`` says so, and whether names are
    the captures' own."""

    align: Align
    title: str
    lanes: tuple[Lane, ...]
    axis: Axis
    origin: int | None
    left_out: int
    note: str

    @property
    def kinds(self) -> tuple[tuple[MarkKind, Side], ...]:
        """The kinds of marks in use, for a legend."""
        used = {(m.kind, m.side) for lane in self.lanes for m in lane.marks}
        return tuple((kind, side) for kind in MarkKind for side in ("client", "server") if (kind, side) in used)


def lanes(report: Report, *, align: Align = "time", most: int = 50) -> Lanes:
    """The timeline of a report: of its incidents, then of what stands apart, at most ``most`` connections.

    With ``align="wake"`` each lane counts from its first wake, so that gaps can be compared; else all share one clock.
    """
    affected = _affected(report)
    # Those with packets first: they were chosen to have one of each service and rule.
    chosen = sorted(affected, key=lambda found: report.excerpt(found[0].period) is None)[:most]
    chosen.sort(key=lambda found: found[0].period.wake.first.ref.place)
    origin = min((_first(found, report) for found in chosen), default=0) if align == "time" else None
    drawn: list[Lane] = []
    legible: list[Span] = []
    for found in chosen:
        zero = found[0].period.wake.first.ref.time if origin is None else origin
        drawn.append(_lane(found, report, zero))
        legible += [_answered(f.period, zero) for f in found]
        legible += [Span(drawn[-1].marks[0].at, bar.start) for bar in drawn[-1].bars[:1]]
    times = [mark.at for lane in drawn for mark in lane.marks]
    times += [at for lane in drawn for bar in lane.bars for at in (bar.start, bar.end)]
    left_out = len(affected) - len(chosen)
    note = [f"{len(chosen):,} of {count(len(affected), 'affected connection')} drawn."] if left_out else []
    note += [REPLACED] if report.anonymized is not None else []
    title = " ".join([headline(report), *(f"{told}." for told in others(report))])
    return Lanes(align, title, tuple(drawn), axis(times, legible), origin, left_out, " ".join(note))


def _affected(report: Report) -> list[list[Finding]]:
    """The findings of each connection on which something was lost, or may have been."""
    by_connection: dict[tuple[int, Endpoint, Endpoint, RecordRef], list[Finding]] = {}
    harmless = report.harmless if report.options.show_harmless else ()
    for finding in (*report.incidents, *report.heartbeats, *report.unproved, *harmless):
        c = finding.period.connection
        by_connection.setdefault((c.point, c.client, c.server, c.first), []).append(finding)
    return [sorted(found, key=lambda f: f.period.wake.first.ref.place) for found in by_connection.values()]


def _first(found: Sequence[Finding], report: Report) -> int:
    """The time of the first packet that is drawn of a connection, or of the beginning of its first gap."""
    excerpt = report.excerpt(found[0].period)
    times = [step.segment.ref.time for step in excerpt.steps] if excerpt else []
    for f in found:
        times += [p.ref.time for p in proof(f.period)] + ([_begin(f.period)] if f.period.idle else [])
    return min(times)


def _answered(period: IdlePeriod, zero: int) -> Span:
    """From the wake to what came back: what a timeline must let one see."""
    wake = period.wake.first.ref.time
    back = wake if period.answer is None else period.answer.first.ref.time
    return Span(min(wake, back) - zero, max(wake, back) - zero)


def _begin(period: IdlePeriod) -> int:
    return period.wake.first.ref.time - period.gap if period.start is None else period.start.time


def _lane(found: Sequence[Finding], report: Report, zero: int) -> Lane:
    connection = found[0].period.connection
    excerpt = report.excerpt(found[0].period)
    names = dict.fromkeys(f"{f.rule} {f.name}, {f.confidence if f.proved else 'not proved'}" for f in found)
    stream = "" if connection.stream is None else f"; tcp.stream {connection.stream}"
    omitted = excerpt.segments - len(excerpt.steps) if excerpt else 0
    return Lane(
        label=f"{clean(str(connection.client))} → {clean(str(connection.server))}",
        client=clean(str(connection.client)),
        about=clean("; ".join(names) + stream),
        marks=marks((f.period for f in found), excerpt, zero),
        bars=tuple(_bar(f.period, zero) for f in found if f.period.idle),
        notes=tuple(note for f in found for note in _notes(f, zero)),
        omitted=omitted,
    )


def _bar(period: IdlePeriod, zero: int) -> GapBar:
    text, back = gap(period), _back(period)
    return GapBar(
        start=_begin(period) - zero,
        end=period.wake.first.ref.time - zero,
        text=text,
        open=period.start is None,
        summary=f"{text}; {back}" if back else text,
    )


def _back(period: IdlePeriod) -> str:
    """What came back, if anything was to come."""
    return "" if period.wake.kind is WakeKind.RST else answer(period)


def _notes(finding: Finding, zero: int) -> Iterable[Note]:
    """What is said of the wake and of what came back."""
    period = finding.period
    first, peer = period.wake.first.ref, other(side(period.sender))
    what = f"frame {first.frame}: {sent(finding)}"
    if finding.sent.label and period.wake.kind is WakeKind.PAYLOAD:
        label = finding.sent.label
        what += " " + cut(clean(label[: LABEL + 1]), LABEL)
    yield Note(first.time - zero, side(period.sender), what)
    back = _back(period)
    if period.answer is not None:
        ref = period.answer.first.ref
        yield Note(ref.time - zero, peer, f"frame {ref.frame}: {back}")
    elif back:
        yield Note(first.time - zero, peer, back)
