"""Every rule, by family and in order of code; which of them leads. Adding one: its file, and a line here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules import (
    cap901,
    cap902,
    cap903,
    cap904,
    cap905,
    cap906,
    cap907,
    cap908,
    ctx201,
    ctx202,
    idle101,
    idle102,
    idle103,
    idle104,
    idle105,
    idle106,
    idle107,
    idle108,
    idle109,
)
from pcapdiag.rules.origin import origin
from pcapdiag.rules.types import Caveat, Doubt, Finding, Reading, Rule

CATALOGUE: Final[tuple[Rule | Caveat, ...]] = (
    idle101.RULE,
    idle102.RULE,
    idle103.RULE,
    idle104.RULE,
    idle105.RULE,
    idle106.RULE,
    idle107.RULE,
    idle108.RULE,
    idle109.RULE,
    ctx201.RULE,
    ctx202.RULE,
    cap901.RULE,
    cap902.RULE,
    cap903.RULE,
    cap904.RULE,
    cap905.RULE,
    cap906.RULE,
    cap907.RULE,
    cap908.RULE,
)
VERDICTS: Final = tuple(rule for rule in CATALOGUE if isinstance(rule, Rule))
CAVEATS: Final = tuple(rule for rule in CATALOGUE if isinstance(rule, Caveat))


def judge(period: IdlePeriod) -> Finding | None:
    """The leading verdict on ``period``, with what the capture leaves in doubt and who sent the RST. None: no rule applies, as to
    every period that survived or was closed."""
    finding = verdict(period)
    return None if finding is None else weighed(finding)


def verdict(period: IdlePeriod) -> Finding | None:
    """The leading verdict alone: for findings that are only counted."""
    holding = _holding(period)
    for rule in holding.values():
        if holding.keys().isdisjoint(rule.yields_to):
            return rule.check(period)
    return None


def why(period: IdlePeriod) -> tuple[Reading, ...]:
    """How each verdict rule read ``period``, in order of code: the one that leads, and why every other does not."""
    holding = _holding(period)
    return tuple(_reading(rule, period, holding) for rule in VERDICTS)


def _holding(period: IdlePeriod) -> dict[str, Rule]:
    """The rules all of whose conditions hold, in order of code. What several rules ask is asked once."""
    asked: dict[int, bool] = {}
    found = {}
    for rule in VERDICTS:
        for condition in rule.conditions:
            holds = asked.get(id(condition))
            if holds is None:
                holds = asked[id(condition)] = condition.holds(period)
            if not holds:
                break
        else:
            found[rule.code] = rule
    return found


def _reading(rule: Rule, period: IdlePeriod, holding: Collection[str]) -> Reading:
    held: list[str] = []
    for condition in rule.conditions:
        if not condition.holds(period):
            return Reading(rule.code, rule.name, False, tuple(held), failed=condition.text)
        held.append(condition.text)
    above = next((code for code in rule.yields_to if code in holding), None)
    return Reading(rule.code, rule.name, above is None, tuple(held), yielded_to=above)


def weighed(finding: Finding) -> Finding:
    """The finding with its doubts, each of which may lower its confidence, and with the RST's origin."""
    period = finding.period
    doubts: Sequence[Doubt] = [doubt for rule in CAVEATS if (doubt := rule.check(period)) is not None]
    confidence = finding.confidence
    for doubt in doubts:
        if doubt.most is not None:
            confidence = confidence.at_most(doubt.most)
    return replace(finding, confidence=confidence, doubts=tuple(doubts), origin=origin(period))
