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
    """The frame from which the gap is measured, the wake, and the answer, as far as each was captured.

    The first of them is absent if the connection was first seen at its wake, the last if nothing came back.
    """
    out = []
    if period.start is not None:
        out.append(Proof("last before", period.start))
    out.append(Proof(period.kind, period.wake.first.ref))
    if period.answer is not None:
        kind = period.answer.kind
        role = str(kind).upper() if kind in (AnswerKind.RST, AnswerKind.ICMP) else "answer"
        out.append(Proof(role, period.answer.first.ref))
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
