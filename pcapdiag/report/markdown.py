"""The report as Markdown, to be pasted into a ticket on GitHub, GitLab or Jira: the answer first, then the proof, in bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple, TextIO

from pcapdiag.engine.types import WakeKind
from pcapdiag.inference.events import sentence
from pcapdiag.report.blocks import ends, placed
from pcapdiag.report.brief import apart, context_heading
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cause import together
from pcapdiag.report.filters import proof
from pcapdiag.report.grouping import affected, quiet, quiet_heading, spread
from pcapdiag.report.headline import by_rule, cured, event_name, headline, looked_at, others
from pcapdiag.report.incident import digests, label, where
from pcapdiag.report.markdown_cause import cause_paragraphs
from pcapdiag.report.markdown_incident import incident
from pcapdiag.report.markdown_text import code, prose, table
from pcapdiag.report.model import Report
from pcapdiag.report.reading import reading
from pcapdiag.report.services import longest_first, quiet_text, service_rows, size
from pcapdiag.report.times import iso
from pcapdiag.report.words import answer, count, gap, sent
from pcapdiag.rules.types import Finding, Severity

#: GitHub takes 65,536 characters for an issue or comment, Jira 32,767 by default, GitLab about a million. What is kept below
#: GitHub's limit leaves room for what the person who asks has to say.
MOST = 60_000


class _Sizes(NamedTuple):
    """How much is shown of what there may be much of: incidents in full, rows of a table, services and files, cures with their
    texts."""

    incidents: int
    rows: int
    services: int
    texts: int


#: What is tried in turn until it fits.
_TRIES = tuple(
    _Sizes(*sizes)
    for sizes in ((5, 100, 10, 3), (5, 30, 10, 3), (3, 30, 10, 2), (2, 20, 5, 1), (1, 10, 5, 0), (0, 5, 2, 0), (0, 0, 0, 0))
)


class Markdown:
    """Renders for trackers. ``most`` is how many characters they take."""

    name: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"

    def __init__(self, *, most: int = MOST) -> None:
        self.most = most

    def render(self, report: Report, out: TextIO) -> None:
        """Write as much of the report as a tracker takes, and say what was left out."""
        text = ""
        for sizes in _TRIES:
            text = "\n\n".join(_Page(report, sizes).paragraphs()) + "\n"
            if len(text) <= self.most:
                break
        out.write(text)


class _Page:
    """One report in one size."""

    def __init__(self, report: Report, sizes: _Sizes) -> None:
        self.report, self.sizes = report, sizes
        self.names = report if len(report.files) > 1 else None
        self.canvas = Canvas(160)

    def paragraphs(self) -> Iterator[str]:
        """The whole text, paragraph by paragraph."""
        report = self.report
        yield f"**{prose(headline(report))}**"
        cure = cured(report)
        if cure:
            yield prose(cure)
        also = others(report)
        if also:
            yield f"Also found: {'; '.join(map(prose, also))}."
        if not report.incidents and report.segments:
            yield prose(looked_at(report))
        yield from self.events()
        yield from self.beside()
        yield from self.table(report.incidents)
        yield from self.services()
        yield from self.causes()
        yield from self.incidents()
        yield from self.unproved()
        yield from self.context()
        text = apart(report)
        if text:
            yield prose(text)
        yield from self.read()

    def events(self) -> Iterator[str]:
        """Failures that came together."""
        shown = self.report.events[: self.sizes.services]
        for event in shown:
            on = ", ".join(code(str(service)) for service in event.services[:3])
            more = f" and {len(event.services) - 3:,} more" if len(event.services) > 3 else ""
            yield f"**{event_name(event)}** {iso(event.start, 3)}: {prose(sentence(event))}. On {on}{more}."
        yield from _left_out(len(self.report.events) - len(shown), "event")

    def beside(self) -> Iterator[str]:
        """The whole story, and what was given beside the captures."""
        if self.report.joins is None:
            return
        from pcapdiag.report.story_markdown import beside, story

        shown = self.report.story[: self.sizes.services]
        for one in shown:
            yield from story(one, evidence=self.sizes.rows // 3, commands=self.sizes.texts > 0)
        yield from _left_out(len(self.report.story) - len(shown), "story", "stories")
        yield from beside(self.report, self.canvas)

    def table(self, findings: Sequence[Finding]) -> Iterator[str]:
        """A row for each incident."""
        shown = findings[: self.sizes.rows]
        if shown:
            head = ("time", "client", "server", "idle", "sent", "came back", "RST from", "verdict", "frames", "`tcp.stream`")
            yield table(head, map(self.row, shown))
        yield from _left_out(len(findings) - len(shown), "incident")

    def row(self, finding: Finding) -> list[str]:
        """One incident."""
        period = finding.period
        said = label(finding)
        name = f" {code(self.report.file_name(period.file), 40)}" if self.names else ""
        what = prose(f"{period.sender} sent {sent(finding)}") + (f" {code(said, 60)}" if said else "")
        number = "unknown" if period.stream is None else str(period.stream)
        return [
            iso(period.wake.first.ref.time, 3),
            code(str(period.connection.client)),
            code(str(period.connection.server)),
            prose(gap(period)) if period.idle else "",
            what,
            "" if period.wake.kind is WakeKind.RST else prose(answer(period)),
            str(finding.origin.sender) if finding.origin else "",
            f"{finding.rule} {finding.confidence}",
            ", ".join(str(p.ref.frame) for p in proof(period)),
            f"{number}{name}",
        ]

    def services(self) -> Iterator[str]:
        """What the silences of each service say, in brackets."""
        hit = [(service.view, service.cause) for service in affected(self.report) if service.view is not None]
        shown = hit[: self.sizes.services]
        for view, cause in shown:
            yield f"### Service {code(str(view.endpoint))}"
            told = service_rows(view, cause, self.canvas, placed(self.canvas, self.names), every=False)
            yield table((prose(size(view)), ""), [[row.label, prose(row.text)] for row in told])
        yield from _left_out(len(hit) - len(shown), "service with incidents", "services with incidents")
        calm = longest_first(quiet(self.report))
        if calm:
            lines = [f"- {code(str(view.endpoint))}: {prose(quiet_text(view))}" for view in calm[: self.sizes.services]]
            more = list(_left_out(len(calm) - len(lines), "more"))
            yield "\n".join([f"{quiet_heading(self.report)}:", "", *lines, *(f"- {text}" for text in more)])

    def causes(self) -> Iterator[str]:
        """What lies behind the losses of each service, and what cures them."""
        known = [service for service in affected(self.report) if service.cause is not None]
        shown = known[: self.sizes.services]
        where = placed(self.canvas, self.names)
        said = together(self.report, where)
        if shown:
            yield "## Timeout and cure"
        if said:
            yield prose(said)
        for i, service in enumerate(shown):  # the texts for the others differ in their numbers
            yield from cause_paragraphs(service, self.canvas, where, 0 if i else self.sizes.texts)
        yield from _left_out(len(known) - len(shown), "service with a cure", "services with a cure")

    def incidents(self) -> Iterator[str]:
        """The first ones in full."""
        found = self.report.incidents
        shown = spread(found, self.sizes.incidents)
        if shown:
            few = f", the first {len(shown)} of {len(found):,}" if len(found) > len(shown) else ""
            yield f"## Incidents{few}"
        for number, finding in enumerate(shown, 1):
            yield from incident(number, finding, self.report, self.canvas)

    def unproved(self) -> Iterator[str]:
        """What may have been lost."""
        found = [f for f in self.report.unproved if f.severity is not Severity.CONTEXT]
        if not found:
            return
        yield f"## Not proved: {count(len(found), 'finding')}"
        yield from self.table(found)
        lines = [f"- {prose(why)}" for f in found[: self.sizes.rows] for why in f.against]
        if lines:
            yield "\n".join(dict.fromkeys(lines))

    def context(self) -> Iterator[str]:
        """What is easily mistaken for the failure."""
        for code_, found in by_rule(self.report.context).items():
            lines = [
                f"- {iso(f.period.wake.first.ref.time, 3)} {code(ends(f.period))}"
                f" {prose(where(f, self.report))}"
                for f in found[: min(3, self.sizes.rows)]
            ]  # fmt: skip
            more = list(_left_out(len(found) - len(lines), "more"))
            yield "\n".join([prose(context_heading(self.report, code_, found)), "", *lines, *(f"- {text}" for text in more)])

    def read(self) -> Iterator[str]:
        """What was read, what limits it, and by what it is known again."""
        yield "## What was read"
        rows = [[row.label, prose(row.text, 2_000)] for row in reading(self.report, self.canvas, every=False)]
        yield table(("", ""), rows)
        known = list(digests(self.report))
        shown = known[: 2 * self.sizes.services]
        if shown:
            yield "\n".join(f"- SHA-256 of {code(file.name)}: {code(digest)}" for file, digest in shown)
        yield from _left_out(len(known) - len(shown), "SHA-256", "SHA-256")
        yield f"pcapdiag {self.report.version}"


def _left_out(n: int, one: str, many: str | None = None) -> Iterator[str]:
    """That something was left out, and where it is."""
    if n > 0:
        what = f"{n:,} more" if one == "more" else count(n, f"more {one}", f"more {many}" if many else None)
        yield f"… {what} left out here: the HTML and JSON reports have them."

