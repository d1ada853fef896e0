"""Known idle timeouts as lists and entries: the same facts in every form, what is not confirmed marked in each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pcapdiag.knowledge.timeouts import Timeout, Verified, timeouts
from pcapdiag.report.canvas import Canvas
from pcapdiag.report.text import cell_len
from pcapdiag.report.timeouts import Listing, default, documents, entry, listing, told
from pcapdiag.report.timeouts_markdown import entry_markdown, list_markdown
from pcapdiag.report.timeouts_terminal import entry_lines, list_lines
from tests.report.factory import S

each = pytest.mark.parametrize("t", timeouts(), ids=lambda t: t.id)


def flat(text: str) -> str:
    """``text`` without line breaks."""
    return " ".join(text.split())


def shown(found: Listing, width: int = 80) -> str:
    """The list at a terminal."""
    return "\n".join(list_lines(found, Canvas(width)))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("found", [listing(), listing(350 * S), listing(None, "aws")], ids=["all", "near", "product"])
def test_lists_fit_the_terminal(found: Listing, width: int) -> None:
    """No line is wider, and none ends with blanks."""
    lines = shown(found, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert not any(line != line.rstrip() for line in lines)


@each
def test_an_entry_fits_the_terminal(t: Timeout) -> None:
    """In 80 columns nothing is cut, and nothing is too wide."""
    lines = list(entry_lines(t, Canvas(80)))
    assert max(map(cell_len, lines)) <= 80
    assert "…" not in "".join(lines)


@each
def test_every_form_of_an_entry_says_the_same(t: Timeout) -> None:
    """Terminal and Markdown hold each fact and each source; pasted together, the lines of the command are the command."""
    terminal = flat("\n".join(entry_lines(t, Canvas(80))))
    markdown = entry_markdown(t)
    for _, text in told(t):
        assert flat(text) in terminal
        assert text in markdown
    for source in t.sources:
        assert source.replace(" ", "") in terminal.replace(" ", "")
        assert source in markdown
    assert t.fix is None or (t.fix in terminal.replace(" \\ ", " ") and f"`{t.fix}`" in markdown)


@each
def test_what_is_not_confirmed_is_marked(t: Timeout) -> None:
    """In the list and in full: the default of an entry without a source, and whatever else is not confirmed."""
    nowhere = replace(t, verified=Verified.UNVERIFIED)
    assert default(nowhere).endswith("?")
    assert "no source" in shown(Listing(None, (nowhere,)))
    assert "(no source)" in list_markdown(Listing(None, (nowhere,)))
    facts = dict(told(t))
    for label, field in (
        ("at expiry", "at_expiry"),
        ("next packet", "next_packet"),
        ("probes", "refreshes"),
        ("setting", "setting"),
    ):
        if getattr(t, field) is not None:
            assert facts[label].endswith("?") == (not t.confirmed(field))


def test_the_list_holds_everything_once() -> None:
    """Each entry has its id, its name and its default, shortest first, those without a default last."""
    found = listing()
    text = flat(shown(found))
    assert {t.id for t in found.entries} == {t.id for t in timeouts()}
    lengths = [float("inf") if t.seconds is None else t.seconds for t in found.entries]
    assert lengths == sorted(lengths)
    for t in timeouts():
        assert f"{default(t)} {t.name} {t.id} ·" in text


@given(st.integers(1, 10**6 * S))
def test_near_and_settable_are_apart(wanted: int) -> None:
    """Nothing is near that is farther than a tenth, nothing is settable whose range does not hold it, nothing is both."""
    found = listing(wanted)
    assert all(t.seconds is not None and abs(t.seconds * S - wanted) <= 0.1001 * wanted for t in found.entries)
    assert all(t.range is not None and t.range[0] * S <= wanted <= t.range[1] * S for t in found.settable)
    assert not set(found.entries) & set(found.settable)


def test_products_are_chosen_by_words() -> None:
    """Every word must be there, in any order and case; where nothing is, that is said."""
    assert [t.id for t in listing(None, "balancer aws CLASSIC").entries] == ["aws-clb"]
    assert {t.vendor for t in listing(350 * S, "aws").entries} == {"AWS"}
    assert shown(listing(None, "zzz")) == "No known product is called so."
    assert shown(listing(7 * S, "zzz")).startswith("No known default is near 7 s.")


def test_data_for_programs() -> None:
    """Entries as they are; if those near a time are asked for, why each is among them."""
    told = json.loads(json.dumps(documents(listing(350 * S))))
    by_id = {row["id"]: row for row in told}
    assert (by_id["aws-nlb-tcp"]["near"], by_id["azure-nat-gateway"]["near"]) == ("default", "range")
    assert by_id["aws-nlb-tcp"]["range"] == [60, 6000]
    assert "near" not in documents(listing())[0]


def test_markdown_is_a_table() -> None:
    """Rows of six cells; every link leads to a heading of the page."""
    html = MarkdownIt("commonmark").enable("table").render(list_markdown(listing()))
    assert html.count("<tr>") == len(timeouts()) + 1
    assert html.count("<td>") == 6 * len(timeouts())
    for t in timeouts():
        assert f'<a href="#{t.id}">' in html
        assert f"<h2>{t.id}</h2>" in html


def test_an_entry_is_found_by_its_id() -> None:
    """However it is written; what is none is refused, and the nearest is named."""
    assert entry("AWS_NLB_TCP") == entry("aws-nlb-tcp")
    with pytest.raises(ValueError, match="there is no entry 'aws-nlb-tpc'; the nearest is aws-nlb-tcp"):
        entry("aws-nlb-tpc")
