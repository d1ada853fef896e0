"""Every rule has its page, its name and its place: what holds for all of them is tested here, once."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.catalogue import CATALOGUE
from pcapdiag.rules.types import Rule
from pcapdiag.version import VERSION
from tests.architecture.code import PACKAGE

HEADINGS = (
    "What it detects",
    "How to tell it apart",
    "Why it happens",
    "What to do",
    "Blind spots",
    "References",
)
CODE = re.compile(r"(IDLE1|CTX2|CAP9)\d\d")

each = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.code)


def module_of(rule: Rule) -> ModuleType:
    """The file in which a rule stands."""
    module = inspect.getmodule(rule.check)
    assert module is not None
    return module


def numbers(version: str) -> list[int]:
    """A version to compare."""
    return [int(n) for n in re.findall(r"\d+", version)]


def test_codes_are_unique_and_sorted() -> None:
    """The catalogue is in order of code; no code and no name occurs twice."""
    codes, names = [rule.code for rule in CATALOGUE], [rule.name for rule in CATALOGUE]
    assert codes == sorted(set(codes))
    assert len(set(names)) == len(names)


def test_every_rule_s_file_is_in_the_catalogue() -> None:
    """A file that is called like a rule is one, and is listed: none is forgotten, none is listed without its file."""
    files = sorted(path.stem for path in (PACKAGE / "rules").glob("*.py") if CODE.fullmatch(path.stem.upper()))
    assert [rule.code.lower() for rule in CATALOGUE] == files


@each
def test_one_rule_one_file(rule: Rule) -> None:
    """A rule stands in the file of its code, as RULE, with a check of its own that takes an idle period and no more."""
    module = module_of(rule)
    assert CODE.fullmatch(rule.code)
    assert module.__name__ == f"pcapdiag.rules.{rule.code.lower()}"
    assert module.RULE is rule
    signature = inspect.signature(rule.check, eval_str=True)
    assert [p.annotation for p in signature.parameters.values()] == [IdlePeriod]
    assert numbers("0.0") < numbers(rule.since) <= numbers(VERSION)


@each
def test_names_say_what_was_seen(rule: Rule) -> None:
    """A name is words and hyphens, and says neither a guessed cause nor a cure."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert not re.search(r"timeout|nat|firewall|balancer|keepalive|conntrack|dropped", rule.name)


@each
def test_the_page_has_its_headings(rule: Rule) -> None:
    """The docstring is one sentence, then the fixed headings, each once, in order, with text below it."""
    page = inspect.cleandoc(module_of(rule).__doc__ or "")
    lines = page.splitlines()
    assert re.fullmatch(r"[A-Z].*\.", lines[0])
    assert lines[1] == ""
    found = [line for line in lines[2:] if line and not line.startswith(" ")]
    assert tuple(found) == HEADINGS
    for heading, text in zip(found, re.split(r"(?m)^\S.*\n", "\n".join(lines[2:]))[1:], strict=True):
        assert text.strip(), f"{rule.code}: nothing below {heading!r}"


@each
def test_references_are_named(rule: Rule) -> None:
    """The references name at least one document that can be looked up: an RFC, or an address."""
    page = module_of(rule).__doc__ or ""
    assert re.search(r"RFC \d{3,5}|https?://", page.partition("References")[2])
