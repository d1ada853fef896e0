"""Whether the cure is in place: for a person at a terminal, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Keepalive
from pcapdiag.inference.counterfactual import late
from pcapdiag.inference.verification import EXAMPLES, Standing, Verified, Why
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.cure import helpless
from pcapdiag.report.facts import Json, endpoint, extreme
from pcapdiag.report.model import Report
from pcapdiag.report.text import Span, words
from pcapdiag.report.words import count

_COLUMN = 26
_ANSWER = {
    Standing.CONFIRMED: ("The keepalive is in place, and it holds.", "answer-good"),
    Standing.IN_PLACE: ("The keepalive is in place; that it holds is not proved yet.", "answer-good"),
    Standing.UNPROVED: ("It is not known whether the keepalive is in place.", "warn"),
    Standing.STILL_LOST: ("Connections are still lost, and no keepalive cures that.", "answer-bad"),
    Standing.NOT_IN_PLACE: ("The cure is not in place.", "answer-bad"),
}


def verification_lines(services: Sequence[Verified], standing: Standing, report: Report, canvas: Canvas) -> Iterator[str]:
    """The answer, then each service."""
    yield from canvas.sentence(*_ANSWER[standing])
    if not services:
        yield from canvas.sentence("No connection but those on the loopback was ever idle.")
    for one in services:
        yield ""
        yield from _service(one, report, canvas)


def _service(one: Verified, report: Report, canvas: Canvas) -> Iterator[str]:
    head = [Span(str(one.service), "heading"), *words(f"{canvas.dot} {one.standing.replace('-', ' ')}")]
    yield from canvas.lines(head, rest="  ")
    for label, text in facts(one):
        yield from canvas.rows([canvas.told(label, text)], 2, _COLUMN)
    for period in one.examples:
        where = f"frame {period.ended.frame}" + (f" of {report.file_name(period.ended.file)}" if len(report.files) > 1 else "")
        text = f"{period.connection.client} idle {format_duration(period.gap)} ({where})"
        yield from canvas.rows([canvas.told("without a probe", text, "warn")], 2, _COLUMN)
    for connection, silence in one.waiting.longest[:EXAMPLES]:
        text = f"{connection.client} silent for {format_duration(silence)} when the capture ended"
        yield from canvas.rows([canvas.told("without a probe", text, "warn")], 2, _COLUMN)
    for reason in one.why:
        yield from canvas.rows([canvas.told("so", sentence(reason, one), "" if reason is Why.PROBED else "warn")], 2, _COLUMN)


def answer(standing: Standing) -> str:
    """The answer in a sentence."""
    return _ANSWER[standing][0]


def measured(one: Verified) -> Iterator[tuple[str, str]]:
    """What was measured, and what follows from it."""
    yield from facts(one)
    for reason in one.why:
        yield "so", sentence(reason, one)


def facts(one: Verified) -> Iterator[tuple[str, str]]:
    """What was measured, each with its name."""
    if one.before is not None:
        yield "before", _before(one)
    if not one.connections:
        return
    yield "idle periods", f"{one.idle_periods:,} on {count(one.connections, 'connection')}, {_long(one)}"
    yield "keepalive probes", _probes(one)
    for keepalive in one.keepalives:
        yield "", _keepalive(keepalive)
    if one.longest_silence is not None:
        yield "longest silence", format_duration(one.longest_silence.length)
    yield "longest idle, survived", format_duration(one.longest_survived)
    if one.before is not None and one.before.high is not None:
        yield "idle for longer than that", _beyond(one, one.before.high)


def _before(one: Verified) -> str:
    before = one.before
    if before is None or before.high is None:
        return "no silence is known to have failed"
    text = f"a silence of >= {format_duration(before.high)} failed"
    if not before.at_least:
        text = f"silences from {format_duration(before.high)} on failed"
    if before.beyond:
        text += f": {before.lost:,} of {before.beyond:,} that long"
    return text


def _long(one: Verified) -> str:
    if one.keepalive is None:
        return f"{one.periods:,} of them to be probed"
    return f"{one.periods:,} longer than {format_duration(one.keepalive)}"


def _probes(one: Verified) -> str:
    if not one.probes:
        return "none seen"
    return f"{one.probes:,}, of which {one.answered:,} were answered"


def _keepalive(k: Keepalive) -> str:
    text = f"from the {k.side} on {count(k.connections, 'connection')}"
    if k.after is not None:
        text += f", after {format_duration(k.after)} of silence"
    if k.every is not None:
        text += f", without answer again after {format_duration(k.every)}"
    return text


def _beyond(one: Verified, high: int) -> str:
    rate, helped = one.rate_at_most, sum(one.helpless.values())
    lost = f"{one.lost + helped:,} lost"
    text = f"{count(one.survived_beyond, 'idle period')} of at least {format_duration(high)} survived, {lost}"
    if rate is not None:
        text += f": with 95 % confidence at most {rate * 100:.1f} % of such fail"
    return text


def sentence(why: Why, one: Verified) -> str:
    """One reason in words."""
    time = format_duration(one.keepalive) if one.keepalive else "the keepalive"
    limit = format_duration(late(one.keepalive)) if one.keepalive else ""
    high = format_duration(one.before.high) if one.before and one.before.high else ""
    server = "" if one.probed[0] else " (by the server)"
    bare, n = _bare(one), one.bare + one.waiting.connections
    told = {
        Why.ABSENT: "no connection to it was idle in this capture",
        Why.LOSSES: f"{count(one.lost, 'connection was', 'connections were')} lost that a keepalive should have kept",
        Why.TOO_LONG: f"a keepalive of {time} may come too late for what fails after {high}",
        Why.NO_PROBES: f"no probe in {bare}: keepalive is off, or longer than {_longest(one)}",
        Why.BARE: f"{bare} {'was' if n == 1 else 'were'} without a probe when one was due: not all sockets have the setting",
        Why.LATE: f"a silence lasted {_silence(one)}, and a probe was due by {limit}",
        Why.BEYOND_HELP: f"lost beyond a keepalive's help: {helpless(one.helpless)}",
        Why.SHORT: f"no idle period was longer than {time}, so there was nothing to be probed: capture longer, or leave it idle",
        Why.UNANSWERED: "not one answer to a probe was captured: was only one direction?",
        Why.UNKNOWN: "what it must outlive is not known: --before or --timeout tells",
        Why.NOT_BEYOND: f"no idle period as long as what failed before ({high}) survived: leave a connection idle for longer",
        Why.PROBED: f"every idle period longer than {time} was probed{server}, and none was lost",
    }
    return told[why]


def _bare(one: Verified) -> str:
    """How much was silent without a probe."""
    ended = count(one.bare, "idle period") + ("" if one.bare == one.periods else f" of {one.periods:,}") if one.bare else ""
    still = count(one.waiting.connections, "connection") + " still silent at the end" if one.waiting.connections else ""
    return " and ".join(text for text in (ended, still) if text)


def _longest(one: Verified) -> str:
    lengths = [*(period.gap for period in one.examples), *(silence for _, silence in one.waiting.longest)]
    return format_duration(max(lengths, default=0))


def _silence(one: Verified) -> str:
    return format_duration(one.longest_silence.length) if one.longest_silence else "too long"


def verification_json(services: Sequence[Verified], standing: Standing, report: Report) -> Json:
    """The same for programs."""
    return {"version": report.version, "standing": str(standing), "services": [_json(one, report) for one in services]}


def _json(one: Verified, report: Report) -> Json:
    before = one.before
    return {
        "endpoint": endpoint(one.service), "standing": str(one.standing),
        "why": [{"reason": str(why), "text": sentence(why, one)} for why in one.why],
        "before": None if before is None else {
            "low_ns": before.low, "high_ns": before.high, "at_least": before.at_least, "lost": before.lost,
            "beyond": before.beyond},
        "keepalive_ns": one.keepalive, "asked": one.asked, "connections": one.connections, "idle_periods": one.idle_periods,
        "longer_than_keepalive": one.periods, "probed": {"client": one.probed[0], "server": one.probed[1]}, "bare": one.bare,
        "examples": [
            {"client": endpoint(p.connection.client), "gap_ns": p.gap, "file_name": report.file_name(p.ended.file),
             "frame": p.ended.frame}
            for p in one.examples
        ],
        "waiting": {
            "connections": one.waiting.connections,
            "longest": [{"client": endpoint(c.client), "silence_ns": silence} for c, silence in one.waiting.longest]},
        "probes": one.probes, "answered": one.answered, "keepalives": [k._asdict() for k in one.keepalives],
        "longest_silence": extreme(one.longest_silence), "longest_survived_ns": one.longest_survived,
        "survived_beyond": one.survived_beyond, "lost": one.lost,
        "helpless": {str(why): n for why, n in one.helpless.items()}, "failure_rate_at_most": one.rate_at_most,
    }  # fmt: skip
