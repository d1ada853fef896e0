"""Every verdict rule's examples, forged into captures and analysed: the same text is documentation and proof."""

from __future__ import annotations

from pathlib import Path

import pytest

import pcapdiag
from pcapdiag.conversation import forge
from pcapdiag.rules.catalogue import VERDICTS
from pcapdiag.rules.types import Example, Finding

SHOWS = [pytest.param(rule.code, e, id=f"{rule.code} {e.title}") for rule in VERDICTS for e in rule.shows]
DOES_NOT_SHOW = [pytest.param(rule.code, e, id=f"{rule.code} {e.title}") for rule in VERDICTS for e in rule.does_not_show]


def findings(directory: Path, example: Example) -> list[Finding]:
    """All that is found in an example's capture: what is counted apart too."""
    paths = []
    for number, data in enumerate(forge(example.conversation)):
        paths.append(directory / f"{number}.pcapng")
        paths[-1].write_bytes(data)
    report = pcapdiag.analyze(paths).report
    return [*report.findings, *report.harmless, *report.heartbeats, *report.unproved]


@pytest.mark.parametrize(("code", "example"), SHOWS)
def test_shows(code: str, example: Example, tmp_path: Path) -> None:
    """An example of a rule gives one finding, and it is that rule's."""
    (finding,) = findings(tmp_path, example)
    assert finding.rule == code
    assert finding.proved


@pytest.mark.parametrize(("code", "example"), DOES_NOT_SHOW)
def test_does_not_show(code: str, example: Example, tmp_path: Path) -> None:
    """An example against a rule is another's, or nobody's: the one that it names speaks, and no other."""
    assert [f.rule for f in findings(tmp_path, example)] == ([example.instead] if example.instead else [])
    assert example.instead != code


def test_each_rule_is_shown_and_told_apart() -> None:
    """Each rule has an example of its own, and at least one that another rule speaks on."""
    assert not [rule.code for rule in VERDICTS if not rule.shows]
    assert not [rule.code for rule in VERDICTS if not any(e.instead for e in rule.does_not_show)]
