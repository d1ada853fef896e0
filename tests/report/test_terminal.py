"""The report for people: its first line, its width, its colours, what it leaves out, what it makes harmless."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.engine.types import Fin
from pcapdiag.report.model import Report
from pcapdiag.report.terminal import Terminal
from pcapdiag.report.text import cell_len
from tests.report import samples
from tests.report.factory import finding, period

SGR = re.compile(r"\x1b\[[0-9;]*m")


def lines(report: Report, *, width: int = 80, color: bool = False, every: bool = False) -> list[str]:
    """The report, line by line."""
    out = StringIO()
    Terminal(width=width, color=color, every=every).render(report, out)
    return out.getvalue().split("\n")


@pytest.mark.parametrize(
    ("requests", "pushes", "first"),
    [
        (1, 0, "1 request on an idle connection was answered by RST, with no FIN before."),
        (3, 0, "3 requests on idle connections were answered by RST, with no FIN before."),
        (0, 1, "1 server push on an idle connection was answered by RST, with no FIN before."),
        (
            2,
            2,
            "2 requests and 2 server pushes on idle connections were answered by RST, with no FIN before.",
        ),
        (0, 0, "No request on an idle connection was answered by RST."),
    ],
)
def test_the_first_line_is_the_answer(requests: int, pushes: int, first: str) -> None:
    """The first line says how many requests and pushes were answered by RST, in good English."""
    found = [finding() for _ in range(requests)] + [finding(period(sender="server")) for _ in range(pushes)]
    assert lines(samples.report(findings=tuple(found)), width=120)[0] == first


def test_an_unseen_fin_is_not_excluded() -> None:
    """Where a FIN could have been missed, the headline says that none was seen, not that there was none."""
    unsure = finding(period(fin=Fin.UNSEEN))
    assert "with no FIN seen before" in lines(samples.report(findings=(finding(), unsure)))[0]


def test_not_proved_is_not_nothing() -> None:
    """A report that holds only findings not proved does not open with the all-clear."""
    report = samples.report(findings=(), unproved=(finding(proved=False),))
    assert lines(report, width=120)[0] == (
        "No request on an idle connection is proved to have been answered by RST; 1 may have been (not proved)."
    )


def test_nothing_read_is_not_nothing_found() -> None:
    """A capture without TCP gives no all-clear."""
    file = samples.report().files[0]
    none = replace(file, facts=replace(file.facts, segments=0, skipped={"UDP": 14_201}))
    assert lines(samples.report(findings=(), files=(none,)))[0] == ("No TCP segment was read, so nothing can be said.")


def test_an_empty_answer_says_what_was_looked_at() -> None:
    """With nothing found, connections, idle periods and the longest silence survived are given at once."""
    text = " ".join(lines(samples.empty())[1:3])
    assert "1,204 connections" in text
    assert "5,310 idle periods of at least 1 s" in text
    assert "349.980 s" in text


def test_a_selection_narrows_the_all_clear() -> None:
    """With a selection, nothing found is said of what was selected, and the counts of what was read."""
    only = replace(samples.empty(), options=replace(samples.empty().options, filters=("host 10.9.9.9",)))
    shown = lines(only)
    assert shown[0] == "No request on an idle connection among those selected was answered by RST."
    assert shown[1].startswith("Before the selection, looked at 1,204 connections")
    assert "only          host 10.9.9.9" in shown


def test_findings_of_other_rules_are_named_after_the_answer() -> None:
    """The headline counts reset-after-idle only; the second line names what other rules found."""
    other = replace(finding(), rule="IDLE102", name="silence-after-idle")
    shown = lines(samples.report(findings=(finding(), other, other)))
    assert shown[0].startswith("1 request ")
    assert shown[1] == "Also found: 2 IDLE102 silence-after-idle."


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("sample", [samples.report, samples.empty, samples.crowd, samples.everything])
def test_no_line_is_wider_than_the_terminal(sample: object, width: int, color: bool) -> None:
    """No line exceeds the width, with and without colour."""
    assert callable(sample)
    shown = lines(sample(), width=width, color=color, every=True)
    assert max(cell_len(SGR.sub("", line)) for line in shown) <= width


def test_colour_adds_only_colour() -> None:
    """Without its SGR sequences the coloured report is the plain one, every sequence is closed on its line."""
    coloured = lines(samples.everything(), color=True)
    assert [SGR.sub("", line) for line in coloured] == lines(samples.everything())
    for line in coloured:
        codes = SGR.findall(line)
        assert codes[1::2] == ["\x1b[0m"] * (len(codes) // 2)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_is_harmless(text: str, color: bool) -> None:
    """No captured character acts on the terminal: only printable text and our own colours come out, in width."""
    shown = lines(samples.hostile(text), color=color)
    for line in shown:
        bare = SGR.sub("", line) if color else line
        assert bare.isprintable()
        assert "\u202e" not in bare
        assert cell_len(bare) <= 80


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.integers(40, 140))
def test_any_text_is_harmless(text: str, width: int) -> None:
    """Whatever a label or a file name holds, lines are printable and within the width."""
    for line in lines(samples.hostile(text), width=width):
        assert line.isprintable()
        assert cell_len(line) <= width


def test_markup_is_shown_as_it_is() -> None:
    """Square brackets of a captured text are text, not markup of a terminal library."""
    label = "[bold red]GET[/bold red] /"
    assert any(label in line for line in lines(samples.report(findings=(finding(label=label),))))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_can_be_written(encoding: str) -> None:
    """A terminal that is not UTF-8 gets pure ASCII, and nothing fails to be encoded."""
    raw = BytesIO()
    out = TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
    Terminal(width=80).render(samples.hostile("/t\u00e4st/\u8868 \u00b5s"), out)
    out.flush()
    text = raw.getvalue().decode(encoding)
    assert text.isascii() == (encoding != "utf-8")
    assert max(cell_len(line) for line in text.split("\n")) <= 80


def test_very_many_findings_are_summarised() -> None:
    """Of more than 50 findings the first 3 and last 2 of each service are shown, and how many are not."""
    text = "\n".join(lines(samples.crowd(120, 3)))
    assert text.count("bare RST after") == 3 * 5
    assert text.count("… 35 more like these (--all lists them)") == 3
    assert "tcp.stream 119" in text


def test_all_lists_everything() -> None:
    """With everything asked for, each finding is there and nothing is announced as left out."""
    text = "\n".join(lines(samples.crowd(120, 3), every=True))
    assert text.count("bare RST after") == 120
    assert "--all" not in text


def test_very_many_services_are_summarised() -> None:
    """Of many services the first ten are shown, the others counted with their incidents."""
    text = "\n".join(lines(samples.crowd(120, 30)))
    assert text.count("longest silence survived") == 10
    assert "… 80 more incidents of 20 more services (--all lists them)" in text


def test_services_come_in_the_reports_order() -> None:
    """Findings stand under their service, in the order of the report: worst first."""
    report = samples.crowd(6, 3)
    report = replace(report, services=report.services[::-1])
    heads = [line.split(" ")[0] for line in lines(report) if "incidents in" in line]
    assert heads == ["10.0.2.1:443", "10.0.1.1:443", "10.0.0.1:443"]


def test_file_names_only_where_needed() -> None:
    """With one file its name is said once; with several, every finding says in which it is."""
    one, many = "\n".join(lines(samples.report())), "\n".join(lines(samples.everything()))
    assert one.count("podA.pcap") == 1
    assert many.count("file        ring_0000") == 6


def test_a_ring_of_many_files_is_summarised() -> None:
    """Of hundreds of files the first and last few are named, and how many are not."""
    file = samples.report().files[0]
    ring = tuple(replace(file, name=f"ring_{i:05d}.pcap") for i in range(300))
    shown = lines(samples.report(files=ring))
    assert sum("ring_" in line for line in shown if "file " not in line and "frame" not in line) == 8
    assert any("292 more files" in line for line in shown)


def test_streamed_findings_are_one_line_each() -> None:
    """A finding is one line when it is decided; heartbeats and farewells are only counted at the end."""
    report = samples.everything()
    out, terminal = StringIO(), Terminal()
    for f in (*report.findings, *report.heartbeats, *report.farewells):
        terminal.stream(f, out, report)
    streamed = out.getvalue().splitlines()
    assert len(streamed) == len(report.findings)
    assert "10.1.2.3:51234 -> 10.0.0.1:443 idle 350.104 s" in streamed[0]
    assert "frames 10, 14, 15 in tcp.stream 12" in streamed[0]
    terminal.finish(report, out)
    assert out.getvalue().splitlines()[len(streamed) :] == ["", *lines(report)[:-1]]


def test_standard_input_needs_no_name() -> None:
    """A streamed line names its file, but for standard input, which is the only one."""
    report = samples.report()
    unnamed = replace(report, files=(replace(report.files[0], name="standard input"),))
    for names, end in ((report, "tcp.stream 12 of podA.pcap\n"), (unnamed, "tcp.stream 12\n")):
        out = StringIO()
        Terminal().stream(report.findings[0], out, names)
        assert out.getvalue().endswith(end)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_streamed_lines_are_harmless(text: str) -> None:
    """A streamed line stays one printable line, whatever was captured."""
    out = StringIO()
    Terminal().stream(samples.hostile(text).findings[0], out, samples.hostile(text))
    assert out.getvalue()[:-1].isprintable()


def test_the_terminal_report_imports_no_guest() -> None:
    """Making a terminal report loads neither rich's console nor pandas, json or matplotlib."""
    code = (
        "import sys; from io import StringIO; from tests.report import samples\n"
        "from pcapdiag.report.terminal import Terminal\n"
        "Terminal(color=True).render(samples.everything(), StringIO())\n"
        "print(sorted({'rich.console', 'rich.text', 'pandas', 'numpy', 'json', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
