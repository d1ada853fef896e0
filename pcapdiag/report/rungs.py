"""One incident's packets as every report for people draws them: from the excerpt where there is one, else the frames that prove
it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Connection, IdlePeriod, RecordRef, Seen, Traced, WakeKind
from pcapdiag.report.blocks import frame_told, probed
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.excerpt import Excerpt, Successor, came_from
from pcapdiag.report.filters import proof
from pcapdiag.report.ladder import Step
from pcapdiag.report.model import Report
from pcapdiag.report.text import Span
from pcapdiag.report.words import count, flags, gap
from pcapdiag.rules.types import Finding

#: Packets around each frame that proves something, and of the connection's beginning, its handshake.
AROUND, HANDSHAKE = 2, 3
#: A stretch without a packet, in ns, that is drawn between two of them.
SILENCE = 1_000_000_000
#: What a packet was taken for, if that is not plain from its flags.
NOTED = ("retransmission", "copy", "stray", "probe")
#: Cells for what was sent, as far as it can be read.
LABEL = 120


@dataclass(frozen=True, slots=True)
class Rung:
    """One packet. ``side`` is who sent it, "client" or "server"; ``elapsed`` ns since the connection's first packet, ``after``
    since the one before it (None: not known). ``what`` is its flags and length; ``told`` is what it proves, if it does;
    ``omitted`` packets before it are not shown; ``silence`` is what lies between it and the one before, in words, if that is the
    idle period or a long silence. ``wake`` says that the idle period ended with it; ``payload`` is as captured."""

    ref: RecordRef
    side: str
    elapsed: int
    after: int | None
    what: str
    taken_for: str
    told: tuple[Span, ...] = ()
    seq: int | None = None
    ack: int | None = None
    omitted: int = 0
    silence: str = ""
    wake: bool = False
    payload: bytes = b""


def rungs(finding: Finding, report: Report, canvas: Canvas) -> tuple[Rung, ...]:
    """The packets of a finding, in the order of the capture."""
    excerpt = report.excerpt(finding.period)
    if excerpt is None:
        return tuple(_proved(finding, canvas))
    telling = {p.ref: _told(finding, *p, canvas) for p in proof(finding.period)}
    shown = _around(excerpt.steps, finding.period)
    return tuple(_rung(step, excerpt.connection, telling.get(step.segment.ref, ()), finding.period) for step in shown)


def following(successor: Successor) -> tuple[Rung, ...]:
    """The first packets of the next connection."""
    return tuple(_rung(step, successor.connection, (), None) for step in successor.steps)


def more_after(excerpt: Excerpt | None, shown: Sequence[Rung]) -> int:
    """How many packets of the connection came after those shown, as far as is known."""
    return excerpt.segments - sum(1 + rung.omitted for rung in shown) if excerpt else 0


def _around(steps: Sequence[Step], period: IdlePeriod) -> Iterator[Step]:
    """The handshake, and what lies around the frames that prove this one incident: an excerpt may hold several."""
    wanted = {period.last_before, period.wake.last_sent, *(p.ref for p in proof(period))}
    kept = {i for i, step in enumerate(steps[:HANDSHAKE]) if step.segment.seen in (Seen.SYN, Seen.ACK)}
    for i, step in enumerate(steps):
        if step.segment.ref in wanted:
            kept |= set(range(i - AROUND, i + AROUND + 1))
    kept |= {i for i in range(len(steps)) if {i - 1, i + 1} <= kept and not steps[i].omitted}  # its place would be as long
    omitted = 0
    for i, step in enumerate(steps):
        if i not in kept:
            omitted += 1 + step.omitted
        else:
            yield step if not omitted else Step(step.segment, step.seq, step.ack, step.after, omitted + step.omitted)
            omitted = 0


def _told(finding: Finding, role: str, at: RecordRef, canvas: Canvas) -> tuple[Span, ...]:
    """What a frame proves. That the gap is measured from it is said between the packets."""
    if role == "last before" and at != finding.period.peer_fin:
        return ()
    wake = finding.period.wake
    if at == wake.first.ref and wake.kind is WakeKind.PAYLOAD and wake.segments == 1:
        return (Span(canvas.quote(finding.sent.label, LABEL)),) if finding.sent.label else ()  # the rest is in its flags
    return tuple(frame_told(finding, role, at, canvas))


def _silence(period: IdlePeriod | None, wake: bool, after: int | None) -> str:
    if wake and period is not None and period.idle:
        rest = [*probed(period), *([] if period.start else [Span("(first seen here)")])]
        # Where packets without payload broke the silence, the gap did not begin at the packet above.
        since = f" since frame {period.start.frame}" if period.start and period.gap - period.silence >= SILENCE else ""
        return " ".join([f"idle {gap(period)}{since}", *(span.text for span in rest)])
    return f"{format_duration(after)} without a packet" if after is not None and after >= SILENCE else ""


def _rung(step: Step, connection: Connection, told: tuple[Span, ...], period: IdlePeriod | None) -> Rung:
    segment = step.segment
    wake = period is not None and segment.ref == period.wake.first.ref
    return Rung(
        ref=segment.ref,
        side=came_from(segment, connection),
        elapsed=segment.ref.time - connection.first.time,
        after=step.after,
        what=_what(segment),
        taken_for="ICMP" if segment.icmp else str(segment.seen),
        told=told,
        seq=step.seq,
        ack=step.ack,
        omitted=step.omitted,
        silence=_silence(period, wake, step.after),
        wake=wake,
        payload=segment.record[segment.payload_at :][: segment.length] if segment.icmp is None else b"",
    )


def _what(segment: Traced) -> str:
    if segment.icmp:
        return f"ICMP type {segment.icmp[0]} code {segment.icmp[1]}"
    return _flagged(segment.flags, segment.length)


def _proved(finding: Finding, canvas: Canvas) -> Iterable[Rung]:
    """The frames that prove it, as far as they are known without the capture."""
    period = finding.period
    peer = "server" if period.sender == "client" else "client"
    for role, at in proof(period):
        side = {"last before": period.last_speaker or peer, period.kind: period.sender}.get(role, peer)
        wake = at == period.wake.first.ref
        what = role if role in ("FIN", "last before") else ""
        if wake:
            length = period.wake.first.length if period.wake.kind is WakeKind.PAYLOAD else 0
            what = _flagged(period.wake.first.flags, length)
        elif period.answer is not None and at == period.answer.first.ref:
            what = role if role == "ICMP" else _flagged(period.answer.first.flags, period.answer.first.length)
        elapsed = at.time - period.connection.first.time
        told = _told(finding, role, at, canvas)
        yield Rung(at, side, elapsed, None, what, "", told, silence=_silence(period, wake, None), wake=wake)


def _flagged(value: int, length: int) -> str:
    return flags(value) + (f", {count(length, 'byte')}" if length else "")
