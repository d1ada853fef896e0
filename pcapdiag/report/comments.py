"""What single packets of an incident show, in a sentence each, for who opens them in Wireshark."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.engine.types import Bound, IdlePeriod, RecordRef, WakeKind
from pcapdiag.report.filters import proof
from pcapdiag.report.model import Report
from pcapdiag.report.text import clean
from pcapdiag.report.words import answer, gap, nothing_came, origin, sent
from pcapdiag.rules.phrases import noun
from pcapdiag.rules.types import Finding

_BEGUN = "the connection begins"


def remarks(report: Report, finding: Finding, *, label: bool) -> Iterator[tuple[RecordRef, str]]:
    """The packets that prove a finding, each with what it shows. ``label``: also what was sent, as far as it can be read."""
    period = finding.period
    head = f"{finding.rule} {finding.name} ({finding.confidence if finding.proved else 'not proved'})"
    for role, ref in proof(period):
        yield ref, f"{head}: {_shown(finding, role, ref, label)}{_where(report, ref)}"
    wake = period.wake
    if wake.last_sent != wake.first.ref and wake.kind is WakeKind.PAYLOAD and wake.retransmissions:
        yield wake.last_sent, f"{head}: the {noun(period)} is sent for the last time{_where(report, wake.last_sent)}"


def begun(report: Report, ref: RecordRef, *, successor: bool) -> str:
    """Of a connection's first packet."""
    text = "the next connection of the same client to the same server begins" if successor else _BEGUN
    return text + _where(report, ref)


def _shown(finding: Finding, role: str, ref: RecordRef, label: bool) -> str:
    period = finding.period
    if ref == period.wake.first.ref:
        what = sent(finding)
        if label and finding.sent.label and period.wake.kind is WakeKind.PAYLOAD:
            what += f" ({clean(finding.sent.label)})"
        nothing = nothing_came(period)
        came = f"; {nothing}" if nothing else ""
        return f"the {period.sender}'s {noun(period)}: {what}{_after(period)}{came}"
    if role == "last before":
        by = f", from the {period.last_speaker}" if period.last_speaker else ""
        return f"the last before the gap of {gap(period)}{by}"
    if role == "FIN":
        return "the peer's FIN"
    if role == "heard":
        return "the peer lives: it sends on without acknowledging what was sent again"
    if role == "went on":
        return "that side went on after the RST as if it had not sent it"
    told = answer(period)
    if finding.origin is not None and role == "RST":
        told += f"; sent by: {origin(finding.origin)}"
    return f"the answer: {told}"


def _after(period: IdlePeriod) -> str:
    if not period.idle:
        return ""
    least = " (at least: the connection was first seen here)" if period.bound is Bound.LOWER and period.start is None else ""
    return f" after {gap(period)} without payload{least}"


def _where(report: Report, ref: RecordRef) -> str:
    return f" [frame {ref.frame} of {clean(report.file_name(ref.file))}]"


