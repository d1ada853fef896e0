"""A finding in the terminal report: the ladder of its frames, the verdict, what stands against it, where to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Connection, IdlePeriod, RecordRef, WakeKind
from pcapdiag.report.bracket import Where
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.filters import display_filters, proof
from pcapdiag.report.model import FileNames
from pcapdiag.report.strip import strip
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import answer, count, gap, nothing_came, origin, sent
from pcapdiag.rules.conditions import all_but_crossed, client_waited_for, crossed
from pcapdiag.rules.types import Confidence, Finding, Severity

#: Width of the column with frame numbers and codes.
FRAME = 12


def ends(period: IdlePeriod) -> str:
    """Client and server of a period's connection."""
    return f"{period.connection.client} -> {period.connection.server}"


def stream(of: IdlePeriod | Connection) -> str:
    """Wireshark's number of the connection, in the file that the period, or the connection, is in."""
    return "tcp.stream unknown" if of.stream is None else f"tcp.stream {of.stream}"


def in_file(index: int, word: str, canvas: Canvas, names: FileNames | None) -> str:
    """The file's name after ``word``, or nothing if there is only one file."""
    return f"{word} {canvas.path(names.file_name(index), 40)}" if names else ""


def placed(canvas: Canvas, names: FileNames | None) -> Where:
    """Names frames, with their files if there are several."""
    return lambda at: f"frame {at.frame}{in_file(at.file, ' of', canvas, names)}"


def finding_block(finding: Finding, canvas: Canvas, names: FileNames | None, more: Iterable[Row] = ()) -> Iterator[str]:
    """A finding as a ladder of its frames; ``names`` is given if there is more than one file. ``more`` follows the verdict."""
    period = finding.period
    connection = period.connection
    yield from canvas.lines(
        [
            Span(iso(period.wake.first.ref.time, 3)),
            Span(f" {connection.client} ->", "heading"),
            Span(str(connection.server), "heading"),
            Span(" " + stream(period)),
        ],
        Span("  "),
        " " * 4,
    )
    if names:
        file = Span(canvas.path(names.file_name(period.file), canvas.width - 4 - FRAME))
        yield from canvas.spans("file", [file], 4, FRAME)
    yield from finding_body(finding, canvas, names, more)


def finding_body(finding: Finding, canvas: Canvas, names: FileNames | None, more: Iterable[Row] = ()) -> Iterator[str]:
    """The same without the line that names the connection."""
    yield from canvas.spans("packets", strip(finding, canvas), 4, FRAME)
    yield from canvas.rows(proof_rows(finding, canvas, names), 4, FRAME)
    yield from canvas.rows(_verdict(finding, canvas), 4, FRAME)
    yield from canvas.rows(more, 4, FRAME)
    yield from canvas.rows(limiting_rows(finding, canvas, names), 4, FRAME)
    yield from filter_lines(finding.period, canvas, names)


def proof_rows(finding: Finding, canvas: Canvas, names: FileNames | None) -> Iterator[Row]:
    """The frames that prove it, in the order in which they were captured."""
    period = finding.period
    if not period.idle and period.start is None:
        yield Row("before", words("not kept, as there was no idle period", "dim"))
    elif period.start is None:
        first = [Span("idle"), Span(gap(period), "gap"), *probed(period), *words("(first seen here)", "dim")]
        yield Row("before", first)
    for role, at in proof(period):
        elsewhere = in_file(at.file, "(in", canvas, names) if at.file != period.file else ""
        spans = [*frame_told(finding, role, at, canvas), *words(elsewhere and elsewhere + ")", "dim")]
        yield Row(f"frame {at.frame}", spans, "")
    if nothing := nothing_came(period):
        yield canvas.told("after", nothing, "bad")


def frame_told(finding: Finding, role: str, at: RecordRef, canvas: Canvas) -> list[Span]:
    """What one frame of the proof shows."""
    period = finding.period
    peer = "server" if period.sender == "client" else "client"
    if role == "last before":
        then = ["then idle"] if period.idle else ["then, with no idle period,"]
        closed = words(canvas.own(f"(with the {peer}'s FIN, {_crossing(period, at)})")) if period.peer_fin == at else []
        return [*closed, Span(*then), Span(gap(period), "gap"), *probed(period)]
    if role == "FIN":
        return words(canvas.own(f"{peer}'s FIN, {_crossing(period, at)}"))
    if role == "heard":
        return words(f"{peer} sent something, but no ACK of it", "warn")
    if role == "went on":
        return words(f"{peer} went on as if it had sent no RST", "warn")
    if at == period.wake.first.ref:
        label = finding.sent.label if period.wake.kind is WakeKind.PAYLOAD else None
        if period.wake.kind is WakeKind.RST:
            return words(f"{sent(finding)} in the {period.sender}'s name{_while_waiting(period)}", "bad")
        what = words(f"{period.sender} sent {sent(finding)}" + (":" if label else ""))
        return what + ([Span(canvas.quote(label, canvas.width - 4 - FRAME))] if label else [])
    return words(canvas.own(answer(period)), "bad")


def _while_waiting(period: IdlePeriod) -> str:
    """Whether a RST in silence came while an answer was due: of the three faces of IDLE104, the one that a user sees."""
    if not client_waited_for(period):
        return ""
    return ": it gave up waiting for an answer" if period.sender == "client" else ", while the client waited for an answer"


def _crossing(period: IdlePeriod, fin: RecordRef) -> str:
    """When the FIN came against the wake, and whether the wake acknowledges it."""
    before = period.wake.first.ref.time - fin.time
    when = f"{format_duration(before)} before" if before >= 0 else f"{format_duration(-before)} after"
    how = "acknowledged by it" if period.fin_acknowledged else "not acknowledged by it"
    if period.fin_acknowledged:
        how += ": they all but crossed" if all_but_crossed(period) else ", so ignored"
    if crossed(period):
        how += ": they crossed in flight"
    return f"{when} the {period.kind.replace('-', ' ')}, {how}"


def _verdict(finding: Finding, canvas: Canvas) -> Iterator[Row]:
    """The rule, how sure it is, and who sent the RST."""
    sure = Span(str(finding.confidence), "" if finding.confidence is Confidence.CERTAIN else "warn")
    severe = words(f"({finding.severity})", "dim") if finding.severity is not Severity.FAILURE else []
    yield Row(finding.rule, [Span(f"{finding.name},", "heading"), sure, *severe], "heading")
    if finding.origin is not None:
        yield canvas.told("RST from", origin(finding.origin))


def limiting_rows(finding: Finding, canvas: Canvas, names: FileNames | None) -> Iterator[Row]:
    """Everything that stands against a verdict or beside it."""
    for text in finding.against:
        yield canvas.told("but", text, "warn")
    for doubt in finding.doubts:
        if doubt.most:  # what weakens nothing is said once, at the end
            yield canvas.told(doubt.code, doubt.text, "warn")
    for text in finding.compared:
        yield canvas.told("compared", text, "warn")
    for twin in finding.twins:
        yield canvas.told("also seen", also_seen(twin, finding.period, canvas, names))


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
