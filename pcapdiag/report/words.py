"""The sentences that every report for people shares. Captured text in them is not yet made harmless.

Only what the model holds is put into words here; nothing is judged.
"""

from __future__ import annotations

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import AnswerKind, Bound, Fin, IdlePeriod, Outcome, WakeKind
from pcapdiag.inference.types import FailedSilence
from pcapdiag.report.model import Report
from pcapdiag.report.times import seconds
from pcapdiag.rules.types import Finding

#: The rule that the headline is about; findings of other rules are named after it.
MAIN_RULE = "IDLE101"
#: TCP header flags from the lowest bit (RFC 9293 3.1, RFC 3168 6.1), as Wireshark abbreviates them.
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
_BARE_RST = 0x04


def count(n: int, one: str, many: str | None = None) -> str:
    """``n`` with its noun: ``1 request``, ``14,201 records``, ``0 bytes``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def headline(report: Report) -> str:
    """The answer in one sentence: what happened how often, that it did not, or that nothing can be said."""
    if report.segments == 0:
        return "No TCP segment was read, so nothing can be said."
    main = [f for f in report.findings if f.rule == MAIN_RULE]
    if not main:
        unproved = sum(f.rule == MAIN_RULE for f in report.unproved)
        if unproved:
            return (
                "No request on an idle connection is proved to have been answered by RST; "
                f"{unproved:,} may have been (not proved)."
            )
        among = " among those selected" if report.options.filters else ""
        return f"No request on an idle connection{among} was answered by RST."
    pushes = sum(f.period.kind == "push" for f in main)
    requests = len(main) - pushes
    what = [count(requests, "request")] if requests else []
    what += [count(pushes, "server push", "server pushes")] if pushes else []
    # What was not captured can have hidden a FIN: then it was only not seen.
    seen = "" if all(f.period.fin is Fin.EXCLUDED for f in main) else " seen"
    single = len(main) == 1
    return (
        ("At least " if report.dropped_findings else "")
        + " and ".join(what)
        + (" on an idle connection was" if single else " on idle connections were")
        + f" answered by RST, with no FIN{seen} before."
    )


def others(report: Report) -> str | None:
    """What other rules found, in one sentence; None if nothing."""
    names: dict[str, int] = {}
    for finding in report.findings:
        if finding.rule != MAIN_RULE:
            names[f"{finding.rule} {finding.name}"] = names.get(f"{finding.rule} {finding.name}", 0) + 1
    return "Also found: " + ", ".join(f"{n:,} {name}" for name, n in names.items()) + "." if names else None


def looked_at(report: Report) -> str:
    """What an empty answer rests on: connections, idle periods, the longest silence survived."""
    least = format_duration(report.options.min_idle)
    # What is counted while reading is counted before anything is selected.
    text = "Looked at " if not report.options.filters else "Before the selection, looked at "
    text += count(report.connections, "connection")
    text += f" and {count(report.idle_periods, 'idle period')} of at least {least}"
    longest = report.longest_survived
    if longest is None:
        return text + "; no silence that long was seen to survive."
    at_least = "at least " if longest.lower_bound else ""
    return text + f"; the longest silence that survived was {at_least}{seconds(longest.length)}."


def gap(period: IdlePeriod) -> str:
    """The idle gap with its bound: ``350.104 s``, ``>= 312.000 s``, ``<= 20.001 s``."""
    sign = {Bound.EXACT: "", Bound.LOWER: ">= ", Bound.UPPER: "<= "}[period.bound]
    return sign + seconds(period.gap, up=period.bound is Bound.UPPER)


def failed_silence(failed: FailedSilence) -> str:
    """The shortest silence that failed; where probes went unanswered, between what and what."""
    if failed.lower_bound:
        return ">= " + seconds(failed.length)
    if failed.after < failed.length:
        return f"between {seconds(failed.after)} and {seconds(failed.length, up=True)}"
    return seconds(failed.length)


def sent(finding: Finding) -> str:
    """How much was sent, without the label: ``80 bytes``, ``8,688 bytes in 6 segments``."""
    wake = finding.period.wake
    if wake.kind is not WakeKind.PAYLOAD:
        return {WakeKind.PROBE: "a keepalive probe"}.get(wake.kind, f"a {str(wake.kind).upper()}")
    text = count(finding.sent.length, "byte")
    if wake.segments > 1:
        text += f" in {count(wake.segments, 'segment')}"
    if wake.retransmissions:
        text += f" (+ {count(wake.retransmissions, 'retransmission')})"
    return text


def flags(value: int) -> str:
    """TCP flags by name: ``RST``, ``RST,ACK``."""
    named = [name for i, name in enumerate(_FLAGS) if value >> i & 1]
    # The flag that matters stands first: people say RST,ACK, not ACK,RST.
    return ",".join(sorted(named, key=lambda n: n != "RST")) or "none"


def answer(period: IdlePeriod) -> str:
    """What came back and how soon: ``bare RST after 20.1 ms``, ``2 x RST,ACK after 43 ms``."""
    a = period.answer
    if a is None:
        return "nothing came back"
    if a.kind is AnswerKind.ICMP:
        what = f"ICMP type {a.icmp_type} code {a.icmp_code}"
    elif a.kind is AnswerKind.ACK:
        what = flags(a.first.flags)
    else:
        what = "bare RST" if a.first.flags == _BARE_RST else flags(a.first.flags)
        if a.count > 1:
            what = f"{a.count:,} x {what}"
    early = period.wake.first.ref.time - a.first.ref.time
    what += f" recorded {format_duration(early)} before it" if early > 0 else f" after {format_duration(a.delay)}"
    if a.kind is AnswerKind.RST and a.acknowledged is not None:
        what += ", after an ACK of it"
    elif a.kind is AnswerKind.RST and a.acknowledges:
        what += ", acknowledging it"
    return what


def outcomes(counts: dict[Outcome, int]) -> str:
    """How idle periods ended, in a fixed order, without those that did not occur."""
    return ", ".join(f"{counts[o]:,} {o}" for o in Outcome if counts.get(o)) or "none"
