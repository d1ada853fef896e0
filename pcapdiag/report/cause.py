"""What lies behind the losses of a service and what cures them, as rows: they follow those that tell its silences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from pcapdiag.durations import format_duration
from pcapdiag.inference.types import Bracket, Cause, Deaths, Fit, Step, Symptom
from pcapdiag.report import candidates
from pcapdiag.report.bracket import Where, ends, lasted
from pcapdiag.report.canvas import Canvas, Row
from pcapdiag.report.cure import NO_POOL, effect, no_keepalive, pool, setting, why
from pcapdiag.report.model import Report
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import count

#: Steps of an estimate, clients, families and connections at risk that are told, unless everything is asked for.
STEPS, CLIENTS, FAMILIES, AT_RISK = 5, 3, 3, 3

T = TypeVar("T")


def cause_rows(cause: Cause, canvas: Canvas, where: Where, every: bool, hint: str = "") -> Iterator[Row]:
    """All there is to say, as rows. ``hint`` follows the number of what is left out."""
    yield from evidence_rows(cause, canvas, where, every, hint)
    yield from candidate_rows(cause, canvas, every, hint)
    yield from risk_rows(cause, canvas, every, hint)
    yield from cure_rows(cause, canvas)


def evidence_rows(cause: Cause, canvas: Canvas, where: Where, every: bool, hint: str = "") -> Iterator[Row]:
    """What the silences say where no single timer explains them, and connections that died by themselves."""
    if cause.estimate:
        yield canvas.told("failure rate", estimate(cause.estimate, every))
    for label, text in _labelled("or", others(cause)):
        yield canvas.told(label, text)
    shown = cause.pairs if every else cause.pairs[:CLIENTS]
    for label, pair in _labelled("by client", shown):
        crosses = pair.bracket.fit is Fit.CROSSING
        lies = "crosses by itself" if crosses else ends(pair.bracket, where)
        yield canvas.told(label, f"{pair.client}: {lies}; {count(pair.failed, 'failure')}")
    if len(cause.pairs) > len(shown):
        yield canvas.told("", f"{count(len(cause.pairs) - len(shown), 'more client')}{hint}", "dim")
    for label, died in _labelled("died by itself", cause.deaths):
        yield canvas.told(label, deaths(died, where))


def candidate_rows(cause: Cause, canvas: Canvas, every: bool, hint: str = "") -> Iterator[Row]:
    """Known products, those that agree first. Those that do not are only counted; where there are no others the nearest is named,
    so that nobody takes its number for an answer."""
    likely = candidates.likely(cause)
    shown = cause.families if every else likely[:FAMILIES] or cause.families[:1]
    told = [Row("", words(canvas.own(candidates.family(f, every)), "dim" if f.agrees is False else "")) for f in shown]
    if not likely and (nothing := candidates.nothing_fits(cause)):
        told.insert(0, Row("", words(canvas.own(nothing))))
    rest = candidates.left_out(cause, () if every else shown)
    if rest and not every:
        told.append(Row("", words(canvas.own(f"{rest}{hint}"), "dim")))
    return (row._replace(label=label) for label, row in _labelled("known products", told))


def risk_rows(cause: Cause, canvas: Canvas, every: bool, hint: str = "") -> Iterator[Row]:
    """Connections on which the next request will fail."""
    n, longest = cause.at_risk
    if not n:
        return
    yield canvas.told("at risk", at_risk(cause), "warn")
    shown = longest if every else longest[:AT_RISK]
    for connection, silence in shown:
        stream = "" if connection.stream is None else f" (tcp.stream {connection.stream})"
        yield canvas.told("", f"{connection.client}{stream}: silent for {seconds(silence)}")
    if n > len(shown):
        yield canvas.told("", f"{n - len(shown):,} more{'' if every else hint}", "dim")


def cure_rows(cause: Cause, canvas: Canvas) -> Iterator[Row]:
    """What is to be set, what it would have kept, and what it follows from; what else helps, and what does not."""
    told: list[list[Span]] = []
    if cause.setting is not None:
        told += [_stressed(canvas, setting(cause.setting), effect(cause)), words(canvas.own(why(cause)))]
    if cause.client_idle == 0:
        told.append(words(canvas.own(NO_POOL)))
    elif cause.client_idle is not None:
        told.append(_stressed(canvas, pool(cause.client_idle), "so that they close first"))
    if cause.setting is None and cause.counterfactual is not None:
        told.append(words(canvas.own(no_keepalive(cause.counterfactual))))
    return (Row(label, spans) for label, spans in _labelled("cure", told))


def _stressed(canvas: Canvas, what: str, rest: str) -> list[Span]:
    """What is to be set, and what is said of it."""
    return [*words(canvas.own(what), "heading"), *words(canvas.own(rest))]


def estimate(steps: tuple[Step, ...], every: bool) -> str:
    """The probability to fail by length of silence, in a few steps: those at which it rises most."""
    first, *rest = steps
    rises = sorted(range(len(rest)), key=lambda i: steps[i].probability - rest[i].probability)
    kept = rest if every else [rest[i] for i in sorted(rises[: STEPS - 1])]
    told = [f"{percent(first)} below {format_duration(rest[0].start)}" if rest else f"{percent(first)} whatever its length"]
    from_ = {format_duration(step.start): percent(step) for step in kept}  # of two that read alike the last holds beyond both
    return ", ".join(told + [f"{share} from {start}" for start, share in from_.items()])


def others(cause: Cause) -> list[str]:
    """What explains the losses as well, where no single timer that counts silence does."""
    told = []
    if cause.payload is not None and cause.payload.high is not None:
        least, most = format_duration(cause.payload.floor), format_duration(cause.payload.high.length)
        told.append(
            f"a timer that counts payload alone, behind a part of the connections: probes were answered before each loss, and "
            f"such a timer lies between {least} and {most} without payload; then no keepalive helps"
        )
    if cause.moment is not None:
        start, end = cause.moment
        told.append(f"one event between {iso(start, 3)} and {iso(end, 3)}: every silence that failed lasted all that time")
    return told


def percent(step: Step) -> str:
    """A probability with its band: ``43 % (21 to 67 %)``."""
    return f"{step.probability * 100:.0f} % ({step.low * 100:.0f} to {step.high * 100:.0f} %)"


def deaths(died: Deaths, where: Where) -> str:
    """Connections that nobody woke: what ended them, after how long, how often."""
    fin = died.symptom is Symptom.FIN_AT_EXPIRY
    what = "the server's FIN came" if fin else "a RST came"
    length, at = lasted(died, where)
    of = " without payload" if fin else " of silence"
    timer = ": a timer" if died.regular else ""
    others = f", and {died.others:,} after other times" if died.others else ""
    return f"{what} after {length}{of}, {count(died.count, 'time')}{f' ({at})' if at else ''}{timer}{others}"


def at_risk(cause: Cause) -> str:
    """How many connections would fail next."""
    n = cause.at_risk.connections
    had = f"{count(n, 'connection')} had been silent for at least as long as the shortest that failed"
    return f"{had} when the capture ended: the next request on {'it' if n == 1 else 'them'} will fail"


def together(report: Report, where: Where) -> str | None:
    """The bracket of all services, where it is narrower than that of each: None where it says no more than they do."""
    whole = report.overall
    if whole is None or len(report.causes) < 2 or whole.fit is not Fit.CONSISTENT:
        return None
    if any(_as_narrow(cause.bracket, whole) for cause in report.causes):
        return None
    return f"If one timer ended them all, it lies {ends(whole, where)}."


def _as_narrow(one: Bracket, whole: Bracket) -> bool:
    return one.low == whole.low and one.high == whole.high


def _labelled(label: str, rows: Sequence[T]) -> Iterator[tuple[str, T]]:
    """The label for the first of several rows."""
    for i, row in enumerate(rows):
        yield "" if i else label, row
