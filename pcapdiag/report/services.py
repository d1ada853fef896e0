"""Services in the terminal report: what their silences say, beside the findings; and those that lost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.inference.types import Pattern, ServiceView
from pcapdiag.report.blocks import in_file
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.model import FileNames
from pcapdiag.report.text import Span, words
from pcapdiag.report.words import beyond, count, failed_silence, survived

#: Width of the column with what is said of a service.
SILENCE = 26
#: Quiet services in a line each, unless everything is asked for.
QUIET_SHOWN = 5


def service_block(view: ServiceView, canvas: Canvas, names: FileNames | None) -> Iterator[str]:
    """What a service's silences say, beside the findings."""
    yield from canvas.lines([Span(str(view.endpoint), "heading"), *words(f"{canvas.dot} {size(view)}")], rest="  ")
    yield from canvas.rows(service_rows(view, canvas, names), 2, SILENCE)


def size(view: ServiceView) -> str:
    """How much was seen of a service."""
    of = f"{count(view.incidents, 'incident')} in {count(view.service.idle_periods, 'idle period')}"
    return f"{of} of {count(view.service.connections, 'connection')}"


def service_rows(view: ServiceView, canvas: Canvas, names: FileNames | None) -> Iterator[Row]:
    """The bracket of its timeout, its probes, and what its failures look like together."""
    longest, failed = view.longest_survived, view.shortest_failed
    if longest:
        at = f"(frame {longest.ended.frame}{in_file(longest.ended.file, ' of', canvas, names)})"
        yield canvas.told("longest silence survived", f"{survived(longest)} {at}")
    else:
        yield canvas.told("longest silence survived", "none was seen to survive")
    if failed:
        at = f"(frame {failed.ended.frame}{in_file(failed.ended.file, ' of', canvas, names)})"
        text = beyond(view)
        if view.not_shown:
            text += f", including {count(view.not_shown, 'failure')} of rules not shown"
        yield canvas.told("shortest that failed", f"{failed_silence(failed)} {at}; {text}")
    yield canvas.told("keepalive probes", probes(view))
    if view.pattern is not Pattern.NONE:
        yield canvas.told("pattern", f"{view.pattern}: {view.pattern_reason}")


def probes(view: ServiceView) -> str:
    """Whether anybody sent keepalive probes to or from this service."""
    clients, servers = view.service.probes
    if not clients and not servers:
        return "none seen"
    connections = count(view.service.connections, "connection")
    on = f"on {view.service.probed:,} of {connections}"
    return f"{clients:,} from clients, {servers:,} from the server, {on}"


def quiet_services(views: Sequence[ServiceView], canvas: Canvas, every: bool, heading: str) -> Iterator[str]:
    """Services that lost nothing: one line each, the longest silence first."""
    known = longest_first(views)
    if not known:
        return
    yield ""
    yield from canvas.sentence(heading, "heading")
    shown = known if every else known[:QUIET_SHOWN]
    for view in shown:
        yield from canvas.lines([Span(str(view.endpoint)), Span(f"{canvas.dot} {quiet_text(view)}")], Span("  "), "    ")
    if len(known) > len(shown):
        yield from canvas.sentence(f"{canvas.mark} {len(known) - len(shown):,} more (--all lists them)", "dim", 2)


def longest_first(views: Sequence[ServiceView]) -> list[ServiceView]:
    """The services that survived some silence, the longest first."""
    known = [(v.longest_survived.length, v) for v in views if v.longest_survived]
    return [view for _, view in sorted(known, key=lambda pair: -pair[0])]


def quiet_text(view: ServiceView) -> str:
    """What a service survived that lost nothing."""
    longest, sent = view.longest_survived, sum(view.service.probes)
    probing = count(sent, "keepalive probe") if sent else "no keepalive probe"
    if longest is None:
        return f"no silence was seen to survive; {probing}"
    return f"survived {survived(longest)} of silence; {probing}"
