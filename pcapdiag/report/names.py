"""Names of captures for those who have other directories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pcapdiag.report.model import Report
from pcapdiag.rules.types import Finding

#: How the file is called that has no name.
STDIN = "standard input"


def short(names: Sequence[str]) -> tuple[str, ...]:
    """The names without the directories that are not needed to tell them apart.

    >>> short(["/tmp/a/x.pcap", "/tmp/b/x.pcap", "y.pcap"])
    ('a/x.pcap', 'b/x.pcap', 'y.pcap')
    """
    parts = [name.split("/") for name in names]
    deepest = max((len(part) for part in parts), default=1)
    for depth in range(1, deepest + 1):
        found = tuple("/".join(part[-depth:]) for part in parts)
        if len(set(found)) == len(set(names)):
            return found
    return tuple(names)


def shortened(report: Report) -> Report:
    """The report with the names of its files shortened."""
    return renamed(report, short([file.name for file in report.files]))


def renamed(report: Report, names: Sequence[str]) -> Report:
    """The report with these names for its files, in their order, also where a finding or an error speaks of one."""
    new = {file.name: name for file, name in zip(report.files, names, strict=True) if file.name != name}
    if not new:
        return report
    some = "|".join(re.escape(name) for name in sorted(new, key=len, reverse=True))
    frame = re.compile(rf"(?<=\d of )(?:{some})")  # "frame 12 of podA.pcap"
    anywhere = re.compile(some)

    def told(pattern: re.Pattern[str], text: str) -> str:
        return pattern.sub(lambda found: new[found[0]], text)

    def findings(group: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(replace(f, compared=tuple(told(frame, text) for text in f.compared)) for f in group)

    return replace(
        report,
        files=tuple(
            replace(f, name=new.get(f.name, f.name), error=None if f.error is None else told(anywhere, f.error))
            for f in report.files
        ),
        findings=findings(report.findings),
        unproved=findings(report.unproved),
        heartbeats=findings(report.heartbeats),
        harmless=findings(report.harmless),
    )
