"""The answer: what was lost how often, or that nothing was, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pcapdiag.durations import format_duration
from pcapdiag.inference.types import Event
from pcapdiag.report.cure import kept
from pcapdiag.report.model import Report
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count
from pcapdiag.rules import telling
from pcapdiag.rules.catalogue import VERDICTS
from pcapdiag.rules.types import Finding, Severity

_WORST_FIRST = tuple(Severity)
_RULES = {rule.code: rule for rule in VERDICTS}


def by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of each rule, worst rule first: as `rank` has it, then by code."""
    rules: dict[str, list[Finding]] = {}
    for finding in findings:
        rules.setdefault(finding.rule, []).append(finding)
    return {code: rules[code] for code in sorted(rules, key=lambda code: (rank(rules[code]), code))}


def rank(findings: Sequence[Finding]) -> tuple[int, bool, int]:
    """How much these matter, the smaller the more: by severity; then what was lost in silence, which is what one looks for
    here, before what an endpoint ended; then by number."""
    worst = min(_WORST_FIRST.index(f.severity) for f in findings)
    in_silence = any(_RULES[f.rule].in_silence and _WORST_FIRST.index(f.severity) == worst for f in findings)
    return worst, not in_silence, -len(findings)


def in_silence(finding: Finding) -> bool:
    """Was the connection lost while nobody spoke?"""
    return _RULES[finding.rule].in_silence


def headline(report: Report) -> str:
    """The answer in one sentence: what happened how often, that it did not, or that nothing can be said."""
    if report.segments == 0:
        return "No TCP segment was read, so nothing can be said."
    rules = by_rule(report.incidents)
    if not rules:
        return _nothing(report)
    code, findings = next(iter(rules.items()))
    least = "At least " if report.dropped_findings else ""
    return least + told(code, findings) + ("." if _RULES[code].main else f" ({code}).")


def cured(report: Report) -> str | None:
    """What would have kept connections alive, in one sentence: of the worst service of which that is proved."""
    for cause in report.causes:
        done, setting = cause.counterfactual, cause.setting
        if done is not None and done.kept and setting is not None:
            on = f" on {cause.service}" if len(report.causes) > 1 else ""
            return f"A keepalive of {setting.time} s {kept(done)}{on}."
    return None


def others(report: Report) -> list[str]:
    """What else was found by each other rule, and what may have been lost besides, in words with its number."""
    rules = by_rule(report.incidents)
    found = [f"{told(code, findings)} ({code})" for code, findings in list(rules.items())[1:]]
    return found + (_possible(report, "more may have been lost") if rules else [])


def told(code: str, findings: Sequence[Finding]) -> str:
    """What happened in all of these findings of one rule, with their number, without a full stop."""
    return telling.told(_RULES[code], findings)


def whole(code: str, report: Report) -> int:
    """How many there were of what this rule finds, where only the first were handed out; 0 where that is not known: what was
    counted while reading was counted before anything was selected."""
    read = _RULES[code].whole
    return 0 if read is None or report.options.filters else sum(read(point.totals) for point in report.points)


def _possible(report: Report, unproved: str) -> list[str]:
    """What may have been lost, and why that is not sure. ``unproved`` follows the number of what is not proved."""
    n, m = sum(f.severity is not Severity.CONTEXT for f in report.unproved), len(report.doubtful)
    doubtful = f"{count(m, 'goodbye')} may have been {'a request' if m == 1 else 'requests'}"
    return [*([f"{n:,} {unproved} (not proved)"] if n else []), *([doubtful] if m else [])]


def mood(report: Report) -> str:
    """Whether the answer is bad news, good, or none: a style of `pcapdiag.report.text.STYLES`."""
    bad = bool(report.incidents or report.heartbeats or report.doubtful)
    bad = bad or any(f.severity is not Severity.CONTEXT for f in report.unproved)
    return "answer-bad" if bad else "answer-good" if report.segments else "warn"


def event_name(event: Event) -> str:
    """What failures that came together are called: an event, unless a timer explains them as well."""
    return "Together" if event.or_timer else "Event"


def _nothing(report: Report) -> str:
    """That nothing was lost, as far as that can be said."""
    beats, possible = len(report.heartbeats), _possible(report, "may have been")
    among = " among those selected" if report.options.filters else ""
    if beats:
        lost = "heartbeat on an idle connection was", "heartbeats on idle connections were"
        text = f"{count(beats, *lost)} lost{among}, and nothing else was seen to be"
    else:
        text = f"Nothing {'is proved to have been' if possible else 'was seen to be'} lost on an idle connection{among}"
    if report.options.select or report.options.ignore:
        text = "By the rules selected, " + text[0].lower() + text[1:]
    return "; ".join([text, *possible]) + "."


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
