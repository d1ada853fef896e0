"""One finding a line, each printed as soon as it is decided, and a summary on the last line."""

from __future__ import annotations

from typing import ClassVar, TextIO

from pcapdiag.report.cause_json import advice, cause
from pcapdiag.report.document import finding, groups, head, tail
from pcapdiag.report.json_ import encode
from pcapdiag.report.model import FileNames, Group, Report, group_of
from pcapdiag.rules.types import Finding


class JsonLines:
    """Renders for programs that read while a capture grows.

    Every line has a ``type``: ``finding``, ``unproved``, ``heartbeat`` or ``harmless``; when everything was read, ``cause`` and
    ``advice`` for each service that lost something, then ``summary``.
    A line that is streamed cannot know its twins yet, nor what else the capture will hold: each leg of an incident is then a
    line of its own, and ``compared`` is empty.
    """

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"

    def render(self, report: Report, out: TextIO) -> None:
        """Write all findings, then the summary."""
        for name, found in groups(report).items():
            for f in found:
                out.write(encode({"type": TYPES[name], **finding(f, report)}) + "\n")
        self.finish(report, out)

    def stream(self, decided: Finding, out: TextIO, names: FileNames) -> None:
        """Write a finding as soon as it is decided, and hand it on at once."""
        out.write(encode({"type": TYPES[group_of(decided)], **finding(decided, names)}) + "\n")
        out.flush()

    def finish(self, report: Report, out: TextIO) -> None:
        """Write what lies behind the findings and what cures them, then the summary: the rest of the report."""
        for c in report.causes:
            out.write(encode({"type": "cause", **cause(c)}) + "\n")
        for a in report.advice:
            out.write(encode({"type": "advice", **advice(a)}) + "\n")
        out.write(encode({"type": "summary", **head(report), **tail(report)}) + "\n")


#: What a line of each group is called.
TYPES = {
    Group.FINDINGS: "finding",
    Group.UNPROVED: "unproved",
    Group.HEARTBEATS: "heartbeat",
    Group.HARMLESS: "harmless",
}
