"""The parts of the terminal report that are about incidents: a service, a finding, a finding on one line."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.engine.types import Endpoint, IdlePeriod, RecordRef
from pcapdiag.inference.types import Pattern, ServiceView
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.filters import display_filters, proof
from pcapdiag.report.model import FileNames
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import answer, count, failed_silence, gap, sent
from pcapdiag.rules.types import Confidence, Finding

#: Widths of the label columns of a finding and of a service.
FRAME, SILENCE = 12, 26


def server_of(finding: Finding) -> Endpoint:
    """The service that a finding belongs to."""
    return finding.period.connection.server


def ends(period: IdlePeriod) -> str:
    """Client and server of a period's connection."""
    return f"{period.connection.client} -> {period.connection.server}"


def stream(period: IdlePeriod) -> str:
    """Wireshark's number of the connection."""
    return "tcp.stream unknown" if period.stream is None else f"tcp.stream {period.stream}"


def in_file(index: int, word: str, canvas: Canvas, names: FileNames | None) -> str:
    """The file's name after ``word``, or nothing if there is only one file."""
    return f"{word} {canvas.path(names.file_name(index), 40)}" if names else ""


def finding_block(finding: Finding, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
    """A finding as a ladder of its frames; ``names`` is given if there is more than one file."""
    period = finding.period
    connection, wake = period.connection, period.wake.first.ref

    def row(label: str, spans: list[Span], at: RecordRef | None = None) -> Iterator[str]:
        elsewhere = in_file(at.file, "(in", canvas, names) if at and at.file != period.file else ""
        spans = [*spans, *words(elsewhere and elsewhere + ")", "dim")]
        return canvas.spans(label, spans, 4, FRAME, "" if at else "dim")

    yield from canvas.lines(
        [
            Span(iso(wake.time, 3)),
            Span(f" {connection.client} ->", "heading"),
            Span(str(connection.server), "heading"),
            Span(" " + stream(period)),
        ],
        Span("  "),
        " " * 4,
    )
    if names:
        yield from row("file", [Span(canvas.path(names.file_name(period.file), canvas.width - 4 - FRAME))])

    idle = [Span("idle"), Span(gap(period), "gap"), *probed(period)]
    if period.start:
        yield from row(f"frame {period.start.frame}", [Span("then"), *idle], period.start)
    else:
        yield from row("before", [*idle, *words("(first seen here)", "dim")])

    label = finding.sent.label
    what = words(f"{period.sender} sent {sent(finding)}" + (":" if label else ""))
    what += [Span(canvas.quote(label, canvas.width - 4 - FRAME))] if label else []
    yield from row(f"frame {wake.frame}", what, wake)

    back = period.answer.first.ref if period.answer else None
    came = words(canvas.own(answer(period)) + ";", "bad")
    came.append(Span(str(finding.confidence), "" if finding.confidence is Confidence.CERTAIN else "warn"))
    came += words(f"({finding.rule} {finding.name})", "dim")
    yield from row(f"frame {back.frame}" if back else "after", came, back)

    for text in finding.against:
        yield from row("but", words(canvas.own(text), "warn"))
    for twin in finding.twins:
        yield from row("also seen", words(also_seen(twin, period, canvas, names)))
    yield from filter_lines(period, canvas, names)


def also_seen(twin: IdlePeriod, period: IdlePeriod, canvas: Canvas, names: FileNames | None) -> str:
    """Where the same incident was captured again."""
    how = "in another place" if ends(twin) == ends(period) else f"before or after NAT as {ends(twin)}"
    numbers = ", ".join(str(p.ref.frame) for p in proof(twin))
    return f"{how}: frames {numbers} in {stream(twin)}{in_file(twin.file, ' of', canvas, names)}"


def filter_lines(period: IdlePeriod, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
    """The display filters, alone on their lines, to be copied."""
    filters = display_filters(period)
    for file, text in filters:
        *first, last = text.split(" || ")
        spans = [*(Span(f"{part} ||", "copy") for part in first), Span(last, "copy")]
        if len(filters) > 1 and names:
            spans += words(in_file(file, "(in", canvas, names) + ")", "dim")
        yield from canvas.lines(spans, Span("    "), " " * 4)


def probed(period: IdlePeriod) -> list[Span]:
    """Keepalive probes inside an idle period, and the silence that was left."""
    probes = sum(period.probes)
    if not probes:
        return []
    return words(f"({count(probes, 'keepalive probe')}; silent for the last {seconds(period.silence)})")


def finding_line(finding: Finding, canvas: Canvas, names: FileNames | None) -> str:
    """A finding on one line, however long, for output that is still growing."""
    period = finding.period
    label = f" ({canvas.quote(finding.sent.label, 60)})" if finding.sent.label else ""
    numbers = ", ".join(str(p.ref.frame) for p in proof(period))
    sure = str(finding.confidence) if finding.proved else "not proved"
    return (
        f"{iso(period.wake.first.ref.time, 3)} {ends(period)} idle {gap(period)}, "
        f"{period.sender} sent {sent(finding)}{label}, {canvas.own(answer(period))}; "
        f"{sure} ({finding.rule}); frames {numbers} in {stream(period)}"
        f"{in_file(period.file, ' of', canvas, names)}"
    )


def service_block(view: ServiceView, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
    """What a service's silences say, beside the findings."""
    service = view.service

    def row(label: str, text: str) -> Iterator[str]:
        return canvas.spans(label, words(canvas.own(text)), 2, SILENCE)

    of = f"{count(view.incidents, 'incident')} in {count(service.idle_periods, 'idle period')}"
    of += f" of {count(service.connections, 'connection')}"
    yield from canvas.lines([Span(str(view.endpoint), "heading"), *words(f"{canvas.dot} {of}")], rest="  ")
    survived, failed = view.longest_survived, view.shortest_failed
    if survived:
        least = ">= " if survived.lower_bound else ""
        at = f"(frame {survived.ended.frame}{in_file(survived.ended.file, ' of', canvas, names)})"
        yield from row("longest silence survived", f"{least}{seconds(survived.length)} {at}")
    else:
        yield from row("longest silence survived", "none was seen to survive")
    if failed:
        least = "at least " if view.total_is_lower_bound else ""
        at = f"(frame {failed.ended.frame}{in_file(failed.ended.file, ' of', canvas, names)})"
        text = f"{view.failed_beyond:,} of {least}{view.total_beyond:,} that long failed"
        yield from row("shortest that failed", f"{failed_silence(failed)} {at}; {text}")
    yield from row("keepalive probes", probes(view))
    if view.pattern is not Pattern.NONE:
        yield from row("pattern", f"{view.pattern}: {view.pattern_reason}")


def probes(view: ServiceView) -> str:
    """Whether anybody sent keepalive probes to or from this service."""
    clients, servers = view.service.probes
    if not clients and not servers:
        return "none seen"
    connections = count(view.service.connections, "connection")
    on = f"on {view.service.probed:,} of {connections}"
    return f"{clients:,} from clients, {servers:,} from the server, {on}"
