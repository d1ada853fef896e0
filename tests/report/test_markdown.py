"""The report for tickets: what it holds, how long it is, and that nothing captured becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

import pcapdiag
from pcapdiag.report.formats import renderer
from pcapdiag.report.markdown import MOST, Markdown
from pcapdiag.report.markdown_text import code, mermaid, prose
from pcapdiag.report.model import Report
from tests.end_to_end.shipped import CAPTURES, RESET
from tests.report import samples

#: What a tracker, Markdown, HTML or mermaid makes more of than text.
TRICKS = (
    *samples.HOSTILE, "@everyone", "a@b.example", "#17", "GH-17", "ABC-17", "org/repo#17", "!17", "~bug", "%milestone", ":smile:",
    "http://evil.example/", "www.evil.example", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "<img src=x>",
    "a | b | c", "\\| \\\\|", "`", "``", "```", "` ` `", "~~~", "*x* _x_ **x**", "- x", "> x", "# x", "1. x", "| --- |",
    "%%{init: {}}%%", "%% gone", "end", "x; C->>S: forged", "style x:#1;#2;", "classDef y:#0;", "#35;", "&lt;b&gt;", "$x$", "{color:red}",
)  # fmt: skip


def rendered(report: Report) -> str:
    """What is to be pasted."""
    out = StringIO()
    renderer("markdown").render(report, out)
    return out.getvalue()


def tokens(text: str) -> Iterator[Token]:
    """Everything that a reader of Markdown with tables sees in it."""
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


def test_the_answer_is_the_first_line() -> None:
    """The summary comes first, then a table with a row for each incident."""
    lines = rendered(samples.report()).splitlines()
    assert lines[0] == "**3 requests on idle connections were answered by RST, with no FIN before.**"
    assert sum(line.startswith("| 2023-11-14T") for line in lines) == 3


def test_a_ladder_in_two_forms() -> None:
    """An incident's packets stand there as a diagram and as text, the idle gap between them, and with the filter and the SHA-256."""
    report = pcapdiag.analyze(RESET).detailed().report
    text = rendered(report)
    diagram = text.partition("```mermaid\n")[2].partition("```")[0].splitlines()
    assert diagram[0] == "sequenceDiagram"
    assert "    C->>S: 17: SYN" in diagram
    assert diagram[-3:] == [
        "    Note over C,S: idle 6.001 s",
        "    C->>S: 97: PSH,ACK, 93 bytes (GET /api/orders/19 HTTP/1.1)",
        "    S-xC: 98: RST (bare RST after 69 µs)",
    ]
    twin = text.partition("```text\n")[2].partition("```")[0]
    assert re.search(r"\n +idle 6\.001 s\n +97 +6\.002047  C -> +PSH,ACK, 93 bytes +GET /api/orders/19 HTTP/1\.1\n +98 ", twin)
    assert "```text\nframe.number == 22 || frame.number == 97 || frame.number == 98\n```" in text
    assert f"SHA-256 of `{RESET}`: `{report.files[0].sha256}`" in text
    assert text.count("```mermaid") == 4
    assert "- handshake captured, from frame 17" in text


def test_without_excerpts_the_proof_alone() -> None:
    """A report that was not detailed shows the frames that prove it, in both forms."""
    text = rendered(samples.report())
    assert "    C->>S: 14: RST" not in text
    assert re.search(r"    C->>S: 14: PSH,ACK, 80 bytes \(GET /orders/17 HTTP/1\.1\)\n    S-xC: 15: RST \(bare RST after 20\.1 ms\)", text)
    assert re.search(r"\n +10 .*\n +idle 350\.104 s\n +14 ", text)


@pytest.mark.parametrize("incidents", [0, 1, 5, 120, 3_000])
def test_a_tracker_takes_it(incidents: int) -> None:
    """However much was found, the text stays below the limit and counts what it leaves out."""
    text = rendered(samples.crowd(incidents, 1 + incidents // 20))
    assert len(text) <= MOST < 65_536
    rows = sum(line.startswith("| 2023-11-1") for line in text.splitlines())
    left = re.search(r"… ([0-9,]+) more incidents? left out here", text)
    assert rows + (int(left[1].replace(",", "")) if left else 0) == incidents


def test_even_a_small_limit_has_the_answer() -> None:
    """Where almost nothing is taken, the answer and the counts are left."""
    out = StringIO()
    Markdown(most=1).render(samples.crowd(500, 40), out)
    assert out.getvalue().startswith("**500 requests on idle connections were answered by RST")
    assert len(out.getvalue()) < 5_000


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_captured_becomes_markup(trick: str) -> None:
    """Hostile text makes no HTML, link, picture, mention, reference or heading, and breaks no table, code block or diagram."""
    text = rendered(samples.hostile(trick))
    calm = [token.type for token in tokens(rendered(samples.hostile("harmless")))]
    found = list(tokens(text))
    assert not {"html_inline", "html_block", "link_open", "image", "em_open", "s_open"} & {token.type for token in found}
    assert [t for t in (token.type for token in found) if t not in ("text", "code_inline")] == [
        t for t in calm if t not in ("text", "code_inline")
    ]
    for token in found:
        if token.type == "text":
            assert not re.search(r"[@#~!$|`{]|://|www\.|:[a-z]+:|\b(?:GH|ABC)-17", token.content), token.content
        if token.type == "fence" and token.info == "mermaid":
            assert all(re.fullmatch(DIAGRAM, line) for line in token.content.splitlines()), token.content


#: Every line of a diagram: nothing in it but words and entities.
DIAGRAM = r"sequenceDiagram| {4}(?:participant [CS] as|Note over C,S:|[CS](?:->>|-x)[CS]:) (?:[A-Za-z0-9 .,:/_()=?µ·…-]|#\d+;)*"


@given(st.text(max_size=60))
def test_a_code_span_holds_its_text(said: str) -> None:
    """Whatever is put into a code span is one code span, also in a table, and says it with hostile characters made visible."""
    text = f"| {code(said)} | {prose(said)} |"
    found = list(tokens(f"| a | b |\n| --- | --- |\n{text}\n"))
    cells = [token for token in found if token.type == "td_open"]
    assert len(cells) == 2
    assert not {"html_inline", "link_open", "image", "em_open", "strong_open"} & {token.type for token in found}


@given(st.text(max_size=60))
def test_a_diagram_holds_its_text(said: str) -> None:
    """In a diagram only letters, digits, a little punctuation and entities are left."""
    assert re.fullmatch(r"(?:[A-Za-z0-9 .,:/_()=?µ·…-]|#\d+;)*", mermaid(said))


def test_words_stay_words() -> None:
    """Our own sentences are not littered with code spans; names in them are set apart."""
    assert prose("shortest that failed 6.001 s (frame 97); 4 of 4") == "shortest that failed 6.001 s (frame 97); 4 of 4"
    assert prose("in ring_00001.pcap, >= 3 s") == "in `ring_00001.pcap`, &gt;= 3 s"
    assert prose("10.1.0.1:80 -> [::1]:80.") == "10.1.0.1:80 -&gt; `[::1]:80`."
    assert prose("run (`ss -tno 'sport = :443'`), then") == "run (`ss -tno 'sport = :443'`), then"
    assert prose("a `b c d") == "a `` `b `` c d"


def test_every_shipped_capture_fits() -> None:
    """The reports of all shipped captures, with their packets, are Markdown that a tracker takes."""
    for path in sorted(CAPTURES.glob("*.pcap*")):
        text = rendered(pcapdiag.analyze(path).detailed().report)
        assert len(text) <= MOST
        assert not {"html_inline", "html_block", "link_open", "image"} & {token.type for token in tokens(text)}
