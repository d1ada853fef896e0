"""Services in the terminal report: what their silences say, beside the findings; and those that lost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.inference.types import Cause, Pattern, ServiceView
from pcapdiag.report.bracket import Where, one_timer, silences, timeout
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.keepalive import keepalive
from pcapdiag.report.text import Span, words
from pcapdiag.report.words import count, survived

#: Width of the column with what is said of a service.
LABEL = 17
#: Quiet services in a line each, unless everything is asked for.
QUIET_SHOWN = 5


def service_heading(view: ServiceView, canvas: Canvas) -> Iterator[str]:
    """A service, and how much was seen of it."""
    yield from canvas.lines([Span(str(view.endpoint), "heading"), *words(f"{canvas.dot} {size(view)}")], rest="  ")


def size(view: ServiceView) -> str:
    """How much was seen of a service."""
    of = f"{count(view.incidents, 'incident')} in {count(view.service.idle_periods, 'idle period')}"
    return f"{of} of {count(view.service.connections, 'connection')}"


def service_rows(view: ServiceView, cause: Cause | None, canvas: Canvas, where: Where, every: bool) -> Iterator[Row]:
    """The bracket of its timeout, what its failures look like together, its keepalive."""
    timed = cause is not None and one_timer(cause)
    if cause is not None and timed:
        yield canvas.told("idle timeout", timeout(cause, where))
    if not timed:  # beside a timer that counts payload, silences between probes would read like its ends
        yield canvas.told("silences", silences(view, where))
    if view.pattern is not Pattern.NONE:
        yield canvas.told("pattern", f"{view.pattern}: {view.pattern_reason}")
    yield canvas.told("keepalive", keepalive(view, every))


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
