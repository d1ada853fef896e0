"""An explanation for a person at a terminal: who is who, the packets, each idle period, each rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Connection, Endpoint, IdlePeriod, Outcome, RolesFrom, Seen, WakeKind
from pcapdiag.report.blocks import finding_body, stream
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.explanation import Explanation, Incarnation, Judged
from pcapdiag.report.ladder import Step
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso, relative, seconds
from pcapdiag.report.words import count, flags, gap
from pcapdiag.rules.types import Reading

#: How client and server were told apart, in a sentence about the client (``{client}``) or the server.
_ROLES = {
    RolesFrom.SYN: "{client} is the client: it sent the SYN",
    RolesFrom.SYN_ACK: "{server} is the server: it sent the SYN-ACK; the SYN was not captured",
    RolesFrom.KNOWN_SERVER: "{server} is the server, as in other connections; the handshake was not captured",
    RolesFrom.PORT: "{server} is the server by its port number; the handshake was not captured",
    RolesFrom.FIRST_PAYLOAD: "{client} is taken for the client: it was the first to send payload; the handshake was not captured",
    RolesFrom.UNKNOWN: "who is the client is not known; {client} is called so",
}
#: Why no rule is asked about periods that did not fail.
_NO_RULE = {
    Outcome.SURVIVED: ": it was answered, so that no rule applies",
    Outcome.CLOSED: ": a FIN ended it and nothing was sent before, so that no rule applies",
}
#: Periods that survived or were closed are named one by one up to this many, unless everything is asked for.
QUIET_SHOWN = 8
#: Widths of the ladder's columns, but for the last: frame, seconds, side, flags, seq, ack, bytes.
_HEADS = (("frame", 8), ("seconds", 12), ("", 6), ("flags", 12), ("seq", 9), ("ack", 9), ("bytes", 7))
#: Width of the column with a finding's labels.
_LABEL = 12


def lines(explanation: Explanation, canvas: Canvas, every: bool) -> Iterator[str]:
    """The whole text: the incarnation that was asked for, then a line for each of the others."""
    asked = explanation.incarnations[explanation.asked]
    yield from _head(asked.connection, canvas)
    yield from _roles(asked, canvas)
    others = len(explanation.incarnations) - 1
    if others:
        yield from canvas.sentence(
            f"The same addresses and ports were used by {count(others, 'other connection')}: see the end.", "dim"
        )
    yield ""
    yield from _ladder(asked, explanation, canvas)
    yield from _periods(asked, explanation, canvas, every)
    for i, other in enumerate(explanation.incarnations):
        if i != explanation.asked:
            yield ""
            yield from _other(other, canvas)


def _head(connection: Connection, canvas: Canvas) -> Iterator[str]:
    ends = [Span(f"{connection.client} ->", "heading"), Span(str(connection.server), "heading")]
    yield from canvas.lines([*ends, Span(f" {stream(connection)}")])


def _roles(incarnation: Incarnation, canvas: Canvas) -> Iterator[str]:
    connection = incarnation.connection
    roles = _ROLES[connection.roles_from].format(client=connection.client, server=connection.server)
    yield from canvas.sentence(f"{roles}.")
    lasted = max(0, connection.last.time - connection.first.time)
    said = f"{count(incarnation.segments, 'packet')} in {format_duration(lasted)} from {iso(connection.first.time, 3)}"
    parts = [
        count(sum(connection.retransmissions), "retransmission") if any(connection.retransmissions) else "",
        count(sum(connection.probes), "keepalive probe") if any(connection.probes) else "",
        count(connection.copies, "copy", "copies") if connection.copies else "",
    ]
    among = ", ".join(part for part in parts if part)
    yield from canvas.sentence(f"{said}{f' (among them {among})' if among else ''}.")


def _ladder(incarnation: Incarnation, explanation: Explanation, canvas: Canvas) -> Iterator[str]:
    """The packets: numbers are relative as in Wireshark, times to the first packet."""
    heads = "".join(name.rjust(width) if name else " " * width for name, width in _HEADS)
    yield from canvas.lines([Span("taken for", "dim")], Span(f"{heads}  ", "dim"))
    start, client, file = incarnation.connection.first.time, incarnation.connection.client, incarnation.connection.first.file
    for step in incarnation.steps:
        if step.omitted:
            yield from canvas.sentence(f"{canvas.mark} {count(step.omitted, 'more packet')} (--all shows them)", "dim", 8)
        elif step.after >= explanation.min_idle:
            yield from canvas.lines([Span(f"then {format_duration(step.after)} without a packet", "gap")], Span(" " * 12))
        if step.segment.ref.file != file:
            file = step.segment.ref.file
            name = canvas.path(explanation.file_name(file), canvas.width - 14)
            yield from canvas.lines([Span("in"), Span(f"{name}:")], Span(" " * 8))
        yield _step(step, start, client, canvas)


def _step(step: Step, start: int, client: Endpoint, canvas: Canvas) -> str:
    segment = step.segment
    arrow = ("->" if segment.source == client else "<-") if not canvas.unicode else ("─▶" if segment.source == client else "◀─")
    side = f"C {arrow}" if segment.source == client else f"{arrow} S"
    elapsed = segment.ref.time - start
    cells = [str(segment.ref.frame), relative(elapsed), side, flags(segment.flags), _number(step.seq), _number(step.ack),
             str(segment.length)]  # fmt: skip
    if segment.seen is Seen.ICMP and segment.icmp:
        cells[3:] = ["", _number(step.seq), "", ""]
    row = "".join(cell.rjust(width) for cell, (_, width) in zip(cells, _HEADS, strict=True))
    taken = f"ICMP {segment.icmp[0]}/{segment.icmp[1]}" if segment.icmp else str(segment.seen)
    return f"{row}  {taken}".rstrip()


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _periods(incarnation: Incarnation, explanation: Explanation, canvas: Canvas, every: bool) -> Iterator[str]:
    idle = [judged for judged in incarnation.periods if judged.period.idle]
    least = format_duration(explanation.min_idle)
    yield ""
    if not idle:
        yield from canvas.sentence(f"No idle period of at least {least} ended on it.", "heading")
    else:
        yield from canvas.sentence(f"{count(len(idle), 'idle period')} of at least {least}", "heading")
    quiet = 0
    for judged in incarnation.periods:
        if judged.period.outcome in (Outcome.SURVIVED, Outcome.CLOSED):
            quiet += 1
            if every or quiet <= QUIET_SHOWN:
                yield from canvas.lines(_sentence(judged.period), Span("  "), "    ")
            continue
        yield ""
        yield from _judged(judged, explanation, canvas)
    if quiet > QUIET_SHOWN and not every:
        yield from canvas.sentence(
            f"{canvas.mark} {quiet - QUIET_SHOWN:,} more that survived or were closed (--all lists them)", "dim", 2
        )


def _sentence(period: IdlePeriod) -> list[Span]:
    """An idle period in one sentence: from where, how long, what ended it, what became of it."""
    start = f"from frame {period.start.frame}" if period.start else "from before the capture"
    wake = f"to frame {period.wake.first.ref.frame}: {period.kind.replace('-', ' ')} by the {period.sender},"
    return [Span("idle"), Span(gap(period), "gap"), *words(f"{start} {wake} {period.outcome}{_NO_RULE.get(period.outcome, '')}")]


def _judged(judged: Judged, explanation: Explanation, canvas: Canvas) -> Iterator[str]:
    period, finding = judged.period, judged.finding
    if period.idle:
        yield from canvas.lines(_sentence(period), Span("  "), "    ")
    if finding is None:
        yield from canvas.sentence("No rule applies.", indent=4)
    else:
        yield from finding_body(finding, canvas, explanation if len(explanation.files) > 1 else None)
        for text in finding.reasons:
            yield from canvas.spans("because", words(canvas.own(text)), 4, _LABEL)
        if finding.origin:
            for signal in finding.origin.signals:
                points = f"; points to {signal.points_to}" if signal.points_to else ""
                yield from canvas.spans("signal", words(canvas.own(f"{signal.name}: {signal.values}{points}")), 4, _LABEL)
    yield from _measured(period, canvas)
    yield from _others_would_need(judged.readings, canvas)


def _measured(period: IdlePeriod, canvas: Canvas) -> Iterator[str]:
    told = [] if period.wake.kind in (WakeKind.RST, WakeKind.SYN) else [f"FIN of the peer {period.fin}"]
    silent = f"silent for {seconds(period.silence)} at last"
    told.append(silent if period.idle else "flags, content and silence before were not kept")
    text = "; ".join(told)
    if any(period.missed):
        text += f"; the capture missed {period.missed[0]} bytes of the sender, {period.missed[1]} of the peer"
    yield from canvas.spans("measured", words(text), 4, _LABEL)


def _others_would_need(readings: Iterable[Reading], canvas: Canvas) -> Iterator[str]:
    """Why the other rules do not speak: those that lack the same together."""
    reasons: dict[str, list[str]] = {}
    for reading in readings:
        if reading.yielded_to:
            reasons.setdefault(f"whose conditions all hold, but {reading.yielded_to} leads", []).append(reading.rule)
        elif reading.failed is not None:
            reasons.setdefault(f"which would need: {reading.failed}", []).append(reading.rule)
    for reason, rules in reasons.items():
        yield from canvas.spans("not", words(canvas.own(f"{', '.join(rules)}, {reason}"), "dim"), 4, _LABEL)


def _other(incarnation: Incarnation, canvas: Canvas) -> Iterator[str]:
    connection = incarnation.connection
    found = sorted({judged.finding.rule for judged in incarnation.periods if judged.finding})
    text = f"Another connection of the same addresses and ports: frames {connection.first.frame} to {connection.last.frame}, "
    text += f"{count(incarnation.segments, 'packet')}; {', '.join(found) or 'nothing found'}."
    yield from canvas.sentence(text, "dim")
