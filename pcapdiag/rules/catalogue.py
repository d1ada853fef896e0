"""Every rule, in order of code. Adding one: its file, and a line here."""

from __future__ import annotations

from collections.abc import Iterable

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules import idle101
from pcapdiag.rules.types import Finding, Rule

CATALOGUE: tuple[Rule, ...] = (idle101.RULE,)


def judge(period: IdlePeriod, rules: Iterable[Rule] = CATALOGUE) -> Finding | None:
    """The first rule that applies to ``period`` says what it was."""
    for rule in rules:
        if finding := rule.check(period):
            return finding
    return None
