"""``pcapdiag analyze``: what it passes on, what it prints, where, in which colours, with which exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
from io import StringIO
from pathlib import Path

import pytest

from pcapdiag.cli.main import main
from pcapdiag.report.model import Report
from tests.cli.conftest import Library
from tests.report import kinds, samples
from tests.report.factory import capture_file

Captured = pytest.CaptureFixture[str]


class Tty(StringIO):
    """A terminal of unknown width."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.usefixtures("library")
def test_the_answer_is_the_first_line(capsys: Captured) -> None:
    """The report goes to stdout, answer first, nothing goes to stderr, and the exit code is 0."""
    assert main(["analyze", "a.pcap"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("3 requests on idle connections were answered by RST")
    assert captured.err == ""


def test_defaults(library: Library) -> None:
    """Without options, everything after 1 s of idleness is looked at, and nothing is streamed."""
    main(["analyze", "a.pcap", "b.pcap"])
    assert library.calls == [
        {
            "paths": ("a.pcap", "b.pcap"),
            "min_idle": "1s",
            "max_connections": 1_000_000,
            "service": (),
            "host": (),
            "select": (),
            "ignore": (),
            "show_harmless": False,
            "on_finding": None,
            "progress": None,
        }
    ]


def test_options_reach_the_library(library: Library) -> None:
    """Durations are passed as written, services, hosts and codes in canonical form."""
    places = ["--service", "10.0.0.1:443", "--service", "[2001:DB8:0::1]:8443"]
    places += ["--host", "10.1.2.3/16", "--host", "2001:db8::1"]
    rules = ["--select", "idle1, CTX201", "--select", "CAP", "--ignore", "IDLE106", "--show-harmless"]
    main(["analyze", "a.pcap", "--min-idle", "1m30s", "--max-connections", "5", *places, *rules])
    call = library.calls[0]
    assert (call["min_idle"], call["max_connections"]) == ("1m30s", 5)
    assert call["service"] == ("10.0.0.1:443", "[2001:db8::1]:8443")
    assert call["host"] == ("10.1.0.0/16", "2001:db8::1")
    assert call["select"] == ("IDLE1,CTX201", "CAP")
    assert call["ignore"] == ("IDLE106",)
    assert call["show_harmless"] is True


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [
        ("--min-idle", "soon", "500ms"),
        ("--min-idle", "0s", "longer than 0"),
        ("--service", "10.0.0.1", "10.0.0.1:443"),
        ("--service", "::1:443", "[2001:db8::1]:443"),
        ("--service", "[10.0.0.1]:443", "10.0.0.1:443"),
        ("--service", "10.0.0.1:0", "10.0.0.1:443"),
        ("--service", "10.0.0.1:65536", "10.0.0.1:443"),
        ("--service", "example.org:443", "10.0.0.1:443"),
        ("--service", "[fe80::1%eth0]:443", "10.0.0.1:443"),
        ("--host", "10.1.2", "10.1.0.0/16"),
        ("--host", "10.1.2.3/33", "10.1.0.0/16"),
        ("--host", "fe80::1%eth0", "10.1.0.0/16"),
        ("--select", "IDLE2", "IDLE101, IDLE102"),
        ("--ignore", "IDLE101,", "IDLE101, IDLE102"),
        ("--ignore", "reset-after-idle", "IDLE101, IDLE102"),
        ("--max-connections", "0", "1<=x"),
        ("--format", "xml", "json"),
        ("--color", "pink", "always"),
    ],
)
def test_bad_values_say_what_good_ones_look_like(
    option: str, value: str, advice: str, library: Library, capsys: Captured
) -> None:
    """A value that cannot be used is refused before any work, with an example of one that can."""
    assert main(["analyze", "a.pcap", option, value]) == 2
    assert option in (error := capsys.readouterr().err)
    assert advice in error
    assert library.calls == []


@pytest.mark.parametrize(
    ("report", "flags", "code"),
    [
        (samples.report(), [], 0),
        (samples.report(), ["--fail-on-findings"], 1),
        (samples.empty(), [], 0),
        (samples.empty(), ["--fail-on-findings"], 0),
        (samples.report(findings=(kinds.refused(), kinds.without_idle())), ["--fail-on-findings"], 0),
        (samples.report(files=samples.everything().files[:2]), [], 3),
        (samples.report(files=samples.everything().files[:2]), ["--fail-on-findings"], 1),
        (samples.everything(), [], 2),
        (samples.everything(), ["--fail-on-findings"], 2),
        (samples.report(files=(capture_file(error="unexpected end of gzip data"),)), [], 3),
    ],
)
def test_exit_codes(report: Report, flags: list[str], code: int, library: Library, capsys: Captured) -> None:
    """0 done, 1 lost if asked (what is no such failure does not count), 2 something unreadable, 3 damaged: in order 2, 1, 3; the report is always there."""
    library.report = report
    assert main(["analyze", "a.pcap", *flags]) == code
    assert "on idle connection" in capsys.readouterr().out.replace("an idle", "idle")


def test_damage_is_named_on_stderr(library: Library, capsys: Captured) -> None:
    """Damaged and unreadable files are named on stderr, captures with byte and frame, besides standing in the report."""
    library.report = samples.everything()
    main(["analyze", "a.pcap", "-o", "/dev/null"])
    assert capsys.readouterr().err.splitlines() == [
        "pcapdiag: gateway.log: cut",
        "pcapdiag: gone.log: no such file or directory",
        "pcapdiag: ring_00002.pcapng.gz: damaged at byte 24576, after frame 311: "
        "record length 2147483648 goes beyond the file",
        "pcapdiag: notes.txt: not a capture file",
    ]


@pytest.mark.parametrize(
    ("args", "name", "json_lines"),
    [
        (["--format", "json"], "out", 1),
        (["--format", "json"], "out.txt", 1),
        ([], "out.json", 1),
        ([], "out.jsonl", 6),
        ([], "out.txt", 0),
        ([], "out", 0),
    ],
)
@pytest.mark.usefixtures("library")
def test_the_format_is_asked_for_or_follows_the_name(
    args: list[str], name: str, json_lines: int, tmp_path: Path
) -> None:
    """--format decides; without it the ending of the output does; else it is the report for people."""
    assert main(["analyze", "a.pcap", "-o", str(tmp_path / name), *args]) == 0
    text = (tmp_path / name).read_text("utf-8")
    if json_lines == 1:
        assert json.loads(text)["schema_version"] == 2
    elif json_lines:
        assert [json.loads(line)["type"] for line in text.splitlines()] == ["finding"] * 3 + ["cause", "advice", "summary"]
    else:
        assert text.startswith("3 requests")


def test_outputs_are_checked_before_the_work(library: Library, tmp_path: Path, capsys: Captured) -> None:
    """An output that exists, or is one of the inputs, is refused at once, not after an hour of reading."""
    path = tmp_path / "a.pcap"
    path.write_text("capture")
    assert main(["analyze", "b.pcap", "-o", str(path)]) == 2
    assert main(["analyze", str(path), "-o", str(path), "--force"]) == 2
    assert library.calls == []
    assert path.read_text() == "capture"
    assert capsys.readouterr().err.count("pcapdiag: ") == 2


@pytest.mark.usefixtures("library")
def test_force_overwrites(tmp_path: Path) -> None:
    """--force replaces an existing output."""
    path = tmp_path / "r.json"
    path.write_text("old")
    assert main(["analyze", "b.pcap", "-o", str(path), "--force"]) == 0
    assert json.loads(path.read_text())["schema_version"] == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.usefixtures("library")
def test_a_full_disk_is_plain_trouble(capsys: Captured) -> None:
    """When the output cannot be written, one line says why and the exit code is 2."""
    assert main(["analyze", "a.pcap", "-o", "/dev/full"]) == 2
    assert capsys.readouterr().err == "pcapdiag: /dev/full: no space left on device\n"


@pytest.mark.parametrize(
    ("color", "tty", "environment", "coloured"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {}, True),
        ("always", True, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
@pytest.mark.usefixtures("library")
def test_colour_only_where_it_is_wanted(
    color: str,
    tty: bool,
    environment: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Colour goes to terminals only, not against NO_COLOR or a dumb terminal; always and never overrule both."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = Tty() if tty else StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    main(["analyze", "a.pcap", "--color", color])
    assert ("\x1b[" in out.getvalue()) == coloured


@pytest.mark.parametrize(("columns", "widest"), [("", 80), ("60", 60), ("100", 100), ("500", 120), ("x", 80)])
def test_width_follows_columns(columns: str, widest: int, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS sets the width, up to what can be read with ease; a pipe has 80."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", out := StringIO())
    library.report = samples.hostile("x" * 5000)
    main(["analyze", "a.pcap"])
    assert max(map(len, out.getvalue().splitlines())) == widest


def test_all_lists_everything(library: Library, capsys: Captured) -> None:
    """--all leaves nothing out."""
    library.report = samples.crowd(120, 3)
    main(["analyze", "a.pcap", "--all"])
    assert capsys.readouterr().out.count("bare RST after") == 120


@pytest.mark.usefixtures("library")
def test_standard_input_is_streamed(capsys: Captured) -> None:
    """From standard input each finding is printed when it is decided, the whole report at the end."""
    assert main(["analyze", "-"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert all(" idle " in line and "frames " in line for line in shown[:3])
    assert shown[3:5] == ["", "3 requests on idle connections were answered by RST, with no FIN before."]


@pytest.mark.usefixtures("library")
def test_standard_input_is_streamed_as_json_lines(capsys: Captured) -> None:
    """As JSON lines too: one finding a line, once, then what lies behind them, its cures, and the summary."""
    assert main(["analyze", "-", "--format", "jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["finding"] * 3 + ["cause", "advice", "summary"]


@pytest.mark.parametrize("args", [["--format", "json"], ["-o", "/dev/null"]])
def test_what_cannot_be_streamed_is_not(args: list[str], library: Library) -> None:
    """One JSON document, or a report that goes to a file, is written at the end."""
    assert main(["analyze", "-", *args]) == 0
    assert library.calls[0]["on_finding"] is None


def test_the_first_interrupt_of_a_live_capture_ends_the_input(library: Library, capsys: Captured) -> None:
    """Ctrl-C on a pipe from tcpdump lets the rest be read, and the report is printed."""
    library.during = lambda _: signal.raise_signal(signal.SIGINT)
    assert main(["analyze", "-"]) == 0
    captured = capsys.readouterr()
    assert "once more stops at once" in captured.err
    assert "3 requests" in captured.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_stops_at_once(library: Library, capsys: Captured) -> None:
    """Ctrl-C twice gives up."""

    def twice(_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    library.during = twice
    assert main(["analyze", "-"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "pcapdiag: interrupted"


def test_an_interrupt_while_files_are_read_stops(library: Library, capsys: Captured) -> None:
    """Ctrl-C while files are read stops at once, with one line and exit code 130."""
    library.during = lambda _: signal.raise_signal(signal.SIGINT)
    assert main(["analyze", "a.pcap"]) == 130
    assert capsys.readouterr().out == ""
