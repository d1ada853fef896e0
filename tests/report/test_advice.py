"""Cures in the terminal and in Markdown: what is to be pasted comes out as it went in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pcapdiag.advice.catalogue import advise
from pcapdiag.advice.types import Advice, Target
from pcapdiag.report.advice_markdown import advice_blocks
from pcapdiag.report.advice_terminal import advice_lines, brief_lines, cure_lines
from pcapdiag.report.blocks import placed
from pcapdiag.report.canvas import Canvas
from tests.advice.cases import cause, every, target, targets
from tests.report import causes
from tests.report.factory import view

WHERE = placed(Canvas(), None)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@given(targets, st.integers(40, 120), st.booleans())
def test_texts_in_a_terminal(of: Target, width: int, color: bool) -> None:
    """Whatever the width, a text's lines are its own, from the left edge, without colour; all else fits the width."""
    canvas = Canvas(width, color)
    for cure in every(of).values():
        shown = list(cure_lines(cure, canvas))
        for snippet in cure.snippets:
            lines = snippet.text.splitlines()
            assert any(shown[at : at + len(lines)] == lines for at in range(len(shown)))
        texts = {line for snippet in cure.snippets for line in snippet.text.splitlines()}
        assert all(len(_COLOUR.sub("", line)) <= width for line in shown if line not in texts)


@given(targets)
def test_texts_in_markdown(of: Target) -> None:
    """Each text is one fenced block of its language, exactly as it is."""
    cures = tuple(every(of).values())
    page = "\n\n".join(advice_blocks(Advice(of, cures), None, Canvas(), WHERE))
    fences = [(token.info, token.content) for token in MarkdownIt().parse(page) if token.type == "fence"]
    assert fences == [(snippet.language, snippet.text) for cure in cures for snippet in cure.snippets]


def test_the_title_comes_first() -> None:
    """Then what --for takes, in brackets."""
    assert next(iter(cure_lines(every(target())["go"], Canvas()))) == "Go: KeepAliveConfig of net.Dialer (go), application"


def test_advice_says_what_it_rests_on() -> None:
    """What died by itself, and how many fail by length, stand beside the advice in both forms."""
    crossing = causes.crossing(view())
    for text in (advice_lines(advise(crossing), crossing, Canvas(), WHERE), advice_blocks(advise(crossing), crossing, Canvas(), WHERE)):
        said = "\n".join(text)
        assert "died by itself" in said
        assert "failure rate" in said


def test_ascii() -> None:
    """In a terminal without Unicode everything is ASCII; the texts are so anyway."""
    lines = [*advice_lines(advise(cause()), cause(), Canvas(unicode=False), WHERE)]
    assert "\n".join(lines).isascii()


@pytest.mark.parametrize("shown", [None, frozenset(), frozenset(("go",))])
def test_what_is_shown(shown: frozenset[str] | None) -> None:
    """Cures whose texts are not asked for are named in a line; none is left out."""
    text = "\n".join(advice_lines(advise(cause()), cause(), Canvas(), WHERE, shown))
    for cure in advise(cause()).cures:
        assert cure.id in text
        full = shown is None or cure.id in shown
        assert all((snippet.text in f"{text}\n") is full for snippet in cure.snippets)


def test_the_name_of_a_cure() -> None:
    """A cure begins with its title, and its id stands in brackets after it."""
    first, *_ = cure_lines(every(target())["go"], Canvas())
    assert first == "Go: KeepAliveConfig of net.Dialer (go), application"


def test_brief() -> None:
    """In a list each cure stands with its title and place."""
    lines = " ".join(" ".join(brief_lines(every(target()).values(), Canvas())).split())
    for cure in every(target()).values():
        assert f"{cure.id} {cure.title} ({cure.place})" in lines
