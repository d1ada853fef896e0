"""The pages about rules: what stands in a rule's own file, taken apart for whoever prints it.

A rule's documentation is the docstring of its module: one sentence, then fixed headings with indented text below them, its
paragraphs apart by empty lines. Its conditions and examples are those by which it judges and is tested.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from pcapdiag.report.facts import Json
from pcapdiag.rules.catalogue import CATALOGUE
from pcapdiag.rules.types import Caveat, Example, Rule

#: The families, by the beginning of their codes, and what is common to their rules.
FAMILIES = (
    ("IDLE1", "what became of connections that had been idle"),
    ("CTX2", "not this failure, but easily mistaken for it"),
    ("CAP9", "what a capture cannot prove"),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs, each on one line."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one rule. ``conditions`` are sentences that must all be true; a rule about the capture has none.

    ``yields_to`` are the codes of the rules that speak in its place where they apply too.
    """

    code: str
    name: str
    severity: str
    since: str
    summary: str
    sections: tuple[Section, ...]
    conditions: tuple[str, ...]
    yields_to: tuple[str, ...]
    shows: tuple[Example, ...]
    does_not_show: tuple[Example, ...]


def page_of(rule: Rule | Caveat) -> Page:
    """The page of one rule."""
    module = inspect.getmodule(rule.check)
    summary, _, text = inspect.cleandoc(module.__doc__ or "" if module else "").partition("\n\n")
    return Page(
        code=rule.code,
        name=rule.name,
        severity=str(rule.severity),
        since=rule.since,
        summary=" ".join(summary.split()),
        sections=_sections(text),
        conditions=tuple(c.text for c in rule.conditions) if isinstance(rule, Rule) else (),
        yields_to=rule.yields_to if isinstance(rule, Rule) else (),
        shows=rule.shows,
        does_not_show=rule.does_not_show,
    )


def pages() -> tuple[Page, ...]:
    """All pages, in the catalogue's order."""
    return tuple(page_of(rule) for rule in CATALOGUE)


def page(wanted: str) -> Page:
    """The page of the rule with this code or name. Raises ValueError naming the nearest."""
    for rule in CATALOGUE:
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return page_of(rule)
    from difflib import get_close_matches  # only for those who mistype

    known = {name: rule.code for rule in CATALOGUE for name in (rule.code, rule.name.upper())}
    (nearest,) = get_close_matches(wanted.upper(), known, n=1, cutoff=0)
    raise ValueError(f"there is no rule {wanted!r}; the nearest is {known[nearest]} (pcapdiag rules lists them)")


def entry(found: Page) -> Json:
    """A rule in the list of all, as plain data."""
    return {
        "code": found.code, "name": found.name, "severity": found.severity, "since": found.since, "summary": found.summary,
    }  # fmt: skip


def document(found: Page) -> Json:
    """A page as plain data."""
    return {
        **entry(found),
        "sections": [{"heading": s.heading, "paragraphs": list(s.paragraphs)} for s in found.sections],
        "conditions": list(found.conditions),
        "yields_to": list(found.yields_to),
        "shows": [_example(e) for e in found.shows],
        "does_not_show": [_example(e) for e in found.does_not_show],
    }


def _example(example: Example) -> Json:
    return {"title": example.title, "conversation": example.conversation, "instead": example.instead}


def _sections(text: str) -> tuple[Section, ...]:
    """Headings begin a line; everything indented belongs to the one above."""
    out: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            out.append((line.strip(), [""]))
        elif line.strip() and out:
            out[-1][1][-1] += " " + line.strip()
        elif out and out[-1][1][-1]:
            out[-1][1].append("")
    return tuple(Section(heading, tuple(p.strip() for p in found if p.strip())) for heading, found in out)
