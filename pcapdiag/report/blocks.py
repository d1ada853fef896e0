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

    def row(label: str, spans: list[Span], elsewhere: RecordRef | None = None) -> Iterator[str]:
        if elsewhere and elsewhere.file != period.file:
            spans = [*spans, *words(in_file(elsewhere.file, "(in", canvas, names) + ")", "dim")]
        return canvas.spans(label, spans, 4, FRAME)

    head = [
        Span(iso(wake.time, 3)),
        Span(f" {connection.client} ->", "heading"),
        Span(str(connection.server), "heading"),
    ]
    yield from canvas.lines([*head, Span(" " + stream(period))], Span("  "), " " * 4)
    if names:
        yield from row("file", [Span(canvas.path(names.file_name(period.file), canvas.width - 4 - FRAME))])

    idle = [Span("idle"), Span(gap(period), "gap"), *probed(period)]
    if period.start:
        yield from row(f"frame {period.start.frame}", [Span("then"), *idle], period.start)
    else:
        yield from row("before", [*idle, *words("(first seen here)", "dim")])
    what = words(f"{period.sender} sent {sent(finding)}" + (":" if finding.sent.label else ""))
    if finding.sent.label:
        what.append(Span(canvas.quote(finding.sent.label, canvas.width - 4 - FRAME)))
    yield from row(f"frame {wake.frame}", what)
    sure = [Span(str(finding.confidence), "" if finding.confidence is Confidence.CERTAIN else "warn")]
    sure += words(f"({finding.rule} {finding.name})", "dim")
    back = period.answer.first.ref if period.answer else None
    came = words(canvas.own(answer(period)) + ";", "bad")
    yield from row(f"frame {back.frame}" if back else "nothing", [*came, *sure], back)
    for text in finding.against:
        yield from row("but", words(canvas.own(text), "warn"))
    for twin in finding.twins:
        how = "in another place" if ends(twin) == ends(period) else f"before or after NAT as {ends(twin)}"
        numbers = ", ".join(str(p.ref.frame) for p in proof(twin))
        yield from row("also seen", words(f"{how}: frames {numbers} in {stream(twin)}"
                                            + in_file(twin.file, " of", canvas, names)))  # fmt: skip
    filters = display_filters(period)
    for file, text in filters:
        parts = [Span(part, "copy") for part in text.replace(" || ", " ||\n").split("\n")]
        parts += words(in_file(file, "(in", canvas, names) + ")", "dim") if len(filters) > 1 and names else []
        yield from canvas.lines(parts, Span("    "), " " * 4)


def probed(period: IdlePeriod) -> list[Span]:
    """Keepalive probes inside an idle period, and the silence that was left."""
    probes = sum(period.probes)
    return (
        words(f"({count(probes, 'keepalive probe')}; silent for the last {seconds(period.silence)})")
        if probes
        else []
    )


def finding_line(finding: Finding, canvas: Canvas, names: FileNames | None) -> str:
    """A finding on one line, however long, for output that is still growing."""
    period = finding.period
    label = f" ({canvas.quote(finding.sent.label, 60)})" if finding.sent.label else ""
    numbers = ", ".join(str(p.ref.frame) for p in proof(period))
    sure = str(finding.confidence) if finding.proved else "not proved"
    return (
        f"{iso(period.wake.first.ref.time, 3)} {ends(period)} idle {gap(period)}, "
        f"{period.sender} sent {sent(finding)}{label}, {canvas.own(answer(period))}; {sure} ({finding.rule}); "
        f"frames {numbers} in {stream(period)}{in_file(period.file, ' of', canvas, names)}"
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
        text = (
            f"{'>= ' if survived.lower_bound else ''}{seconds(survived.length)} (frame {survived.ended.frame}"
        )
        yield from row(
            "longest silence survived", text + in_file(survived.ended.file, " of", canvas, names) + ")"
        )
    else:
        yield from row("longest silence survived", "none was seen to survive")
    if failed:
        text = f"{failed_silence(failed)} (frame {failed.ended.frame}"
        text += in_file(failed.ended.file, " of", canvas, names)
        least = "at least " if view.total_is_lower_bound else ""
        text += f"); {view.failed_beyond:,} of {least}{view.total_beyond:,} that long failed"
        yield from row("shortest that failed", text)
    yield from row("keepalive probes", probes(view))
    if view.pattern is not Pattern.NONE:
        yield from row("pattern", f"{view.pattern}: {view.pattern_reason}")


def probes(view: ServiceView) -> str:
    """Whether anybody sent keepalive probes to or from this service."""
    clients, servers = view.service.probes
    if not clients and not servers:
        return "none seen"
    connections = count(view.service.connections, "connection")
    return (
        f"{clients:,} from clients, {servers:,} from the server, on {view.service.probed:,} of {connections}"
    )
