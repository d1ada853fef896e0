"""One incident in a ticket: what is known of it, its packets as a mermaid diagram and as text, and the filter to see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.report.blocks import ends, limiting_rows, stream
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.filters import display_filters
from pcapdiag.report.incident import handshake, label, next_connection, signal_text, title, verdict
from pcapdiag.report.markdown_text import block, code, mermaid, prose
from pcapdiag.report.model import Report
from pcapdiag.report.rungs import NOTED, Rung, more_after, rungs
from pcapdiag.report.times import iso, relative
from pcapdiag.report.words import count, nothing_came
from pcapdiag.rules.types import Finding


def incident(number: int, finding: Finding, report: Report, canvas: Canvas) -> Iterator[str]:
    """The paragraphs of one incident."""
    period = finding.period
    names = report if len(report.files) > 1 else None
    said = label(finding)
    yield f"### {number}. {prose(title(finding))}" + (f": {code(said, 80)}" if said else "")
    facts = [
        f"**{finding.rule} {prose(verdict(finding).partition(' ')[2])}**",
        f"{iso(period.wake.first.ref.time, 3)}, {code(ends(period))}, {code(stream(period))}",
        f"handshake {prose(handshake(period.connection))}",
    ]
    if finding.origin is not None:
        facts.append(f"RST from: **{prose(str(finding.origin.sender))}**")
        facts += [f"  - {prose(signal_text(signal))}" for signal in finding.origin.signals]
    facts += [f"because {prose(reason)}" for reason in finding.reasons]
    facts += [f"{row.label}: {prose(row.text)}" for row in limiting_rows(finding, canvas, names)]
    if report.joins is not None:
        from pcapdiag.report.joined import finding_rows  # only who has more than captures pays for it

        facts += [f"{row.label}: {prose(row.text)}" for row in finding_rows(finding, report, canvas)]
    excerpt = report.excerpt(period)
    after = next_connection(excerpt)
    facts += [f"next connection: {prose(after)}"] if after else []
    yield "\n".join(fact if fact.startswith("  - ") else f"- {fact}" for fact in facts)
    shown = rungs(finding, report, canvas)
    yield block(_diagram(finding, shown), "mermaid")
    yield block(_ladder(finding, shown, more_after(excerpt, shown), canvas))
    for file, text in display_filters(period):
        yield "Wireshark filter" + (f" for {code(report.file_name(file))}:" if names else ":")
        yield block([text])


def _diagram(finding: Finding, shown: Sequence[Rung]) -> Iterator[str]:
    """The packets as mermaid draws them."""
    connection = finding.period.connection
    yield "sequenceDiagram"
    yield f"    participant C as client {mermaid(str(connection.client))}"
    yield f"    participant S as server {mermaid(str(connection.server))}"
    for rung in shown:
        for note in _between(rung):
            yield f"    Note over C,S: {mermaid(note)}"
        lost = "RST" in rung.what
        arrow = "-x" if lost else "->>"
        ends_ = f"C{arrow}S" if rung.side == "client" else f"S{arrow}C"
        yield f"    {ends_}: {mermaid(_said(rung))}"
    if nothing := nothing_came(finding.period):
        yield f"    Note over C,S: {mermaid(nothing)}"


def _ladder(finding: Finding, shown: Sequence[Rung], more: int, canvas: Canvas) -> Iterator[str]:
    """The same as text; a frame number begins each line, as in Wireshark."""
    yield f"{'frame':>8}  {'seconds':>12}        flags"
    for rung in shown:
        for note in _between(rung):
            yield f"{'':>8}  {'':>12}  {canvas.own(note)}"
        side = "C ->   " if rung.side == "client" else "   <- S"
        yield f"{rung.ref.frame:>8}  {relative(rung.elapsed):>12}  {side}  {canvas.own(_text(rung))}".rstrip()
    if nothing := nothing_came(finding.period):
        yield f"{'':>8}  {'':>12}  {canvas.own(nothing)}"
    if more:
        yield f"{'':>8}  {'':>12}  {count(more, 'more packet')} of this connection"


def _between(rung: Rung) -> Iterator[str]:
    """What lies between this packet and the one shown before it."""
    if rung.omitted:
        yield f"{count(rung.omitted, 'packet')} not shown"
    if rung.silence:
        yield rung.silence


def _said(rung: Rung) -> str:
    parts = [f"({part})" for part in (_repeated(rung), _told(rung)) if part]
    return " ".join([f"{rung.ref.frame}: {rung.what}", *parts])


def _text(rung: Rung) -> str:
    repeated = _repeated(rung)
    return f"{rung.what:<20} " + "  ".join([f"[{repeated}]"] * bool(repeated) + [_told(rung)])


def _told(rung: Rung) -> str:
    """What a packet proves, but for its kind, which is said already."""
    text = " ".join(span.text for span in rung.told)
    return text.removeprefix(rung.what).strip() if rung.what.startswith("ICMP") else text


def _repeated(rung: Rung) -> str:
    return rung.taken_for if rung.taken_for in NOTED else ""
