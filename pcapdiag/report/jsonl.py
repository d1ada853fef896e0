"""One finding a line, each printed as soon as it is decided, and a summary on the last line."""

from __future__ import annotations

from typing import ClassVar, TextIO

from pcapdiag.report.document import finding, groups, head, tail
from pcapdiag.report.json_ import encode
from pcapdiag.report.model import FileNames, Report
from pcapdiag.rules.types import Finding


class JsonLines:
    """Renders for programs that read while a capture grows.

    Every line has a ``type``: ``finding``, ``unproved``, ``heartbeat`` or ``farewell``, then ``summary`` at
    the end.
    A line that is streamed cannot know its twins yet: each leg of an incident is then a line of its own.
    """

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"

    def render(self, report: Report, out: TextIO) -> None:
        """Write all findings, then the summary."""
        for name, found in groups(report).items():
            for f in found:
                out.write(encode({"type": _SINGULAR[name], **finding(f, report)}) + "\n")
        self.finish(report, out)

    def stream(self, decided: Finding, out: TextIO, names: FileNames) -> None:
        """Write a finding as soon as it is decided, and hand it on at once."""
        out.write(encode({"type": line_type(decided), **finding(decided, names)}) + "\n")
        out.flush()

    def finish(self, report: Report, out: TextIO) -> None:
        """Write the summary: the whole report but the findings."""
        out.write(encode({"type": "summary", **head(report), **tail(report)}) + "\n")


def line_type(f: Finding) -> str:
    """What a finding will count as."""
    if f.sent.farewell:
        return "farewell"
    if f.period.wake.heartbeat:
        return "heartbeat"
    return "finding" if f.proved else "unproved"


_SINGULAR = {
    "findings": "finding",
    "unproved": "unproved",
    "heartbeats": "heartbeat",
    "farewells": "farewell",
}
