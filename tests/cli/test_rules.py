"""``pcapdiag rules`` and ``pcapdiag rule CODE``: the catalogue at the command line."""

from __future__ import annotations

import json

import pytest

from pcapdiag.cli.main import main
from pcapdiag.rules.catalogue import CATALOGUE

Captured = pytest.CaptureFixture[str]


def test_all_rules_are_listed(capsys: Captured) -> None:
    """Each rule is there once, with its code, name and severity, within 80 columns, and no colour in a pipe."""
    assert main(["rules"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    for rule in CATALOGUE:
        assert " ".join(f"{rule.code} {rule.name} ({rule.severity})".split()) in " ".join(shown.split())


def test_the_list_as_json(capsys: Captured) -> None:
    """The same for programs."""
    assert main(["rules", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(r["code"], r["name"], r["severity"]) for r in told] == [(r.code, r.name, str(r.severity)) for r in CATALOGUE]
    assert all(r["summary"] and r["since"] for r in told)


@pytest.mark.parametrize(
    ("options", "beginning"),
    [([], "IDLE101 reset-after-idle (failure)\n"), (["--format", "markdown"], "# IDLE101 reset-after-idle\n")],
)
def test_a_rule_is_explained(options: list[str], beginning: str, capsys: Captured) -> None:
    """One page, by code or name, for people or as Markdown."""
    pages = []
    for name in ("IDLE101", "idle101", "reset-after-idle"):
        assert main(["rule", name, *options]) == 0
        pages.append(capsys.readouterr().out)
    assert len(set(pages)) == 1
    assert pages[0].startswith(beginning)
    for text in ("What to do", "Set when all of", "Yields to", "Does not show", "C  SYN"):
        assert text in pages[0]


def test_a_rule_as_json(capsys: Captured) -> None:
    """One page for programs."""
    assert main(["rule", "CAP903", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["code"], told["name"], told["conditions"], told["yields_to"]) == ("CAP903", "packets-missing", [], [])
    assert told["shows"][0]["conversation"]


def test_no_such_rule(capsys: Captured) -> None:
    """What is no rule is bad usage, and the nearest is named."""
    assert main(["rule", "IDLE10"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no rule 'IDLE10'; the nearest is IDLE10" in captured.err


def test_colour_when_asked_for(capsys: Captured) -> None:
    """--color always colours both."""
    for command in (["rules"], ["rule", "IDLE104"]):
        assert main([*command, "--color", "always"]) == 0
        assert "\x1b[" in capsys.readouterr().out
