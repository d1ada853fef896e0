"""The report as one HTML file: no script, nothing from the network, readable on a phone, on paper and in the dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple, TextIO

from pcapdiag.inference.events import sentence
from pcapdiag.report.blocks import ends
from pcapdiag.report.brief import apart, context_heading
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.grouping import affected
from pcapdiag.report.headline import by_rule, cured, event_name, headline, looked_at, mood, others
from pcapdiag.report.html_cause import causes
from pcapdiag.report.html_plots import timeline
from pcapdiag.report.html_services import SERVICES_SHOWN, Incidents, anchor, services
from pcapdiag.report.html_style import STYLE
from pcapdiag.report.incident import digests, where
from pcapdiag.report.markup import NEWLINE, Markup, facts, spans, table, tag, together
from pcapdiag.report.model import Report
from pcapdiag.report.reading import reading
from pcapdiag.report.svg import CSS
from pcapdiag.report.times import iso
from pcapdiag.report.words import count
from pcapdiag.rules.types import Severity

#: What the page may do: show itself. Nothing is loaded, run, framed or sent, whatever a capture puts into it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
#: Room for names in cells: the page breaks lines by itself.
_ROOM = 400
#: Context of one rule, and events, that are listed unless everything is asked for.
_CONTEXT_SHOWN, _EVENTS_SHOWN = 20, 20


class Html:
    """Renders for browsers. ``payload`` shows first bytes of what was sent, which is private; ``every`` leaves nothing out."""

    name: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"

    def __init__(self, *, payload: bool = False, every: bool = False) -> None:
        self.payload, self.every = payload, every

    def render(self, report: Report, out: TextIO) -> None:
        """Write the whole page."""
        page = _Page(report, self.payload, self.every)
        out.write(f'<!DOCTYPE html>\n<html lang="en">\n{_head(report)}\n<body>\n<main>\n')
        for part in page.parts():
            out.write(part + "\n")
        out.write("</main>\n</body>\n</html>\n")


def _head(report: Report) -> Markup:
    metas = (
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("meta", name_="generator", content=f"pcapdiag {report.version}"),
        tag("title", headline(report)),
        tag("style", Markup(STYLE + CSS)),
    )
    return tag("head", together(metas, NEWLINE))


class _Section(NamedTuple):
    """A part of the page: its anchor and name among the links at the top (none: it is not linked to), and what makes it."""

    anchor: str
    name: str
    make: Callable[[_Page], Iterator[Markup]]


class _Page:
    """One report on one page."""

    def __init__(self, report: Report, payload: bool, every: bool) -> None:
        self.report, self.every = report, every
        self.canvas = Canvas(_ROOM)
        self.incidents = Incidents(report, self.canvas, payload=payload, every=every)

    def parts(self) -> Iterator[Markup]:
        """Everything, in order; what has nothing to say is left out, with its link."""
        yield from self.answer()
        made = [(section, list(section.make(self))) for section in SECTIONS]
        links = [(section.anchor, section.name) for section, parts in made if parts and section.name]
        found = affected(self.report)[:SERVICES_SHOWN]
        links[1:1] = [(anchor(i), str(service.endpoint)) for i, service in enumerate(found, 1)]
        items = (tag("li", tag("a", name, href=f"#{to}")) for to, name in links)
        yield tag("nav", tag("ul", *items), aria_label="On this page")
        for section, parts in made:
            if parts:
                yield tag("section", together(parts, NEWLINE), id=section.anchor)
        yield tag("footer", tag("p", f"pcapdiag {self.report.version}. This page is complete in itself: it runs no script and "
                                "loads nothing."))  # fmt: skip

    def answer(self) -> Iterator[Markup]:
        """The answer, and what belongs to it."""
        report = self.report
        yield tag("h1", headline(report), class_=mood(report))
        cure = cured(report)
        if cure:
            yield tag("p", tag("b", cure))
        also = others(report)
        if also:
            yield tag("p", f"Also found: {'; '.join(also)}.")
        if not report.incidents and report.segments:
            yield tag("p", looked_at(report))
        shown = report.events if self.every else report.events[:_EVENTS_SHOWN]
        for event in shown:
            on = ", ".join(map(str, event.services))
            yield tag("p", tag("b", event_name(event)), f" {iso(event.start, 3)}: {sentence(event)}. On {on}.")
        if len(report.events) > len(shown):
            yield tag("p", f"… {count(len(report.events) - len(shown), 'more event')} (--all lists them)", class_="dim")

    def story(self) -> Iterator[Markup]:
        """The whole story, from all sources."""
        if self.report.joins is not None:
            from pcapdiag.report.html_story import stories

            yield from stories(self.report, self.every)

    def beside(self) -> Iterator[Markup]:
        """What was given beside the captures."""
        if self.report.joins is not None:
            from pcapdiag.report.html_story import beside

            yield from beside(self.report, self.canvas, self.every)

    def timeline(self) -> Iterator[Markup]:
        """The affected connections in time."""
        return timeline(self.report)

    def services(self) -> Iterator[Markup]:
        """Each service with its incidents."""
        return services(self.report, self.canvas, self.incidents, self.every)

    def causes(self) -> Iterator[Markup]:
        """What lies behind the losses of each service, and what cures them."""
        return causes(self.report, self.canvas, self.every)

    def unproved(self) -> Iterator[Markup]:
        """What may have been lost."""
        found = [f for f in self.report.unproved if f.severity is not Severity.CONTEXT]
        if found:
            yield tag("h2", f"Not proved: {count(len(found), 'finding')}, for the reason in each")
            yield from self.incidents.of(found)

    def context(self) -> Iterator[Markup]:
        """What is easily mistaken for the failure."""
        for code, found in by_rule(self.report.context).items():
            yield tag("h2", context_heading(self.report, code, found))
            shown = found if self.every else found[:_CONTEXT_SHOWN]
            rows = ((iso(f.period.wake.first.ref.time, 3), ends(f.period), where(f, self.report)) for f in shown)
            yield table(("time", "connection", "where"), rows)
            if len(found) > len(shown):
                yield tag("p", f"… {len(found) - len(shown):,} more (--all lists them)", class_="dim")

    def apart(self) -> Iterator[Markup]:
        """What is only counted, or listed if that was asked for."""
        report = self.report
        text = apart(report)
        if text is not None:
            yield tag("h2", "Counted apart")
            yield tag("p", text)
            if report.options.show_harmless:
                for found in by_rule((*report.harmless, *report.heartbeats)).values():
                    yield from self.incidents.of(found)

    def read(self) -> Iterator[Markup]:
        """What was read, what limits it, and by what the captures are known again."""
        yield tag("h2", "What was read")
        yield facts((row.label, spans(row.spans)) for row in reading(self.report, self.canvas, self.every))
        known = list(digests(self.report))
        if known:
            yield facts(("SHA-256", together((tag("code", digest), " ", file.name))) for file, digest in known)


#: The page in order.
SECTIONS = (
    _Section("story", "", _Page.story),
    _Section("timeline", "Timeline", _Page.timeline),
    _Section("services", "", _Page.services),
    _Section("cure", "Timeout and cure", _Page.causes),
    _Section("unproved", "Not proved", _Page.unproved),
    _Section("context", "Not this failure", _Page.context),
    _Section("apart", "Counted apart", _Page.apart),
    _Section("beside", "Beside the captures", _Page.beside),
    _Section("read", "What was read", _Page.read),
)
