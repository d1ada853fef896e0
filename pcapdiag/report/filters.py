"""The frames that prove a finding, and the Wireshark display filter that shows exactly them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pcapdiag.engine.types import AnswerKind, IdlePeriod, RecordRef


class Proof(NamedTuple):
    """One frame that proves a finding: what it shows, in a word, and where it is."""

    role: str
    ref: RecordRef


def proof(period: IdlePeriod) -> tuple[Proof, ...]:
    """The frame from which the gap is measured, the wake, and the answer, as far as each was captured; between them the
    peer's FIN, and after them what the peer sent in spite of everything.

    The first of them is absent if the connection was first seen at its wake, the answer if nothing came back.
    """
    answer = period.answer
    out = [] if period.start is None else [Proof("last before", period.start)]
    fin, wake = period.peer_fin, Proof(period.kind, period.wake.first.ref)
    early = fin is not None and fin.place < wake.ref.place
    fins = [] if fin is None or fin == period.start else [Proof("FIN", fin)]
    out += [*fins, wake] if early else [wake, *fins]
    if period.heard is not None:
        out.append(Proof("heard", period.heard))
    if answer is not None:
        role = str(answer.kind).upper() if answer.kind in (AnswerKind.RST, AnswerKind.ICMP) else "answer"
        out.append(Proof(role, answer.first.ref))
        if answer.went_on is not None:
            out.append(Proof("went on", answer.went_on))
    return tuple(out)


def display_filter(refs: Iterable[RecordRef]) -> str:
    """A display filter for these frames of one file, in the one form that every version of Wireshark reads.

    ``frame.number in {10, 14}`` is shorter, but wants spaces in old versions, commas since Wireshark 4.0.
    """
    return " || ".join(f"frame.number == {n}" for n in sorted({ref.frame for ref in refs}))


def display_filters(period: IdlePeriod) -> tuple[tuple[int, str], ...]:
    """For each file that holds a part of the proof: its index, and the filter for it. Mostly one."""
    refs = [p.ref for p in proof(period)]
    return tuple((f, display_filter(r for r in refs if r.file == f)) for f in sorted({r.file for r in refs}))
