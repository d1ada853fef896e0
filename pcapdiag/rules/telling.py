"""What several findings of one rule say together: a number, what was sent, and the rule's phrase."""

from __future__ import annotations

from collections.abc import Sequence

from pcapdiag.rules.types import Finding, Rule

#: What payload is called after a number, by the period's kind, in the order in which it is told.
_NOUNS = {
    "request": ("request", "requests"),
    "push": ("server push", "server pushes"),
    "late-answer": ("late answer", "late answers"),
}


def told(rule: Rule, findings: Sequence[Finding]) -> str:
    """What happened in all of these findings of ``rule``, with their number, without a full stop."""
    return rule.tell(findings) if rule.tell is not None else filled(rule.counted, findings)


def filled(counted: tuple[str, str], findings: Sequence[Finding]) -> str:
    """A rule's phrase for one or for several, with what was sent in it; a phrase that has no place for it is about something
    else, and takes the number."""
    text = counted[len(findings) != 1]
    return text.format(what=what(findings)) if "{what}" in text else f"{len(findings):,} {text}"


def what(findings: Sequence[Finding]) -> str:
    """What was sent, each kind with its number: ``2 requests and 1 server push``."""
    kinds = [finding.period.kind for finding in findings]
    return listed([count(kinds.count(kind), *nouns) for kind, nouns in _NOUNS.items() if kind in kinds])


def listed(texts: Sequence[str]) -> str:
    """One after the other: ``a``, ``a and b``, ``a, b and c``."""
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last


def count(n: int, one: str, many: str | None = None) -> str:
    """``n`` with its noun: ``1 request``, ``14,201 records``, ``0 bytes``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
