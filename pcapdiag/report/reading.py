"""The end of the terminal report: what was read, what was skipped and why, what damages or limits it."""

from __future__ import annotations

from collections.abc import Iterator

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Outcome
from pcapdiag.report.canvas import LABEL, Canvas, Row
from pcapdiag.report.model import CaptureFile, Report
from pcapdiag.report.text import Span, words
from pcapdiag.report.times import iso, seconds
from pcapdiag.report.words import anonymized, count

#: More files than this are named only when everything is asked for; a ring has hundreds.
FILES_SHOWN = 8


def reading(report: Report, canvas: Canvas, every: bool) -> Iterator[Row]:
    """What was read, as labelled facts."""
    span = report.span
    if len(report.files) == 1:
        yield from file_lines(report.files[0], "read", canvas, several=False, points=False)
    else:
        yield canvas.told("read", f"{count(len(report.files), 'file')}, {count(report.records, 'record')}")
        yield from many_files(report, canvas, every)
    if span:
        yield canvas.told("time", f"{iso(span[0], 0)} to {iso(span[1], 0)} ({format_duration(span[1] - span[0])})")
    skipped = report.skipped
    fates = f"{report.records:,} = {count(report.segments, 'TCP segment')}"
    fates += f" + {sum(skipped.values()):,} skipped" + (":" if skipped else "")
    ranked = sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    reasons = [
        Span(f"{n:,} {canvas.clean(reason)}{',' if i < len(ranked) else ''}") for i, (reason, n) in enumerate(ranked, 1)
    ]
    yield Row("records", [*words(fates), *reasons])
    totals = [point.totals for point in report.points]
    copies, again = sum(t.copies for t in totals), sum(t.retransmissions for t in totals)
    text = f"{report.connections:,} ({sum(t.syn_seen for t in totals):,} with their SYN)"
    text += f"; {count(again, 'retransmission')}" if again else ""
    text += f"; {count(copies, 'copy', 'copies')} of packets" if copies else ""
    yield canvas.told("connections", text)
    yield Row("idle periods", sums(report))
    several = seen_again(report)
    if several:
        yield canvas.told("incidents", several)
    options = report.options
    if options.filters:
        yield Row("only", [Span(canvas.quote(f, canvas.width - LABEL)) for f in options.filters])
    chosen = [f"{word} {', '.join(codes)}" for word, codes in (("only", options.select), ("without", options.ignore)) if codes]
    if chosen:
        yield canvas.told("rules", "; ".join(chosen))
    if report.anonymized is not None:
        yield canvas.told("anonymised", anonymized(report.anonymized))
    yield from damage(report, canvas)
    for limit in report.limits:
        yield canvas.told("limit", f"{limit.code} {limit.text} ({limit.count:,})", "warn")


def sums(report: Report) -> list[Span]:
    """What became of every idle period: the sum, and what it is made of."""
    counts = report.outcomes
    parts = [
        (counts[Outcome.SURVIVED], "survived"),
        *((n, code) for code, n in report.verdicts.items()),
        (counts[Outcome.CLOSED], "closed"),
        (report.undecided, "undecided"),
    ]
    made_of = [f"{n:,} {what}" for n, what in parts if n] or ["none"]
    still = sum(point.totals.still_idle for point in report.points)
    end = f"; {still:,} still idle at the end" if still else ""
    whole = words(f"{report.idle_periods:,} of at least {format_duration(report.options.min_idle)} =")
    *summed, last = [made_of[0], *(f"+ {part}" for part in made_of[1:])]
    first, *rest = words(end) or [Span("")]
    return [*whole, *map(Span, summed), Span(last + first.text), *rest]  # a number stays with what it counts


def seen_again(report: Report) -> str | None:
    """Where one incident was recorded on several legs, how many idle periods that makes; None if none was."""
    incidents, views = dict[str, int](), dict[str, int]()
    for found in report.all_findings:
        if found.period.idle and found.twins:
            incidents[found.rule] = incidents.get(found.rule, 0) + 1
            views[found.rule] = views.get(found.rule, 0) + 1 + len(found.twins)
    seen = [f"{incidents[code]:,} of {code} seen as {views[code]:,} idle periods" for code in sorted(views)]
    return "; ".join(seen) or None


def many_files(report: Report, canvas: Canvas, every: bool) -> Iterator[Row]:
    """The files, or the first and last few of them."""
    files = report.files
    hidden = 0 if every or len(files) <= FILES_SHOWN else len(files) - FILES_SHOWN
    half = FILES_SHOWN // 2
    for i, file in enumerate(files):
        if not hidden or i < half or i >= len(files) - half:
            yield from file_lines(file, "", canvas, several=True, points=len(report.points) > 1)
        elif i == half:
            yield canvas.told("", f"{canvas.mark} {count(hidden, 'more file')} (--all lists them)", "dim")


def file_lines(file: CaptureFile, label: str, canvas: Canvas, several: bool, points: bool) -> Iterator[Row]:
    """One file: its name, its format, how much is in it; among several, what is wrong with this one."""
    facts = file.facts
    name = canvas.path(file.name, canvas.width - LABEL - 1) + ":"
    if file.error and not facts.records:
        yield Row(label, [Span(name, "bad"), *words(canvas.own(file.error), "bad")])
        return
    parts = [
        facts.format + (f" in {file.compression}" if file.compression else ""),
        *facts.link_types,
        count(facts.interfaces, "interface") if facts.interfaces > 1 else "",
        count(facts.records, "record"),
        f"{facts.truncated:,} of them cut at {count(facts.snap_length or 0, 'byte')}" if facts.truncated else "",
        f"capture point {file.point + 1}" if points else "",
    ]
    if several:  # of a single file, the limits say the same
        back = format_duration(facts.clock_back_most)
        parts += [
            f"{facts.untimed:,} without a time of their own" if facts.untimed else "",
            f"{facts.reported_drops:,} dropped by the capture" if facts.reported_drops else "",
            f"the clock went back {facts.clock_back:,} x by up to {back}" if facts.clock_back else "",
            "" if file.hole_before is None else f"{seconds(file.hole_before)} after the file before",
        ]
    yield Row(label, [Span(name), *words(canvas.own(", ".join(p for p in parts if p)))])


def damage(report: Report, canvas: Canvas) -> Iterator[Row]:
    """Where files stop making sense."""
    for file in report.damaged:
        name = Span(canvas.path(file.name, canvas.width - LABEL - 1) + ":", "bad")
        found = file.facts.damage
        if found:
            at = f"(byte {found.offset:,}, after frame {found.frame:,}); what comes before was analysed"
            why = f"{found.reason}: {file.error}" if file.error else found.reason
            text = f"{why} {at}"
            yield Row("damage", [name, *words(canvas.own(text), "bad")])
        elif file.facts.records:
            yield Row("damage", [name, *words(canvas.own(file.error or ""), "bad")])
