"""The packets of a finding on one line: who sent what before the gap, the gap, the wake, and what came back.

Made of the finding alone, without another look at the capture: it names the segments that decide, not each one.
"""

from __future__ import annotations

from pcapdiag.engine.types import AnswerKind, IdlePeriod, RecordRef, WakeKind
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.text import Span
from pcapdiag.report.words import gap
from pcapdiag.rules.types import Finding

LETTERS = "P payload, r again, A ACK, K keepalive probe, F FIN, R RST, I ICMP"
_KINDS = {WakeKind.PAYLOAD: "P", WakeKind.PROBE: "K", WakeKind.FIN: "F", WakeKind.RST: "R", WakeKind.SYN: "S"}


def letters(canvas: Canvas) -> str:
    """What the strips mean, in a sentence."""
    right, left = ("▸", "◂") if canvas.unicode else (">", "<")
    return f"{right} from the client, {left} from the server; {LETTERS}"


def strip(finding: Finding, canvas: Canvas) -> list[Span]:
    """The strip as spans; a direction and a letter for each kind of segment, with how many there were."""
    period = finding.period
    peer = "server" if period.sender == "client" else "client"
    right, left, line = ("▸", "◂", "──") if canvas.unicode else (">", "<", "--")

    def one(side: str, letter: str, n: int = 1, style: str = "") -> Span:
        arrow = right if side == "client" else left
        return Span(f"{arrow}{letter}" + (f"x{n:,}" if n > 1 else ""), style)

    spans = [] if period.start is None else [one(period.last_speaker or peer, "P")]
    spans += [one(side, "K", n) for side, n in zip(("client", "server"), period.probes, strict=True) if n]
    if period.last_by and not any(period.probes) and period.last_before not in (None, period.start, period.peer_fin):
        spans.append(one(period.last_by, "A"))
    early = period.peer_fin is not None and _place(period.peer_fin) < _place(period.wake.first.ref)
    fin = [one(peer, "F")] if period.peer_fin is not None else []
    spans += fin if early else []
    spans += [Span(f"{line} {gap(period)} {line}", "gap")] if period.idle else []
    wake = period.wake
    spans.append(one(period.sender, _KINDS[wake.kind], wake.segments, "bad" if wake.kind is WakeKind.RST else ""))
    if wake.retransmissions:
        spans.append(one(period.sender, "r", wake.retransmissions))
    spans += [] if early else fin
    return [*spans, *_back(period, one(peer, "A"), one(peer, "I", style="bad"), one(peer, "R", _resets(period), "bad"))]


def _back(period: IdlePeriod, ack: Span, icmp: Span, rst: Span) -> list[Span]:
    """What came back, of these."""
    answer = period.answer
    if answer is None:
        return [] if period.wake.kind is WakeKind.RST else [Span("nothing", "bad")]
    if answer.kind is AnswerKind.ICMP:
        return [icmp]
    acked = [ack] if answer.acknowledged is not None or answer.kind is AnswerKind.ACK else []
    return [*acked, rst] if answer.kind is AnswerKind.RST else acked


def _resets(period: IdlePeriod) -> int:
    return period.answer.count if period.answer is not None else 1


def _place(ref: RecordRef) -> tuple[int, int, int]:
    return ref.time, ref.file, ref.frame
