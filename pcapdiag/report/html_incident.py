"""One incident in the HTML report: a line that opens to its facts, its packets as a ladder, and the filter to see them."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.engine.types import Connection
from pcapdiag.report.blocks import ends, limiting_rows, stream
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.filters import display_filters
from pcapdiag.report.incident import handshake, label, next_connection, title, verdict, where
from pcapdiag.report.markup import NEWLINE, Markup, facts, spans, tag, together
from pcapdiag.report.model import Report
from pcapdiag.report.rungs import NOTED, Rung, following, more_after, rungs
from pcapdiag.report.times import iso, relative
from pcapdiag.report.words import count, gap, nothing_came
from pcapdiag.rules.types import Finding, Signal

#: Bytes shown of a request, if its payload is asked for, and bytes on a line.
_DUMPED, _LINE = 256, 16


def incident(finding: Finding, report: Report, canvas: Canvas, *, payload: bool, is_open: bool) -> Markup:
    """The whole incident."""
    period = finding.period
    said = label(finding)
    first: list[str] = [tag("span", title(finding), class_="title")]
    first += [": ", tag("code", said)] if said else []
    idle = f"idle {gap(period)}" if period.idle else "no idle period"
    more = f"{iso(period.wake.first.ref.time, 3)} · {ends(period)} · {idle} · {verdict(finding)}"
    summary = tag("summary", *first, " ", tag("span", more, class_="more"))
    inside = tag("div", *_inside(finding, report, canvas, payload), class_="inside")
    return tag("details", summary, inside, open=is_open)


def _inside(finding: Finding, report: Report, canvas: Canvas, payload: bool) -> Iterator[Markup]:
    yield facts(_facts(finding, report, canvas))
    excerpt = report.excerpt(finding.period)
    shown = rungs(finding, report, canvas)
    yield tag("h3", "Packets")
    yield ladder(finding.period.connection, shown, nothing_came(finding.period), more_after(excerpt, shown))
    if excerpt is not None and excerpt.successor is not None:
        next_ = excerpt.successor
        rest = next_.segments - len(next_.steps)
        opened = ladder(next_.connection, following(next_), "", rest)
        what = tag("summary", "Next connection: ", next_connection(excerpt) or "")
        yield tag("details", what, tag("div", opened, class_="inside"))
    if finding.origin is not None and finding.origin.signals:
        yield tag("h3", f"Who sent the RST: {finding.origin.sender}")
        yield facts((signal.name, _signal(signal)) for signal in finding.origin.signals)
    yield tag("h3", "Wireshark filter")
    for file, wanted in display_filters(finding.period):
        yield tag("p", f"In {report.file_name(file)}:") if len(report.files) > 1 else Markup()
        yield tag("code", wanted, class_="copy")
    if payload and finding.period.wake.payload:
        yield tag("h3", "First bytes of what was sent")
        yield tag("pre", together(dump(finding.period.wake.payload[:_DUMPED]), NEWLINE), tabindex="0")


def _facts(finding: Finding, report: Report, canvas: Canvas) -> Iterator[tuple[str, str]]:
    """The verdict, what it rests on, and what stands against it."""
    period = finding.period
    yield "verdict", verdict(finding)
    yield "where", where(finding, report)
    yield "connection", together((ends(period), " ", stream(period)))
    yield "handshake", handshake(period.connection)
    if finding.origin is not None:
        yield "RST from", str(finding.origin.sender)
    yield from (("because", reason) for reason in finding.reasons)
    if report.joins is not None:
        from pcapdiag.report.joined import finding_rows  # only who has more than captures pays for it

        yield from ((row.label, spans(row.spans)) for row in finding_rows(finding, report, canvas, every=True))
    names = report if len(report.files) > 1 else None
    yield from ((row.label, spans(row.spans)) for row in limiting_rows(finding, canvas, names))


def _signal(signal: Signal) -> Markup:
    points = tag("b", f"(points to {signal.points_to})") if signal.points_to else ""
    return together((signal.values, points), " ")


def ladder(connection: Connection, shown: tuple[Rung, ...], last: str, more: int) -> Markup:
    """Packets between two lines, the client's at the left."""
    sides = tag("span", f"client {connection.client}"), " ", tag("span", f"server {connection.server}")
    lines = [tag("li", tag("span", "frame", class_="frame"), " ", tag("span", "seconds", class_="at"), " ",
                 tag("span", *sides, class_="lane"), class_="ends")]  # fmt: skip
    for rung in shown:
        if rung.omitted:
            lines.append(_note(f"{count(rung.omitted, 'packet')} not shown"))
        if rung.silence:
            lines.append(_note(rung.silence, "idle" if rung.wake else ""))
        lines.append(_packet(rung))
    lines += [_note(last, "bad")] if last else []
    lines += [_note(f"{count(more, 'more packet')} of this connection")] if more else []
    return tag("ol", together(lines, NEWLINE), class_="ladder")


def _note(said: str, style: str = "") -> Markup:
    lane = tag("span", said, class_="lane")
    return tag("li", tag("span", class_="frame"), tag("span", class_="at"), lane, class_=f"note {style}".strip())


def _packet(rung: Rung) -> Markup:
    numbers = [f"seq {rung.seq}" if rung.seq is not None else "", f"ack {rung.ack}" if rung.ack is not None else ""]
    numbers += [rung.taken_for] if rung.taken_for in NOTED else []
    small = ", ".join(n for n in numbers if n)
    direction = "client to server: " if rung.side == "client" else "server to client: "
    lane = [tag("span", direction, class_="away"), rung.what or "packet", " "]
    lane += [tag("span", small, class_="numbers")] if small else []
    lane += [" ", tag("span", spans(rung.told), class_="told")] if rung.told else []
    kind = " rst" if "RST" in rung.what else ""
    return tag("li", tag("span", tag("span", "frame ", class_="away"), str(rung.ref.frame), " ", class_="frame"),
               tag("span", relative(rung.elapsed), " ", class_="at"), tag("span", *lane, class_="lane"),
               class_=rung.side + kind)  # fmt: skip


def dump(data: bytes) -> Iterator[str]:
    """Bytes as everybody shows them: where, in hexadecimal, as text."""
    for at in range(0, len(data), _LINE):
        line = data[at : at + _LINE]
        shown = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in line)
        yield f"{at:04x}  {line.hex(' '):<{3 * _LINE - 1}}  {shown}"
