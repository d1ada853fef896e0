"""The report for people: its first line, its width, its colours, what it leaves out, what it makes harmless."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcapdiag.engine.types import Endpoint, Fin
from pcapdiag.report.model import Point, Report
from pcapdiag.report.terminal import Terminal
from pcapdiag.report.text import cell_len
from pcapdiag.rules.types import Confidence, Finding
from tests.report import kinds, samples
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
        (0, 0, "Nothing was seen to be lost on an idle connection."),
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
    """A report that holds only findings not proved does not open with the all-clear, unless they are no failures."""
    report = samples.report(findings=(), unproved=(finding(proved=False),))
    assert lines(report, width=120)[0] == (
        "Nothing is proved to have been lost on an idle connection; 1 may have been (not proved)."
    )
    only_context = samples.report(findings=(), unproved=(replace(kinds.refused(), proved=False),))
    assert lines(only_context)[0] == "Nothing was seen to be lost on an idle connection."


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


def test_a_heartbeat_is_not_nothing() -> None:
    """Heartbeats are counted apart, but where they were lost the all-clear says so."""
    beats = samples.everything().heartbeats
    assert lines(samples.report(findings=(), heartbeats=beats), width=120)[0] == (
        "1 heartbeat on an idle connection was lost, and nothing else was seen to be."
    )
    assert lines(samples.report(findings=(), heartbeats=beats, unproved=(finding(proved=False),)), width=150)[0] == (
        "1 heartbeat on an idle connection was lost, and nothing else was seen to be; 1 may have been (not proved)."
    )


def test_a_selection_narrows_the_all_clear() -> None:
    """With a selection, nothing found is said of what was selected, and the counts of what was read."""
    options = samples.empty().options
    shown = lines(replace(samples.empty(), options=replace(options, filters=("host 10.9.9.9",))))
    assert shown[0] == "Nothing was seen to be lost on an idle connection among those selected."
    assert shown[1].startswith("Before the selection, looked at 1,204 connections")
    assert "only          host 10.9.9.9" in shown
    shown = lines(replace(samples.empty(), options=replace(options, select=("IDLE103", "CTX"), ignore=("CTX202",))))
    assert shown[0] == "By the rules selected, nothing was seen to be lost on an idle connection."
    assert "rules         only IDLE103, CTX; without CTX202" in shown


def test_the_worst_rule_is_the_headline() -> None:
    """The first line is the worst rule's, by severity and then by number; the others follow with theirs."""
    found = (kinds.probe_reset(), kinds.probe_reset(), kinds.after_fin(), kinds.unanswered(), kinds.unanswered())
    shown = lines(samples.report(findings=found))
    assert shown[:4] == [
        "2 requests on idle connections got no answer (IDLE102).",
        "Also found:",
        "  1 request after the peer's FIN was answered by RST (IDLE103)",
        "  2 keepalive probes were answered by RST (IDLE105)",
    ]
    assert lines(samples.report(findings=found[1:3]))[1] == "Also found: 1 keepalive probe was answered by RST (IDLE105)."


def test_what_is_no_failure_is_apart() -> None:
    """What is easily mistaken for the failure is in no headline and no service's incidents; it is listed briefly."""
    found = (*map(kinds.refused, range(5)), kinds.without_idle())
    totals = replace(samples.report().points[0].totals, refused=1_204, resets_without_idle=1)
    shown = lines(samples.report(findings=found, points=(Point((0,), totals),)))
    assert shown[0] == "Nothing was seen to be lost on an idle connection."
    at = shown.index("Not this failure: 5 SYNs were refused (CTX202), and 1,199 more of which nothing")
    assert shown[at + 1].strip() == "was kept."
    assert sum("52000" in line or "52001" in line or "52002" in line for line in shown) == 3
    assert "  … 2 more (--all lists them)" in shown
    assert "Not this failure: 1 RST came to payload with no idle time before (CTX201)." in shown
    unsure = (replace(kinds.refused(9), proved=False),)
    shown = lines(samples.report(findings=found[:1], unproved=unsure))
    assert "Not this failure: 1 SYN was refused (CTX202), 1 more not proved." in shown


def test_an_event_is_said_once_at_the_top() -> None:
    """Failures that came together are said once, before the services, with when, how many, after what and where."""
    report = samples.everything()
    shown = lines(report, width=120)
    (at,) = (i for i, line in enumerate(shown) if line.startswith("Event 2023-11-14T22:13:50.123Z"))
    assert "4 failures within 2 s, after silences from 31 s to 900 s" in shown[at]
    assert at < min(i for i, line in enumerate(shown) if "incidents in" in line)


def test_the_sums_close_in_one_line() -> None:
    """Idle periods are said with all that became of them; where legs were recorded twice, incidents beside them."""
    text = " ".join(" ".join(lines(samples.everything(), width=120)).split())
    assert "5,328 of at least 1 s = 5,300 survived + 9 IDLE101 + 2 IDLE102" in text
    assert "+ 7 closed + 3 undecided; 9 still idle at the end" in text
    assert "incidents 1 of IDLE101 seen as 2 idle periods" in text


def test_harmless_is_listed_when_asked_for() -> None:
    """What harms nobody is counted in one sentence, with where to see it; listed only if that was asked for."""
    report = samples.everything()
    shown = lines(report)
    assert any(line.endswith("farewell-reset, certain (harmless)") for line in shown)
    hidden = " ".join(" ".join(lines(replace(report, options=replace(report.options, show_harmless=False)))).split())
    assert "farewell-reset" not in hidden
    assert "1 idle connection reset by the client itself (IDLE104)" in hidden
    assert "(--show-harmless lists them)" in hidden


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (kinds.after_fin, "    frame 215   server's FIN, 5 ms after the request, not acknowledged by it:"),
        (kinds.after_fin, "    RST from    something nearer than the endpoint (TTL: 64 against 61 of that"),
        (kinds.unanswered, "    after       nothing came back in 15 s"),
        (lambda: kinds.unanswered(cut_short=True), "    after       nothing came back until the capture ended"),
        (lambda: kinds.unanswered(cut_short=True), "    CAP905      the capture ended 3 s after the last transmission: an answer may"),
        (kinds.in_silence, "    frame 260   RST,ACK in the server's name"),
        (kinds.in_silence, "    IDLE104     reset-in-silence, certain (loss)"),
        (kinds.probe_reset, "    frame 281   client sent a keepalive probe"),
        (kinds.probe_reset, "    compared    a silence of 420 s survived on the same service (frame 1204),"),
        (kinds.probes_unanswered, "    frame 291   client sent 9 keepalive probes"),
        (kinds.went_on, "    frame 303   server went on as if it had sent no RST"),
    ],
)  # fmt: skip
def test_each_kind_has_its_ladder(kind: Callable[[], Finding], row: str) -> None:
    """A finding is the ladder of its frames, its rule, who sent the RST, and all that stands against it."""
    assert row in lines(samples.report(findings=(kind(),)))


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
    assert text.count("longest that survived") == 10
    assert "… 80 more incidents of 20 more services (--all lists them)" in text


def test_cause_and_cure_stand_before_the_incidents_in_a_few_lines() -> None:
    """At 80 columns the block of a usual service, from the timeout to the cure, takes at most twelve lines; then a text to paste,
    and where the others are."""
    shown = lines(samples.report())
    assert shown[1] == "A keepalive of 90 s would have kept 3 of 3 alive."
    block = shown[shown.index("", 2) + 2 :]
    paste = next(i for i, line in enumerate(block) if line.startswith("  to paste"))
    assert paste <= 12
    end = block.index("  pcapdiag advise FILE prints all 2 ways")
    assert [line.lstrip() for line in block[paste + 1 : end]] == [
        "d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{",
        "Enable: true, Idle: 90 * time.Second,",
        "}}",
        "# for 10.0.0.1",
    ]
    assert block[end + 2].startswith("  2023-11-14T22:13:20.123Z")


def test_a_text_to_paste_is_whole_or_not_there() -> None:
    """A text that is wider than the terminal is not cut but left out, and never broken; every service after the first has its
    cure, but no text."""
    wide, narrow = "\n".join(lines(samples.report(), width=60)), "\n".join(lines(samples.report(), width=50))
    assert "    d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{\n" in wide
    assert "net.Dialer{" not in narrow
    assert "pcapdiag advise FILE prints all 2 ways" in narrow
    text = "\n".join(lines(samples.everything()))
    assert text.count("  to paste ") == 1
    assert text.count("  cure  ") == 2
    every = "\n".join(lines(samples.everything(), every=True))
    assert every.count("  to paste ") == 2
    assert "  go-idle                 Go: http.Transport" in every


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
    assert many.count("file        ring_0000") == 5 + 7 + 1 + 4


def test_a_ring_of_many_files_is_summarised() -> None:
    """Of hundreds of files the first and last few are named, and how many are not."""
    file = samples.report().files[0]
    ring = tuple(replace(file, name=f"ring_{i:05d}.pcap") for i in range(300))
    shown = lines(samples.report(files=ring))
    assert sum("ring_" in line for line in shown if "file " not in line and "frame" not in line) == 8
    assert any("292 more files" in line for line in shown)


def test_streamed_findings_are_one_line_each() -> None:
    """A finding is one line when it is decided; what harms nobody, heartbeats and context are only counted at the end."""
    report = samples.everything()
    out, terminal = StringIO(), Terminal()
    for f in (*report.findings, *report.heartbeats, *report.harmless):
        terminal.stream(f, out, report)
    streamed = out.getvalue().splitlines()
    assert len(streamed) == len(report.incidents) < len(report.findings)
    assert "10.1.2.3:51234 -> 10.0.0.1:443 idle 350.104 s" in streamed[0]
    assert "frames 10, 14, 15 in tcp.stream 12" in streamed[0]
    (ended,) = (line for line in streamed if "IDLE104" in line)
    assert "idle 900.000 s, server sent RST,ACK; certain (IDLE104); frames 250, 260" in ended
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


def test_a_goodbye_that_may_have_been_a_request_is_no_all_clear() -> None:
    """What is a goodbye by its FIN alone may be something lost: the first lines say so, whatever else was found."""
    sure = kinds.farewell("QUIT")
    unsure = replace(sure, sent=replace(sure.sent, farewell=Confidence.POSSIBLE))
    assert lines(samples.report(findings=(), harmless=(unsure, unsure)), width=120)[0] == (
        "Nothing is proved to have been lost on an idle connection; 2 goodbyes may have been requests."
    )
    assert lines(samples.report(findings=(), harmless=(sure,)))[0] == "Nothing was seen to be lost on an idle connection."
    found = lines(samples.report(findings=(finding(),), harmless=(unsure,), unproved=(finding(proved=False),)), width=120)
    assert found[1:4] == ["Also found:", "  1 more may have been lost (not proved)", "  1 goodbye may have been a request"]


def test_pushes_are_called_so_by_every_rule() -> None:
    """What was sent stands in each rule's headline by its kind and with its number."""
    one, push = kinds.unanswered(), replace(kinds.unanswered(), period=replace(kinds.unanswered().period, sender="server"))
    assert lines(samples.report(findings=(push,)))[0] == "1 server push on an idle connection got no answer (IDLE102)."
    assert lines(samples.report(findings=(one, push, one)))[0] == (
        "2 requests and 1 server push on idle connections got no answer (IDLE102)."
    )


def test_what_was_lost_in_silence_comes_first() -> None:
    """Of failures those of the path come before those that an endpoint made, however many: in the headline and in services."""
    elsewhere = replace(finding().period.connection, server=Endpoint("10.9.9.9", 443))
    lost = replace(finding(), period=replace(finding().period, connection=elsewhere))
    shown = lines(samples.report(findings=(kinds.after_fin(), kinds.after_fin(), lost), services=()), width=120)
    assert shown[:2] == [
        "1 request on an idle connection was answered by RST, with no FIN before.",
        "Also found: 2 requests after the peer's FIN were answered by RST (IDLE103).",
    ]
    heads = [line for line in shown if line in ("10.9.9.9:443", str(kinds.after_fin().period.connection.server))]
    assert heads == ["10.9.9.9:443", str(kinds.after_fin().period.connection.server)]
