"""The pages about rules: complete, within the terminal, the same facts in every form."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import pytest

from pcapdiag.report import pages as module
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.pages import Page, Section, document, page, pages
from pcapdiag.report.pages_markdown import index_markdown, page_markdown
from pcapdiag.report.pages_terminal import list_lines, page_lines
from pcapdiag.report.text import cell_len
from pcapdiag.rules.catalogue import CATALOGUE
from pcapdiag.rules.types import Example

each = pytest.mark.parametrize("found", pages(), ids=lambda page: page.code)
HEADINGS = ["What it detects", "How to tell it apart", "Why it happens", "What to do", "Blind spots", "References"]
SAMPLE = Page(
    "IDLE199", "sample-rule", "failure", "0.1.0", "A sentence.",
    (Section("What it detects", ("First, see IDLE101 and `IDLE102`: a < b.", "Second, not IDLE199.")),),
    ("It holds.",), ("IDLE108",), (Example("A title", "  0.000  C  SYN\n"),), (Example("Another", "  0.000  S  RST\n", "CTX202"),),
)  # fmt: skip


def flat(text: str) -> str:
    """``text`` without line breaks."""
    return " ".join(text.split())


def test_every_rule_has_its_page() -> None:
    """There is one page for each rule, in the catalogue's order."""
    assert [p.code for p in pages()] == [rule.code for rule in CATALOGUE]


@each
def test_a_page_has_all_that_stands_in_the_rule_s_file(found: Page) -> None:
    """Sentence, headings with text, and for a verdict its conditions; nothing of the docstring is lost."""
    (rule,) = (rule for rule in CATALOGUE if rule.code == found.code)
    assert found.summary.endswith(".")
    assert [s.heading for s in found.sections] == HEADINGS
    assert all(s.paragraphs for s in found.sections)
    assert bool(found.conditions) == (not found.code.startswith("CAP"))
    text = module.inspect.getmodule(rule.check)
    assert isinstance(text, ModuleType)
    told = [found.summary, *(part for s in found.sections for part in (s.heading, *s.paragraphs))]
    assert flat(" ".join(told)) == flat(text.__doc__ or "")


@each
@pytest.mark.parametrize("width", [40, 80, 120])
def test_pages_fit_the_terminal(found: Page, width: int) -> None:
    """No line is wider than the terminal, and with colours taken out the words are the same."""
    plain = list(page_lines(found, Canvas(width)))
    assert max(map(cell_len, plain)) <= width
    assert not any(line != line.rstrip() for line in plain)


@each
def test_every_form_says_the_same(found: Page) -> None:
    """Terminal and Markdown hold every fact of the JSON: paragraphs, conditions, titles, conversations, who speaks instead."""
    told = json.loads(json.dumps(document(found)))
    terminal = flat("\n".join(page_lines(found, Canvas(80))))
    for section in told["sections"]:
        for paragraph in section["paragraphs"]:
            assert paragraph.replace(" ", "") in terminal.replace(" ", "")  # long addresses are broken
    for example in told["shows"] + told["does_not_show"]:
        assert flat(example["title"]) in terminal
        assert example["conversation"].rstrip() in page_markdown(found)
        assert (example["instead"] or "") in terminal
    for condition in told["conditions"]:
        assert flat(condition) in terminal


def test_markdown_links_what_it_names() -> None:
    """Other rules are links, the page's own code and what stands in backticks are not; nothing passes for a tag."""
    text = page_markdown(SAMPLE)
    assert "see [IDLE101](IDLE101.md) and `IDLE102`: a &lt; b." in text
    assert "Second, not IDLE199." in text
    assert "## Yields to\n\n[IDLE108](IDLE108.md)" in text
    assert "Another ([CTX202](CTX202.md))\n\n```\n  0.000  S  RST\n```" in text


def test_a_conversation_is_shown_as_it_is_written() -> None:
    """Its columns stay; only a line too long for the terminal goes on below."""
    long = replace(SAMPLE, shows=(Example("A title", "  1.000  C  " + "hex 00 " * 20 + "\n\n  2.000  S  RST\n"),))
    shown = list(page_lines(long, Canvas(60)))
    at = shown.index("  A title")
    assert shown[at + 1].startswith("    1.000 C hex 00")
    assert shown[at + 2].startswith("        hex 00")
    assert "      2.000  S  RST" in shown


def test_the_lists_name_every_rule_once() -> None:
    """Both lists hold each rule with its name and sentence, a family at a time, within 80 columns."""
    shown = list(list_lines(pages(), Canvas(80)))
    assert max(map(len, shown)) <= 80
    listed, markdown = flat("\n".join(shown)), index_markdown(pages())
    for found in pages():
        assert f"{found.code} {found.name} ({found.severity}) {found.summary}" in listed
        assert markdown.count(f"| [{found.code}]({found.code}.md) | {found.name} | {found.severity} | {found.summary} |") == 1


def test_a_rule_is_found_by_code_or_name() -> None:
    """However it is written; what is none is refused, and the nearest is named."""
    assert page("idle103") == page("request-after-fin") == page("IDLE103")
    for wrong, nearest in (("IDLE1O3", "IDLE103"), ("after-fin", "IDLE103"), ("refuse", "CTX202"), ("", "")):
        with pytest.raises(ValueError, match=f"there is no rule .*; the nearest is {nearest}"):
            page(wrong)
