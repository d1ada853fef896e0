"""The report as a page: complete in itself, harmless whatever was captured, private by default."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pcapdiag
from pcapdiag.advice.catalogue import advise
from pcapdiag.report.formats import renderer
from pcapdiag.report.html import POLICY
from pcapdiag.report.markup import Markup, prose, tag, text
from pcapdiag.report.model import Report
from tests.end_to_end.shipped import CAPTURES, RESET
from tests.report import samples
from tests.report.plain import plain
from tests.report.test_markdown import TRICKS

#: Elements of a drawing; a page has one title besides.
DRAWN = ("line", "rect", "path", "text", "title", "desc")
VOID = ("meta", "br", "hr", "wbr")


def rendered(report: Report, **options: Any) -> str:
    """The page."""
    out = StringIO()
    renderer("html", **options).render(report, out)
    return out.getvalue()


class Elements(HTMLParser):
    """What a browser makes of a page: each start tag with its attributes, and whether all were closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        assert len({name for name, _ in attrs}) == len(attrs)
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only drawings have such."""
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It closes what was opened last."""
        assert self.open.pop() == tag

    @property
    def shape(self) -> list[tuple[str, list[str]]]:
        """The elements and the names of their attributes, but for what is in drawings: how much that is depends on texts' widths."""
        return [(tag, sorted(attributes)) for tag, attributes in self.found if tag not in DRAWN]


def test_the_answer_is_the_first_line() -> None:
    """The title and the first heading are the answer."""
    page = rendered(samples.report())
    answer = "3 requests on idle connections were answered by RST, with no FIN before."
    assert f"<title>{answer}</title>" in page
    assert re.search(rf"<main>\s*<h1[^>]*>{re.escape(answer)}</h1>", page)


@pytest.mark.parametrize("sample", [samples.report, samples.empty, samples.everything, samples.crowd])
def test_a_page_needs_nothing_else(sample: Any) -> None:
    """No script, no link out, no form, no frame, no picture: the page's own policy forbids all of it, and none is there."""
    page = Elements(rendered(sample()))
    names = {name for name, _ in page.found}
    assert not names & {"script", "link", "img", "iframe", "form", "object", "embed", "base", "input", "image", "use", "foreignobject"}
    for name, attributes in page.found:
        assert not [a for a in attributes if a.startswith("on") or a in ("src", "srcset", "style", "formaction", "xlink:href")]
        if "href" in attributes:
            assert name == "a"
            assert (attributes["href"] or "").startswith("#")
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [str(attributes["href"])[1:] for _, attributes in page.found if "href" in attributes]
    assert set(links) <= set(ids)
    policies = [a["content"] for name, a in page.found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY]
    assert POLICY.startswith("default-src 'none';")
    style = rendered(sample()).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("trick", [*TRICKS, "</title></style><script>alert(1)</script>", "\" onload=x '", "&#60;b&#62;", "]]>", "<!--"])
def test_nothing_captured_becomes_markup(trick: str) -> None:
    """Hostile text changes no element and no attribute's name, and nothing invisible or turned around is left in it."""
    page = rendered(samples.hostile(trick), payload=True)
    assert Elements(page).shape == Elements(rendered(samples.hostile("harmless"), payload=True)).shape
    assert all(c.isprintable() or c == "\n" for c in page)


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_element_holds_its_text(said: str, attribute: str) -> None:
    """Whatever is put into an element or an attribute is nothing but text there."""
    page = Elements(tag("p", said, tag("b", said), title=attribute))
    assert page.shape == [("p", ["title"]), ("b", [])]


def test_what_stands_between_backticks_is_code() -> None:
    """Our own words mark code as in Markdown; a single backtick stands for itself, and nothing in code acts."""
    assert prose("On it `ss -tno` shows `<b>`.") == "On it <code>ss -tno</code> shows <code>&lt;b&gt;</code>."
    assert prose("one ` alone") == "one ` alone"
    report = samples.report()
    said = re.findall(r"<dd>.*?</dd>", rendered(replace(report, advice=(advise(report.causes[0]),))))
    assert any("<code>ss -tno dst " in one for one in said)
    assert not any("`" in one for one in said)


def test_markup_is_not_escaped_twice() -> None:
    """What is markup already stays as it is; plain text in its place does not."""
    assert tag("p", Markup("<i>x</i>")) == "<p><i>x</i></p>"
    assert tag("p", "<i>x</i>") == "<p>&lt;i&gt;x&lt;/i&gt;</p>"
    assert text("\x1b[2J\u202e") == "\\x1b[2J\\u202e"


def test_each_incident_opens_to_its_packets() -> None:
    """Each incident is a line that opens; the first one is open, as is the first short cure. Its ladder has the handshake, the gap, the request and the RST."""
    report = pcapdiag.analyze(RESET).detailed().report
    page = rendered(report)
    assert page.count("<details open>") == 2
    assert page.count('<details open><summary><span class="title">') == 1
    assert page.count('class="ladder"') == 2 * len(report.incidents)  # and the next connection
    shown = plain("html", page)
    assert "frame 17 0.000000 client to server: SYN seq 0" in shown
    assert "idle 6.001 s frame 97 6.002047 client to server: PSH,ACK, 93 bytes seq 94, ack 121 GET /api/orders/19 HTTP/1.1" in shown
    assert "frame 98 6.002116 server to client: RST seq 121 bare RST after 69 µs" in shown
    assert "handshake captured, from frame 17" in shown
    assert "TTL 64 against 63 of that side's last segment: 1 hop nearer (points to something nearer than the endpoint)" in shown
    assert f"SHA-256 {report.files[0].sha256}" in shown


def test_payload_is_private() -> None:
    """Bytes of what was sent, beyond the line that names it, are shown only when they are asked for: in hexadecimal and as text."""
    report = pcapdiag.analyze(RESET).detailed().report
    assert "47 45 54" not in rendered(report)
    assert "First bytes" not in rendered(report)
    page = plain("html", rendered(report, payload=True))
    assert "0000 47 45 54 20 2f 61 70 69 2f 6f 72 64 65 72 73 2f GET /api/orders/" in page
    assert "First bytes of what was sent" in page


def test_very_many_are_summarised() -> None:
    """Of very many incidents the first and last few of each rule of a service are shown, and how many more; `--all` shows all."""
    report = samples.crowd(1_200, 3)
    page = rendered(report)
    assert page.count("<details") < 100
    assert page.count("387 more like these (--all lists them)") == 3
    assert rendered(report, every=True).count("more like these") == 0
    assert rendered(report, every=True).count('class="copy"') == 1_200


def test_every_shipped_capture_is_a_page() -> None:
    """The pages of all shipped captures, with their packets, are well formed."""
    for path in sorted(CAPTURES.glob("*.pcap*")):
        Elements(rendered(pcapdiag.analyze(path).detailed().report, payload=True))
