"""The report for a person at a terminal: the answer first, then the proof, then what was read.

Laid out with plain strings; of rich only its table of character widths is used, because the whole command
has to cost less than half of ``tshark -r`` on a small capture, and tens of thousands of findings may be
listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, TextIO

from pcapdiag.inference.events import sentence
from pcapdiag.inference.types import Event
from pcapdiag.report.blocks import finding_block, placed
from pcapdiag.report.brief import apart, context, finding_line
from pcapdiag.report.canvas import MIN_WIDTH, Canvas, Row
from pcapdiag.report.grouping import affected, folded, quiet, quiet_heading
from pcapdiag.report.headline import by_rule, cured, event_name, headline, looked_at, mood, others
from pcapdiag.report.model import FileNames, Group, Report, group_of
from pcapdiag.report.names import STDIN
from pcapdiag.report.reading import reading
from pcapdiag.report.services import LABEL, quiet_services, service_heading, service_rows
from pcapdiag.report.strip import letters
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso
from pcapdiag.report.words import count
from pcapdiag.rules.types import Finding, Severity

#: Up to so many findings are all shown; of more, the first and the last few of each rule of a service.
SHOWN, FIRST, LAST = 50, 3, 2
#: Services in full, events, and services of an event, unless everything is asked for.
SERVICES_SHOWN, EVENTS_SHOWN, EVENT_SERVICES = 10, 5, 3


def canvas(out: TextIO, width: int, color: bool, unicode: bool | None = None) -> Canvas:
    """What suits ``out``: its encoding decides about Unicode unless it is said."""
    encoding = (getattr(out, "encoding", None) or "utf-8").lower().replace("_", "-")
    return Canvas(max(width, MIN_WIDTH), color, encoding.startswith("utf") if unicode is None else unicode)


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

        What is only counted at the end is not shown: what harms nobody, heartbeats, and what is no failure after idle.
        """
        if group_of(finding) in (Group.HARMLESS, Group.HEARTBEATS) or finding.severity is Severity.CONTEXT:
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
        return canvas(out, self.width, self.color, self.unicode)

    def _lines(self, report: Report, canvas: Canvas) -> Iterator[str]:
        yield from canvas.sentence(headline(report), mood(report))
        cure = cured(report)
        if cure:
            yield from canvas.sentence(cure)
        *more, last = others(report) or [""]
        if more:
            yield "Also found:"
            for text in (*more, last):
                yield from canvas.sentence(text, indent=2, hang=2)
        elif last:
            yield from canvas.sentence(f"Also found: {last}.")
        if not report.incidents and report.segments:
            yield from canvas.sentence(looked_at(report))
        events = report.events if self.every else report.events[:EVENTS_SHOWN]
        for event in events:
            yield from self._event(event, canvas)
        if len(report.events) > len(events):
            hidden = count(len(report.events) - len(events), "more event")
            yield from canvas.sentence(f"{canvas.mark} {hidden} (--all lists them)", "dim")
        names = report if len(report.files) > 1 else None
        if report.overall is not None:
            from pcapdiag.report.cause import together  # only who lost something pays for the import

            yield from canvas.sentence(together(report, placed(canvas, names)) or "")
        yield from self._beside(report, canvas)
        yield from self._services(report, canvas, names)
        yield from self._unproved(report, canvas, names)
        yield from context(report, canvas, names, self.every)
        yield from self._apart(report, canvas, names)
        yield ""
        if report.incidents or report.unproved:
            yield from canvas.fact("packets", letters(canvas), "dim")
        yield from canvas.rows(reading(report, canvas, self.every))

    def _event(self, event: Event, canvas: Canvas) -> Iterator[str]:
        """Failures that came together, said once for all of them."""
        shown = event.services if self.every else event.services[:EVENT_SERVICES]
        more = len(event.services) - len(shown)
        on = ", ".join(map(str, shown)) + (f" and {count(more, 'more service')}" if more else "")
        text = f"{iso(event.start, 3)}: {sentence(event)}. On {on}."
        yield from canvas.lines([Span(event_name(event)), *words(canvas.own(text))], rest="  ")

    def _services(self, report: Report, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
        order = affected(report)
        brief = not self.every and len(report.incidents) > SHOWN
        shown = order[:SERVICES_SHOWN] if brief else order
        for service in shown:
            yield ""
            if service.view is not None:
                yield from service_heading(service.view, canvas)
                rows = service_rows(service.view, service.cause, canvas, placed(canvas, names), self.every)
                yield from canvas.rows(rows, 2, LABEL)
            else:
                yield from canvas.lines([Span(str(service.endpoint), "heading")])
            if service.cause is not None:
                from pcapdiag.report.cause_terminal import cause_lines

                paste = self.every or service is shown[0]  # the texts for the others differ in their numbers
                where = placed(canvas, names)
                yield from cause_lines(service.cause, service.advice, canvas, where, every=self.every, paste=paste)
            for found in service.rules.values():
                yield from self._findings(found, canvas, names, brief, report)
        hidden = order[len(shown) :]
        if hidden:
            yield ""
            n = sum(service.incidents for service in hidden)
            text = f"{count(n, 'more incident')} of {count(len(hidden), 'more service')}"
            yield from canvas.sentence(f"{canvas.mark} {text} (--all lists them)", "dim")
        yield from quiet_services(quiet(report), canvas, self.every, quiet_heading(report))

    def _findings(
        self, found: Sequence[Finding], canvas: Canvas, names: FileNames | None, brief: bool, report: Report
    ) -> Iterator[str]:
        first, hidden, last = folded(found, FIRST, LAST) if brief else (found, 0, ())
        for finding in first:
            yield ""
            yield from finding_block(finding, canvas, names, self._joined(finding, report, canvas))
        if hidden:
            yield ""
            yield from canvas.sentence(f"{canvas.mark} {hidden:,} more like these (--all lists them)", "dim", 2, 2)
        for finding in last:
            yield ""
            yield from finding_block(finding, canvas, names, self._joined(finding, report, canvas))

    def _joined(self, finding: Finding, report: Report, canvas: Canvas) -> Iterable[Row]:
        if report.joins is None:
            return ()
        from pcapdiag.report.joined import finding_rows  # only who has more than captures pays for it

        return finding_rows(finding, report, canvas, self.every)

    def _beside(self, report: Report, canvas: Canvas) -> Iterator[str]:
        """The whole story, and what was given beside the captures."""
        if report.joins is None:
            return
        from pcapdiag.report.joined import beside_rows
        from pcapdiag.report.story_terminal import story_lines

        yield from story_lines(report, canvas, self.every)
        rows = list(beside_rows(report, canvas, self.every))
        if rows:
            yield ""
            yield from canvas.lines([Span("Beside the captures", "heading")])
            yield from canvas.rows(rows, 2)

    def _unproved(self, report: Report, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
        found = [f for f in report.unproved if f.severity is not Severity.CONTEXT]
        if not found:
            return
        yield ""
        yield from canvas.sentence(
            f"Not proved: {count(len(found), 'finding')}, for the reason beside each", "heading"
        )
        yield from self._findings(found, canvas, names, not self.every and len(found) > FIRST + LAST, report)

    def _apart(self, report: Report, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
        """What is only counted, or listed if that was asked for."""
        text = apart(report)
        if text is None:
            return
        yield ""
        yield from canvas.sentence(text, hang=2)
        if report.options.show_harmless:
            brief = not self.every and len(report.harmless) + len(report.heartbeats) > SHOWN
            for found in by_rule((*report.harmless, *report.heartbeats)).values():
                yield from self._findings(found, canvas, names, brief, report)
