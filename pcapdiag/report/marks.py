"""Packets as marks of a timeline: what each is, who sent it, what it proves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from pcapdiag.engine.types import AnswerKind, Connection, IdlePeriod, RecordRef, Seen, Traced, WakeKind
from pcapdiag.report.excerpt import Excerpt, Side, came_from
from pcapdiag.report.filters import proof


class MarkKind(StrEnum):
    """What a mark stands for."""

    PAYLOAD = "payload"
    RETRANSMISSION = "retransmission"
    ACK = "ACK"
    PROBE = "keepalive probe"
    SYN = "SYN"
    FIN = "FIN"
    RST = "RST"
    ICMP = "ICMP error"


@dataclass(frozen=True, slots=True)
class Mark:
    """One packet: ``at`` is its time on the axis in ns, ``side`` who sent it, ``role`` what it proves ("" if nothing)."""

    at: int
    kind: MarkKind
    side: Side
    ref: RecordRef
    role: str = ""

    @property
    def title(self) -> str:
        """The mark in words."""
        return f"frame {self.ref.frame}: {self.kind} from the {self.side}" + (f" ({self.role})" if self.role else "")


def marks(periods: Iterable[IdlePeriod], excerpt: Excerpt | None, zero: int) -> tuple[Mark, ...]:
    """The marks of one connection in the order of the capture, with times from ``zero`` on: those of its excerpt, and the frames
    that prove its idle periods, each once."""
    proofs = {mark.ref: mark for period in periods for mark in _proofs(period, zero)}
    found = dict(proofs)
    for step in excerpt.steps if excerpt else ():
        mark = _packet(step.segment, excerpt.connection, zero) if excerpt else None
        if mark is not None:
            known = proofs.get(mark.ref)
            found[mark.ref] = replace(mark, role=known.role) if known else mark
    return tuple(sorted(found.values(), key=lambda m: m.ref.place))


def side(name: str) -> Side:
    """A side by its name."""
    return "client" if name == "client" else "server"


def other(one: Side) -> Side:
    """The other side."""
    return "server" if one == "client" else "client"


_SEEN = {
    Seen.PAYLOAD: MarkKind.PAYLOAD, Seen.PROBE: MarkKind.PROBE, Seen.ACK: MarkKind.ACK, Seen.SYN: MarkKind.SYN,
    Seen.RETRANSMISSION: MarkKind.RETRANSMISSION, Seen.FIN: MarkKind.FIN, Seen.RST: MarkKind.RST, Seen.ICMP: MarkKind.ICMP,
    Seen.STRAY: MarkKind.ACK,
}  # fmt: skip
_WOKEN = {
    WakeKind.PAYLOAD: MarkKind.PAYLOAD, WakeKind.PROBE: MarkKind.PROBE, WakeKind.FIN: MarkKind.FIN, WakeKind.RST: MarkKind.RST,
    WakeKind.SYN: MarkKind.SYN,
}  # fmt: skip
_ANSWERED = {AnswerKind.RST: MarkKind.RST, AnswerKind.ACK: MarkKind.ACK, AnswerKind.ICMP: MarkKind.ICMP}


def _packet(segment: Traced, connection: Connection, zero: int) -> Mark | None:
    """The mark of a packet; a copy is the same packet once more and has none."""
    kind = _SEEN.get(segment.seen)
    return None if kind is None else Mark(segment.ref.time - zero, kind, came_from(segment, connection), segment.ref)


def _proofs(period: IdlePeriod, zero: int) -> Iterable[Mark]:
    """The marks of the frames that prove, as far as the period itself tells what they are."""
    wake, back = side(period.sender), period.answer
    peer = other(wake)
    for role, ref in proof(period):
        kind, sender = MarkKind.ACK, peer
        if ref == period.wake.first.ref:
            kind, sender = _WOKEN[period.wake.kind], wake
        elif ref == period.start:
            kind, sender = MarkKind.PAYLOAD, side(period.last_speaker) if period.last_speaker else peer
        elif back is not None and ref == back.first.ref:
            kind = _ANSWERED[back.kind]
        elif ref == period.peer_fin:
            kind = MarkKind.FIN
        yield Mark(ref.time - zero, kind, sender, ref, role)
    last = period.wake.last_sent
    if period.wake.retransmissions and last not in (period.wake.first.ref, period.start):
        yield Mark(last.time - zero, MarkKind.RETRANSMISSION, wake, last)
