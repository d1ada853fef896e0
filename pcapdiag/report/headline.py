"""The answer: what was lost how often, or that nothing was, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pcapdiag.durations import format_duration
from pcapdiag.engine.types import Fin
from pcapdiag.report.model import Report
from pcapdiag.report.times import seconds
from pcapdiag.report.words import count
from pcapdiag.rules.catalogue import VERDICTS
from pcapdiag.rules.types import Finding, Severity

#: The rule whose sentence says more than its catalogue phrase: it is what people come with.
MAIN_RULE = "IDLE101"
_WORST_FIRST = tuple(Severity)
_COUNTED = {rule.code: rule.counted for rule in VERDICTS}


def by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of each rule, worst rule first: by severity, then by number, then by code."""
    rules: dict[str, list[Finding]] = {}
    for finding in findings:
        rules.setdefault(finding.rule, []).append(finding)

    def rank(code: str) -> tuple[int, int, str]:
        worst = min(_WORST_FIRST.index(f.severity) for f in rules[code])
        return worst, -len(rules[code]), code

    return {code: rules[code] for code in sorted(rules, key=rank)}


def headline(report: Report) -> str:
    """The answer in one sentence: what happened how often, that it did not, or that nothing can be said."""
    if report.segments == 0:
        return "No TCP segment was read, so nothing can be said."
    rules = by_rule(report.incidents)
    if not rules:
        return _nothing(report)
    code, findings = next(iter(rules.items()))
    least = "At least " if report.dropped_findings else ""
    return least + told(code, findings) + ("." if code == MAIN_RULE else f" ({code}).")


def others(report: Report) -> list[str]:
    """What each other rule found, in words with its number."""
    return [f"{told(code, found)} ({code})" for code, found in list(by_rule(report.incidents).items())[1:]]


def told(code: str, findings: Sequence[Finding]) -> str:
    """What happened in all of these findings of one rule, with their number, without a full stop."""
    if code != MAIN_RULE:
        return count(len(findings), *_COUNTED[code])
    pushes = sum(f.period.kind == "push" for f in findings)
    requests = len(findings) - pushes
    what = [count(requests, "request")] if requests else []
    what += [count(pushes, "server push", "server pushes")] if pushes else []
    # What was not captured can have hidden a FIN: then it was only not seen.
    seen = "" if all(f.period.fin is Fin.EXCLUDED for f in findings) else " seen"
    where = "on an idle connection was" if len(findings) == 1 else "on idle connections were"
    return f"{' and '.join(what)} {where} answered by RST, with no FIN{seen} before"


def _nothing(report: Report) -> str:
    """That nothing was lost, as far as that can be said."""
    unproved = sum(f.severity is not Severity.CONTEXT for f in report.unproved)
    if unproved:
        return f"Nothing is proved to have been lost on an idle connection; {unproved:,} may have been (not proved)."
    rules = "By the rules selected, n" if report.options.select or report.options.ignore else "N"
    beats = f" but {count(len(report.heartbeats), 'heartbeat')}" if report.heartbeats else ""
    among = " among those selected" if report.options.filters else ""
    return f"{rules}othing{beats} was seen to be lost on an idle connection{among}."


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
