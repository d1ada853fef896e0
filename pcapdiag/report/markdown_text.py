"""Text made harmless for Markdown as trackers read it, and for mermaid inside it.

GitHub, GitLab and Jira make more of plain text than CommonMark does: @names call people, #17 and ABC-17 become references,
www. a link, :smile: a picture, and a backslash before them helps nobody, because they look at the text after it was rendered.
What stands in a code span or a code block is left alone by all of them. So every word that is not plainly a word is a code span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pcapdiag.report.text import clean, cut

#: Longer captured text is cut: a tracker takes a bounded number of characters.
LONGEST = 160
#: A word that no tracker makes anything of: letters, a rule's code, a number, a sign.
_PLAIN = re.compile(r"[A-Za-zµ][A-Za-z'-]*|(?:IDLE|CTX|CAP)\d{3}|[0-9][0-9.,:]*|[<>=]=?|->|[%+·…-]|")
_WORDS = re.compile(r"\(*`[^`]+`[.,;:)]*(?!\S)|\S+")
_WORD = re.compile(r"(?P<before>\(*)(?P<word>.*?)(?P<after>[.,;:)]*)")
_BACKTICKS = re.compile(r"`+")
#: What mermaid may take for its own: all but these, and two words that it takes for statements if an entity follows.
_MERMAID = re.compile(r"[^A-Za-z0-9 .,:/_()=?µ·…-]|(?i:s(?=tyle)|c(?=lassdef))")


def code(text: str, most: int = LONGEST) -> str:
    """``text`` as a code span, on one line, also within a table."""
    # GFM cuts a table's row at every bar, before it looks for code spans; a backslash before it may itself be escaped.
    text = cut(clean(text), most).replace("|", "\\x7c")
    if not text.strip():
        return "` `"
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str, most: int = 1_000) -> str:
    """Our own words, with names that others chose among them. What stands between backticks is one piece of code."""
    return " ".join(map(_word, _WORDS.findall(cut(clean(text), most))))


def mermaid(text: str, most: int = LONGEST) -> str:
    """``text`` in a mermaid diagram: what could end a statement, begin a comment, a directive or markup, as an entity."""
    return _MERMAID.sub(lambda match: f"#{ord(match[0])};", cut(clean(text), most))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def block(lines: Iterable[str], kind: str = "text") -> str:
    """A code block. Its lines are clean, and none of them begins with a backtick: they begin with words of our own."""
    return "\n".join([f"```{kind}", *lines, "```"])


def fence(text: str, kind: str) -> str:
    """Any text as a code block, line by line as it is: longer than every run of backticks in it."""
    lines = ["\t".join(map(clean, line.split("\t"))) for line in text.splitlines()]
    marks = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return "\n".join([f"{marks}{kind}", *lines, marks])


def _word(text: str) -> str:
    match = _WORD.fullmatch(text)
    if match is not None and len(match["word"]) > 2 and match["word"][0] == "`" == match["word"][-1]:
        return match["before"] + code(match["word"].strip("`")) + match["after"]
    if match is None or _PLAIN.fullmatch(match["word"]):
        return text.replace("<", "&lt;").replace(">", "&gt;")
    return match["before"] + code(match["word"]) + match["after"]
