"""The packets of a finding on one line: who sent what before the gap, the gap, the wake, and what came back.

Made of the finding alone, without another look at the capture: it names the segments that decide, not each one.
"""

from __future__ import annotations

from pcapdiag.engine.types import AnswerKind, WakeKind
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.text import Span
from pcapdiag.report.words import gap
from pcapdiag.rules.types import Finding

LETTERS = "P payload, r again, A ACK, K keepalive probe, F FIN, R RST, I ICMP"
_KINDS = {WakeKind.PAYLOAD: "P", WakeKind.PROBE: "K", WakeKind.FIN: "F", WakeKind.RST: "R", WakeKind.SYN: "S"}


def letters(canvas: Canvas) -> str:
    """What the strips mean, in a sentence."""
    arrows = _arrows(canvas)
    return f"{arrows['client']} from the client, {arrows['server']} from the server; {LETTERS}"


def strip(finding: Finding, canvas: Canvas) -> list[Span]:
    """The strip as spans; a direction and a letter for each kind of segment, with how many there were."""
    period, wake, answer = finding.period, finding.period.wake, finding.period.answer
    peer = "server" if period.sender == "client" else "client"
    arrows, line = _arrows(canvas), "──" if canvas.unicode else "--"

    def one(side: str, letter: str, n: int = 1, style: str = "") -> Span:
        return Span(f"{arrows[side]}{letter}" + (f"x{n:,}" if n > 1 else ""), style)

    spans = [] if period.start is None else [one(period.last_speaker or peer, "P")]
    spans += [one(side, "K", n) for side, n in zip(arrows, period.probes, strict=True) if n]
    if period.last_by and not any(period.probes) and period.last_before not in (None, period.start, period.peer_fin):
        spans.append(one(period.last_by, "A"))
    fin = [] if period.peer_fin is None else [one(peer, "F")]
    early = period.peer_fin is not None and period.peer_fin.place < wake.first.ref.place
    spans += fin if early else []
    spans += [Span(f"{line} {gap(period)} {line}", "gap")] if period.idle else []
    spans.append(one(period.sender, _KINDS[wake.kind], wake.segments, "bad" if wake.kind is WakeKind.RST else ""))
    spans += [one(period.sender, "r", wake.retransmissions)] if wake.retransmissions else []
    spans += [] if early else fin
    if answer is None:
        return spans if wake.kind is WakeKind.RST else [*spans, Span("nothing", "bad")]
    if answer.kind is AnswerKind.ACK or answer.acknowledged is not None:
        spans.append(one(peer, "A"))
    spans += [one(peer, "I", style="bad")] if answer.kind is AnswerKind.ICMP else []
    spans += [one(peer, "R", answer.count, "bad")] if answer.kind is AnswerKind.RST else []
    return spans


def _arrows(canvas: Canvas) -> dict[str, str]:
    """Where a segment goes, by who sent it."""
    return {"client": "▸", "server": "◂"} if canvas.unicode else {"client": ">", "server": "<"}
