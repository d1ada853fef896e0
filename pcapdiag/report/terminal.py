"""The report for a person at a terminal: the answer first, then the proof, then what was read.

Laid out with plain strings; of rich only its table of character widths is used, because the whole command
has to cost less than half of ``tshark -r`` on a small capture, and tens of thousands of findings may be
listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, TextIO

from pcapdiag.engine.types import Endpoint
from pcapdiag.inference.types import ServiceView
from pcapdiag.report.blocks import finding_block, finding_line, server_of, service_block
from pcapdiag.report.canvas import MIN_WIDTH, Canvas
from pcapdiag.report.model import FileNames, Report
from pcapdiag.report.reading import reading
from pcapdiag.report.text import Span
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count, headline, looked_at, others
from pcapdiag.rules.types import Finding

#: Up to so many findings are all shown; of more, the first and the last few of each service.
SHOWN, FIRST, LAST = 50, 3, 2
#: How the file is called that has no name: it needs none.
STDIN = "standard input"
#: Services in full, and quiet services in a line each, unless everything is asked for.
SERVICES_SHOWN, QUIET_SHOWN = 10, 5


class Terminal:
    """Renders for people. ``every`` leaves nothing out; ``unicode`` None asks the output's encoding."""

    name: ClassVar[str] = "terminal"
    suffix: ClassVar[str] = ".txt"

    def __init__(
        self, *, width: int = 80, color: bool = False, unicode: bool | None = None, every: bool = False
    ) -> None:
        self.width, self.color, self.unicode, self.every = max(width, MIN_WIDTH), color, unicode, every
        self._streamed = False

    def render(self, report: Report, out: TextIO) -> None:
        """Write the whole report."""
        for line in self._lines(report, self._canvas(out)):
            out.write(line + "\n")

    def stream(self, finding: Finding, out: TextIO, names: FileNames) -> None:
        """Write a finding on one line as soon as it is decided, and hand it on.

        Heartbeats and farewells are counted at the end, not shown.
        """
        if finding.sent.farewell or finding.period.wake.heartbeat:
            return
        shown = None if names.file_name(finding.period.file) == STDIN else names
        out.write(finding_line(finding, self._canvas(out), shown) + "\n")
        out.flush()
        self._streamed = True

    def finish(self, report: Report, out: TextIO) -> None:
        """Write the whole report, apart from what was streamed before."""
        if self._streamed:
            out.write("\n")
        self.render(report, out)

    def _canvas(self, out: TextIO) -> Canvas:
        encoding = (getattr(out, "encoding", None) or "utf-8").lower().replace("_", "-")
        unicode = encoding.startswith("utf") if self.unicode is None else self.unicode
        return Canvas(self.width, self.color, unicode)

    def _lines(self, report: Report, canvas: Canvas) -> Iterator[str]:
        bad = bool(report.findings or report.unproved)
        style = "answer-bad" if bad else "answer-good" if report.segments else "warn"
        yield from canvas.sentence(headline(report), style)
        other = others(report)
        if other:
            yield from canvas.sentence(other)
        if not report.findings and report.segments:
            yield from canvas.sentence(looked_at(report))
        names = report if len(report.files) > 1 else None
        yield from self._services(report, canvas, names)
        yield from self._unproved(report, canvas, names)
        yield from self._apart(report, canvas)
        yield ""
        yield from reading(report, canvas, self.every)

    def _services(self, report: Report, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
        groups: dict[Endpoint, list[Finding]] = {}
        for finding in report.findings:
            groups.setdefault(server_of(finding), []).append(finding)
        views = {v.endpoint: v for v in report.services}
        order = [e for e in views if e in groups] + [e for e in groups if e not in views]
        brief = not self.every and len(report.findings) > SHOWN
        shown = order[:SERVICES_SHOWN] if brief else order
        for endpoint in shown:
            yield ""
            if endpoint in views:
                yield from service_block(views[endpoint], canvas, names)
            else:
                yield from canvas.lines([Span(str(endpoint), "heading")])
            yield from self._findings(groups[endpoint], canvas, names, brief)
        hidden = order[len(shown) :]
        if hidden:
            n = sum(len(groups[e]) for e in hidden)
            yield ""
            text = f"{count(n, 'more incident')} of {count(len(hidden), 'more service')}"
            yield from canvas.sentence(f"{canvas.mark} {text} (--all lists them)", "dim")
        yield from self._quiet([v for v in report.services if v.endpoint not in groups], canvas, bool(order))

    def _findings(
        self, found: Sequence[Finding], canvas: Canvas, names: FileNames | None, brief: bool
    ) -> Iterator[str]:
        hidden = len(found) - FIRST - LAST if brief and len(found) > FIRST + LAST + 1 else 0
        for i, finding in enumerate(found):
            if hidden and FIRST <= i < FIRST + hidden:
                if i == FIRST:
                    yield ""
                    yield from canvas.sentence(
                        f"{canvas.mark} {hidden:,} more like these (--all lists them)", "dim", 2, 2
                    )
                continue
            yield ""
            yield from finding_block(finding, canvas, names)

    def _quiet(self, views: Sequence[ServiceView], canvas: Canvas, after_others: bool) -> Iterator[str]:
        """Services that lost nothing: one line each, the longest silence first."""
        known = [v for v in views if v.longest_survived]
        known.sort(key=lambda v: -(v.longest_survived.length if v.longest_survived else 0))
        if not known:
            return
        yield ""
        yield from canvas.sentence("Services without an incident" if after_others else "Services", "heading")
        shown = known if self.every else known[:QUIET_SHOWN]
        for v in shown:
            if v.longest_survived is None:
                continue
            probes = count(sum(v.service.probes), "keepalive probe") if any(v.service.probes) else "no keepalive probe"
            least = ">= " if v.longest_survived.lower_bound else ""
            text = f"survived {least}{seconds(v.longest_survived.length)} of silence; {probes}"
            yield from canvas.lines([Span(str(v.endpoint)), Span(f"{canvas.dot} {text}")], Span("  "), "    ")
        if len(known) > len(shown):
            yield from canvas.sentence(f"{canvas.mark} {len(known) - len(shown):,} more (--all lists them)", "dim", 2)

    def _unproved(self, report: Report, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
        found = report.unproved
        if not found:
            return
        yield ""
        yield from canvas.sentence(
            f"Not proved: {count(len(found), 'more finding')}, because traffic was missed", "heading"
        )
        yield from self._findings(found, canvas, names, not self.every and len(found) > FIRST + LAST)

    def _apart(self, report: Report, canvas: Canvas) -> Iterator[str]:
        """What is only counted."""
        texts = []
        if report.heartbeats:
            texts.append(f"{count(len(report.heartbeats), 'heartbeat')} after idle answered by RST")
        if report.farewells:
            texts.append(f"{count(len(report.farewells), 'farewell')} answered by RST, which harms nobody")
        if report.dropped_findings:
            texts.append(f"{count(report.dropped_findings, 'more finding')} beyond what is kept")
        if texts:
            yield ""
            yield from canvas.sentence("Counted apart: " + "; ".join(texts) + ".", hang=2)
