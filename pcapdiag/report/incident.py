"""What a report that leaves the terminal says of one incident, whatever its format: facts in words, nothing decided here."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Connection, WakeKind
from pcapdiag.report.blocks import stream
from pcapdiag.report.excerpt import Excerpt
from pcapdiag.report.filters import proof
from pcapdiag.report.model import CaptureFile, Report
from pcapdiag.report.words import answer, count, sent
from pcapdiag.rules.types import Finding, Severity, Signal


def title(finding: Finding) -> str:
    """What was sent, and what came back: ``client sent 93 bytes, bare RST after 69 µs``."""
    period = finding.period
    if period.wake.kind is WakeKind.RST:
        return f"{sent(finding)} in the {period.sender}'s name"
    return f"{period.sender} sent {sent(finding)}, {answer(period)}"


def verdict(finding: Finding) -> str:
    """The rule and how sure it is: ``IDLE101 reset-after-idle, certain``."""
    severe = "" if finding.severity is Severity.FAILURE else f" ({finding.severity})"
    proved = "" if finding.proved else ", not proved"
    return f"{finding.rule} {finding.name}, {finding.confidence}{severe}{proved}"


def label(finding: Finding) -> str | None:
    """The request line, or what else can be read of what was sent; as the sender wrote it."""
    return finding.sent.label if finding.period.wake.kind is WakeKind.PAYLOAD else None


def where(finding: Finding, report: Report) -> str:
    """Where to look: ``frames 22, 97, 98 in tcp.stream 2``, with the file if there are several."""
    numbers = [str(p.ref.frame) for p in proof(finding.period)]
    text = f"frame{'s' if len(numbers) > 1 else ''} {', '.join(numbers)} in {stream(finding.period)}"
    return text + (f" of {report.file_name(finding.period.file)}" if len(report.files) > 1 else "")


def handshake(connection: Connection) -> str:
    """Whether the connection's beginning was captured: who is asked for help asks that first."""
    if connection.handshake:
        return f"captured, from frame {connection.first.frame}"
    return f"not captured; the connection is first seen at frame {connection.first.frame}"


def signal_text(signal: Signal) -> str:
    """One observation about a RST with its values, and to whom it points, if it does."""
    points = f" (points to {signal.points_to})" if signal.points_to else ""
    return f"{signal.name}: {signal.values}{points}"


def next_connection(excerpt: Excerpt | None) -> str | None:
    """What the same client did next to the same server; None where nothing is known of it."""
    if excerpt is None or excerpt.successor is None:
        return None
    next_ = excerpt.successor.connection
    since = next_.first.time - excerpt.wakes[-1].time
    when = f"{format_duration(since)} after" if since >= 0 else f"{format_duration(-since)} before"
    opened = "with its handshake" if next_.handshake else "without a whole handshake"
    frames = f"{stream(next_)}, from frame {next_.first.frame}"
    client, server = next_.payload
    payload = f"{count(client, 'byte')} from the client and {count(server, 'byte')} from the server"
    return f"{next_.client} -> {next_.server} ({frames}), begun {when} the last incident here, {opened}; {payload}"


def digests(report: Report) -> Iterator[tuple[CaptureFile, str]]:
    """The files of which the SHA-256 is known."""
    for file in report.files:
        if file.sha256 is not None:
            yield file, file.sha256

