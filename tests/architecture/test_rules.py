"""Every rule has its page, its name and its place: what holds for all of them is tested here, once."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

from pcapdiag.conversation import conversation
from pcapdiag.engine.types import IdlePeriod
from pcapdiag.rules.catalogue import CATALOGUE, VERDICTS
from pcapdiag.rules.types import Caveat, Rule, Severity
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
FAMILIES = ("IDLE1", "CTX2", "CAP9")
CODE = re.compile(r"(IDLE1|CTX2|CAP9)\d\d")

each = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.code)
each_verdict = pytest.mark.parametrize("rule", VERDICTS, ids=lambda rule: rule.code)


def module_of(rule: Rule | Caveat) -> ModuleType:
    """The file in which a rule stands."""
    module = inspect.getmodule(rule.check)
    assert module is not None
    return module


def numbers(version: str) -> list[int]:
    """A version to compare."""
    return [int(n) for n in re.findall(r"\d+", version)]


def in_order(code: str) -> tuple[int, str]:
    """Where a code stands: by family, then by number."""
    return FAMILIES.index(code[:-2]), code


def test_codes_are_unique_and_sorted() -> None:
    """The catalogue is by family and in order of code; no code and no name occurs twice."""
    codes, names = [rule.code for rule in CATALOGUE], [rule.name for rule in CATALOGUE]
    assert codes == sorted(set(codes), key=in_order)
    assert len(set(names)) == len(names)


def test_every_rule_s_file_is_in_the_catalogue() -> None:
    """A file that is called like a rule is one, and is listed: none is forgotten, none is listed without its file."""
    files = {path.stem for path in (PACKAGE / "rules").glob("*.py") if CODE.fullmatch(path.stem.upper())}
    assert {rule.code.lower() for rule in CATALOGUE} == files


@each
def test_one_rule_one_file(rule: Rule | Caveat) -> None:
    """A rule stands in the file of its code, as RULE, with a check of its own that takes an idle period and no more."""
    module = module_of(rule)
    assert CODE.fullmatch(rule.code)
    assert module.__name__ == f"pcapdiag.rules.{rule.code.lower()}"
    assert module.RULE is rule
    signature = inspect.signature(rule.check, eval_str=True)
    assert [p.annotation for p in signature.parameters.values()] == [IdlePeriod]
    assert numbers("0.0") < numbers(rule.since) <= numbers(VERSION)


@each
def test_names_say_what_was_seen(rule: Rule | Caveat) -> None:
    """A name is words and hyphens, and says neither a guessed cause nor a cure."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert not re.search(r"timeout|nat|firewall|balancer|keepalive|conntrack|dropped", rule.name)


@each
def test_the_page_has_its_headings(rule: Rule | Caveat) -> None:
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
def test_references_are_named(rule: Rule | Caveat) -> None:
    """The references name at least one document that can be looked up: an RFC, or an address."""
    page = module_of(rule).__doc__ or ""
    assert re.search(r"RFC \d{3,5}|https?://", page.partition("References")[2])


@each
def test_pages_name_rules_that_exist(rule: Rule | Caveat) -> None:
    """Whatever rule a page or an example sends its reader to, there is one."""
    codes = {other.code for other in CATALOGUE}
    assert set(re.findall(r"\b(?:IDLE|CTX|CAP)\d{3}\b", module_of(rule).__doc__ or "")) <= codes
    assert {example.instead for example in rule.does_not_show} <= {*codes, None}


@each
def test_examples_can_be_read(rule: Rule | Caveat) -> None:
    """Every example has a title of its own, and its conversation is understood."""
    examples = (*rule.shows, *rule.does_not_show)
    assert len({example.title for example in examples}) == len(examples)
    for example in examples:
        assert conversation(example.conversation), example.title


@each_verdict
def test_conditions_are_sentences(rule: Rule) -> None:
    """The conditions are sentences, each said once; what is counted has a form for one and for several."""
    texts = [condition.text for condition in rule.conditions]
    assert texts
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(r"[A-Z].*\.", text) for text in texts)
    assert len(set(rule.counted)) == 2
    assert rule.severity is not Severity.LIMIT
    assert rule.severity is Severity.CONTEXT or rule.code.startswith("IDLE")


@each_verdict
def test_its_page_tells_it_apart_from_what_it_yields_to(rule: Rule) -> None:
    """A rule's page names each rule to which it yields, or which speaks on one of its examples."""
    page = module_of(rule).__doc__ or ""
    others = {*rule.yields_to, *(e.instead for e in rule.does_not_show if e.instead)}
    assert {code for code in others if code not in page} == set()
