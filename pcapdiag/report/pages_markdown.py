"""The pages about rules as Markdown: what stands in ``docs/rules/``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pcapdiag.report.pages import FAMILIES, Page
from pcapdiag.rules.types import Example

#: What stands in backticks, a rule's code, or what would be taken for a tag.
_SPECIAL = re.compile(r"(?P<quoted>`[^`]*`)|\b(?P<code>(?:IDLE1|CTX2|CAP9)\d\d)\b|<")


def page_markdown(page: Page) -> str:
    """One page, with links to the rules that it names."""
    parts = [f"# {page.code} {page.name}", f"Severity: {page.severity}. Since {page.since}.", page.summary]
    for section in page.sections:
        parts += [f"## {section.heading}", *(_linked(p, page.code) for p in section.paragraphs)]
    if page.conditions:
        parts += ["## Set when all of", "\n".join(f"- {_linked(c, page.code)}" for c in page.conditions)]
    if page.yields_to:
        parts += ["## Yields to", ", ".join(_link(code) for code in page.yields_to)]
    parts += _examples("Shows", page.shows)
    parts += _examples("Does not show", page.does_not_show)
    return "\n\n".join(parts) + "\n"


def index_markdown(pages: Iterable[Page]) -> str:
    """The list of all rules, a table for each family."""
    pages = tuple(pages)
    parts = ["# Rules", "`pcapdiag rule CODE` prints these pages; they are made from the rules' own files by `make gold`."]
    for beginning, what in FAMILIES:
        rows = [
            f"| {_link(page.code)} | {page.name} | {page.severity} | {page.summary} |"
            for page in pages
            if page.code.startswith(beginning)
        ]
        if rows:
            table = ["| code | name | severity | says |", "|---|---|---|---|", *rows]
            parts += [f"## {beginning}xx: {what}", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _link(code: str) -> str:
    return f"[{code}]({code}.md)"


def _linked(text: str, own: str) -> str:
    """``text`` with every other rule that it names as a link; what stands in backticks stays as it is."""

    def special(match: re.Match[str]) -> str:
        if match["code"]:
            return own if match["code"] == own else _link(match["code"])
        return match["quoted"] or "&lt;"

    return _SPECIAL.sub(special, text)


def _examples(heading: str, examples: tuple[Example, ...]) -> Iterator[str]:
    if examples:
        yield f"## {heading}"
    for example in examples:
        yield example.title + (f" ({_link(example.instead)})" if example.instead else "")
        yield f"```\n{example.conversation.rstrip()}\n```"
